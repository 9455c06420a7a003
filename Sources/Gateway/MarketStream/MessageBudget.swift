internal import Lifecycle

/// What one client of the data stream may cost: a token bucket of messages and the symbols that they and their answers name.
///
/// A message costs one token, and one more for every ``symbolsPerToken`` symbols: changing a large subscription again and
/// again, and having it listed each time, is work that would be done for nobody.
struct MessageBudget {
  /// Tokens that are there at once.
  static let burst: Int64 = 400
  /// Tokens that come back a second.
  static let perSecond: Int64 = 20
  /// Symbols that cost as much as a message.
  static let symbolsPerToken = 100

  private static let interval: Int64 = 1_000_000_000 / perSecond
  /// When the bucket would be full if nothing more came, in monotonic nanoseconds.
  private var fullAt: Int64 = 0

  /// Takes what a message costs.
  /// - Parameters:
  ///   - symbols: How many symbols it names, and its answer lists.
  ///   - now: Monotonic nanoseconds.
  /// - Returns: false, and nothing is taken, when there is not enough.
  mutating func take(symbols: Int, now: Int64) -> Bool {
    let cost = 1 + Int64(max(0, min(symbols, 1_000_000)) / Self.symbolsPerToken)
    let used = max(0, fullAt - now) + cost * Self.interval
    guard used <= Self.burst * Self.interval else { return false }
    fullAt = now + used
    return true
  }
}
