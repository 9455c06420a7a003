internal import Lifecycle
public import Redis

/// How the exchange uses Redis.
public struct RedisStoreSettings: Sendable {
  /// The server and the login.
  public var address: RedisAddress
  /// The process's name; its connections are called `<name>:publish`, `<name>:read`, `<name>:lease` in `CLIENT LIST`.
  public var name: String
  /// Entries that a shard's stream keeps at most, about; what is dropped beyond is healed from the log.
  public var streamLength = 100_000
  /// Entries that the history keeps at most, about.
  public var fleetEventsLength = 10_000
  /// Entries that a stream of wake-ups keeps at most, about.
  public var wakeUpLength = 10_000
  /// Commands that are sent in one go at most.
  public var pipelineLength = 1000
  /// Bytes that the replies to one call may have.
  public var largestReply = 256 << 20
  /// Longest wait for a connection.
  public var connectTimeout = TimeLimits.redisConnect.value
  /// Longest wait for an answer.
  public var commandTimeout = TimeLimits.redisCommand.value

  /// Hears of damaged keys that were replaced; copies of the settings share it.
  public let damage = DamageReports()

  /// Settings with defaults.
  public init(address: RedisAddress, name: String) {
    self.address = address
    self.name = name
  }

  /// A client of its own connection for one purpose.
  func client(for purpose: String) -> RedisClient {
    var settings = RedisSettings(address: address, name: "\(name):\(purpose)")
    settings.connectTimeout = connectTimeout
    settings.commandTimeout = commandTimeout
    settings.largestReply = largestReply
    return RedisClient(settings)
  }
}
