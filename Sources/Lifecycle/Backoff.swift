/// How long to wait before something that failed is tried again.
///
/// The bound doubles with every failure in a row up to a ceiling. A pause is drawn evenly between nothing and the bound
/// (full jitter), so that those who failed together do not come back together.
public struct Backoff: Hashable, Sendable {
  /// The bound after the first failure.
  public var base: Duration
  /// The greatest bound.
  public var ceiling: Duration

  /// Makes a rule.
  public init(base: Duration, ceiling: Duration) {
    self.base = base
    self.ceiling = ceiling
  }

  /// The longest pause after so many failures in a row: `base × 2^(failures - 1)`, at most `ceiling`; none after none.
  public func bound(afterFailures failures: Int) -> Duration {
    guard failures > 0 else { return .zero }
    // More doublings than these reach any ceiling that a program waits for.
    return min(base * (1 << min(failures - 1, 30)), ceiling)
  }

  /// A pause from nothing to ``bound(afterFailures:)``, in whole microseconds.
  /// - Parameter random: Any bits, all as likely.
  public func pause(afterFailures failures: Int, random: UInt64) -> Duration {
    let bound = bound(afterFailures: failures).components
    let microseconds = bound.seconds * 1_000_000 + bound.attoseconds / 1_000_000_000_000
    return .microseconds(Int64(random % UInt64(microseconds + 1)))
  }

  /// A pause from half of ``bound(afterFailures:)`` to all of it, so that a run of short draws is no busy loop.
  /// - Parameter random: Any bits, all as likely.
  public func rest(afterFailures failures: Int, random: UInt64) -> Duration {
    bound(afterFailures: failures) / 2 + pause(afterFailures: failures, random: random) / 2
  }
}
