internal import Lifecycle
internal import Market

/// What the clients of one account may cost on the data stream: a token bucket of messages, of their bytes, and of the
/// symbols that they and their answers name.
///
/// A message costs one token, one more for every ``bytesPerToken`` bytes before it is read, and one for every
/// ``symbolsPerToken`` symbols: changing a large subscription again and again, and having it listed each time, is work that
/// would be done for nobody. The bucket is the account's: a new connection does not fill it.
struct MessageBudget {
  /// Tokens that are there at once.
  static let burst: Int64 = 400
  /// Tokens that come back a second.
  static let perSecond: Int64 = 20
  /// Symbols that cost as much as a message.
  static let symbolsPerToken = 100
  /// Bytes that cost as much as a message.
  static let bytesPerToken = 1_024

  private static let interval: Int64 = 1_000_000_000 / perSecond
  /// When the bucket would be full if nothing more came, in monotonic nanoseconds.
  private var fullAt: Int64 = 0

  /// Whether it is as if nothing had come.
  func isFull(now: Int64) -> Bool { fullAt <= now }

  /// Takes what the reading of a message costs; as ``take(symbols:now:)``.
  mutating func take(bytes: Int, now: Int64) -> Bool {
    take(1 + Int64(max(0, min(bytes, 1 << 24)) / Self.bytesPerToken), now)
  }

  /// Takes what its symbols cost.
  /// - Parameters:
  ///   - symbols: How many symbols it names, and its answer lists.
  ///   - now: Monotonic nanoseconds.
  /// - Returns: false, and nothing is taken, when there is not enough.
  mutating func take(symbols: Int, now: Int64) -> Bool {
    take(Int64(max(0, min(symbols, 1_000_000)) / Self.symbolsPerToken), now)
  }

  private mutating func take(_ cost: Int64, _ now: Int64) -> Bool {
    let used = max(0, fullAt - now) + cost * Self.interval
    guard used <= Self.burst * Self.interval else { return false }
    fullAt = now + used
    return true
  }
}

/// The budgets of all accounts.
final class MessageBudgets: Sendable {
  /// Most accounts; when it is reached those whose budgets are full are forgotten.
  private static let maximumAccounts = 50_000
  private let budgets = Lock<[AccountNumber: MessageBudget]>([:])

  /// Takes from an account's budget.
  func take(_ account: AccountNumber, now: Int64, _ take: (inout MessageBudget) -> Bool) -> Bool {
    budgets.withLock { budgets in
      if budgets.count >= Self.maximumAccounts { budgets = budgets.filter { !$0.value.isFull(now: now) } }
      return take(&budgets[account, default: MessageBudget()])
    }
  }
}
