/// Bounds of acceptance.
public struct OrderDeskSettings: Sendable {
  /// Transactions in flight at most: each lane has a connection and its share of the shards.
  public var lanes = 2
  /// Requests in one transaction at most.
  public var batchLimit = 256
  /// Requests waiting in a lane at most; over it new ones are told to come again.
  public var queueLimit = 4_096
  /// Commands of a shard accepted and not yet settled at most; over it new orders for it are told to come again.
  public var shardLagLimit: Int64 = 20_000
  /// How often the shards' lags are read.
  public var lagPeriod = Duration.milliseconds(100)

  /// Bounds with their defaults.
  public init() {}
}
