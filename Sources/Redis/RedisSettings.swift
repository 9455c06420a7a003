/// How a client talks to its server. All waits have a bound.
public struct RedisSettings: Sendable {
  /// The server and the login.
  public var address: RedisAddress
  /// What the connection is called in `CLIENT LIST`: printable, without spaces; empty leaves it unnamed.
  public var name: String
  /// Longest wait for a connection, its login included (name lookup excepted: the resolver has limits of its own).
  public var connectTimeout = Duration.milliseconds(1000)
  /// Longest wait for all replies to a call, beyond what its commands ask the server to wait.
  public var commandTimeout = Duration.milliseconds(1000)
  /// Silence after which TCP asks whether the peer is there.
  public var keepAlive = Duration.seconds(15)
  /// When to try again after failures.
  public var backoff = ReconnectBackoff()

  /// Settings with defaults.
  public init(address: RedisAddress, name: String = "") {
    self.address = address
    self.name = name
  }
}

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
