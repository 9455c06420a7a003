/// How long to leave a server alone after failures: doubling, bounded, jittered.
public struct ReconnectBackoff: Hashable, Sendable {
  /// The wait after the first failure.
  public var base = Duration.milliseconds(20)
  /// The longest wait.
  public var ceiling = Duration.milliseconds(500)

  /// The default waits.
  public init() {}

  /// The wait after a number of failures in a row: `base × 2^(failures - 1)`, at most `ceiling`, of which the second
  /// half is left to chance so that clients do not come back all at once.
  /// - Parameters:
  ///   - failures: Failures since the last success; 0 waits for nothing.
  ///   - random: Any bits.
  public func delay(afterFailures failures: Int, random: UInt64) -> Duration {
    guard failures > 0 else { return .zero }
    let doublings = min(failures - 1, 16)
    let full = min(base * (1 << doublings), ceiling)
    return full / 2 + full / 2 * Double(random % 1024) / 1024
  }
}
