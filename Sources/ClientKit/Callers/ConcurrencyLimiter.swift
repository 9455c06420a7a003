internal import Lifecycle

/// How much of something each of many has at one time: nobody takes more than his share of it.
package final class ConcurrencyLimiter<Holder: Hashable & Sendable>: Sendable {
  private let limit: Int
  private let counts = Lock<[Holder: Int]>([:])

  /// - Parameter limit: What each may have; 0 for any number.
  package init(limit: Int) { self.limit = limit }

  /// Counts one more.
  /// - Returns: false, and nothing is counted, when the holder has as many as it may have.
  package func enter(_ holder: Holder) -> Bool {
    counts.withLock { counts in
      let count = counts[holder, default: 0]
      guard limit == 0 || count < limit else { return false }
      counts[holder] = count + 1
      return true
    }
  }

  /// Counts one less.
  package func leave(_ holder: Holder) {
    counts.withLock { counts in
      let left = (counts[holder] ?? 1) - 1
      counts[holder] = left > 0 ? left : nil
    }
  }
}
