internal import Lifecycle
internal import Market

/// How many streams each account has open.
final class StreamCensus: Sendable {
  private let limit: Int
  private let counts = Lock<[AccountNumber: Int]>([:])

  init(limit: Int) { self.limit = limit }

  /// Counts one more.
  /// - Returns: false, and nothing is counted, when the account has as many as it may have.
  func enter(_ account: AccountNumber) -> Bool {
    counts.withLock { counts in
      guard counts[account, default: 0] < limit else { return false }
      counts[account, default: 0] += 1
      return true
    }
  }

  /// Counts one less.
  func leave(_ account: AccountNumber) {
    counts.withLock { counts in
      let left = (counts[account] ?? 1) - 1
      counts[account] = left > 0 ? left : nil
    }
  }
}
