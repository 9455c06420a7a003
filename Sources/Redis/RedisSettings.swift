public import Lifecycle

/// How a client talks to its deployment. All waits have a bound.
public struct RedisSettings: Sendable {
  /// The servers and the login.
  public var address: RedisAddress
  /// What the connections are called in `CLIENT LIST`: printable, without spaces; empty leaves them unnamed.
  public var name: String
  /// Longest wait for a connection, its login included, and finding the master by its sentinels (name lookup excepted:
  /// the resolver has limits of its own).
  public var connectTimeout = TimeLimits.redisConnect.value
  /// Longest wait for all replies to a call, beyond what its commands ask the server to wait; a cluster's redirections
  /// are followed within it.
  public var commandTimeout = TimeLimits.redisCommand.value
  /// Bytes that the replies to one call may have: more are no program's of ours, and would fill the memory. The connection is
  /// given up then.
  public var largestReply = 256 << 20
  /// Silence after which TCP asks whether the peer is there.
  public var keepAlive = Duration.seconds(15)
  /// When to try again after failures.
  public var backoff = Backoff(base: .milliseconds(20), ceiling: .milliseconds(500))
  /// How often a client that is connected asks a sentinel whether the master is still the same.
  public var masterCheckInterval = Duration.seconds(1)
  /// How often a cluster is asked at most which node serves what, and the pause before a command that a cluster in
  /// motion put off is sent again.
  public var clusterPause = Duration.milliseconds(50)

  /// Settings with defaults.
  public init(address: RedisAddress, name: String = "") {
    self.address = address
    self.name = name
  }
}
