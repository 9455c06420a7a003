internal import Lifecycle

/// Bounds of acceptance.
public struct OrderAcceptanceSettings: Sendable {
  /// Transactions in flight at most: each pipeline has a connection and its share of the shards.
  public var pipelines = 2
  /// Requests in one transaction at most.
  public var batchLimit = 256
  /// Requests waiting in a pipeline at most; over it new ones are told to come again.
  public var queueLimit = 4_096
  /// Requests of accounts that somebody holds, set aside in a pipeline at most; over it new ones are told to come again.
  public var asideLimit = 1_024
  /// Requests of one account among those that are tried together at most.
  public var asideAccountLimit = 16
  /// How long a request set aside waits for its account.
  public var asidePatience = TimeLimits.setAside.value
  /// The pause before what is set aside is tried again.
  public var asidePause = Duration.milliseconds(50)
  /// Commands of a shard accepted and not yet settled at most; over it new orders for it are told to come again.
  public var shardLagLimit: Int64 = 20_000
  /// How often the shards' lags are read.
  public var lagPeriod = Duration.milliseconds(100)
  /// How rarely they are asked for while that fails.
  public var lagCeiling = Duration.seconds(1)

  /// Bounds with their defaults.
  public init() {}
}
