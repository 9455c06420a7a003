public import Market
public import Sharding

/// Tells how the shards stand, from what is committed.
public protocol ShardReader: Sendable {
  /// All shards, ascending.
  func shards() async throws(StoreError) -> [ShardRecord]
}

/// A shard as the ledger has it.
public struct ShardRecord: Hashable, Sendable {
  /// The shard.
  public var shard: Shard
  /// Who claimed it last, alive or not; nil before the first claim.
  public var claimedBy: WorkerID?
  /// How often it has changed hands.
  public var epoch: Epoch
  /// How far its log is written and processed.
  public var lag: ShardLag
  /// When its cursor was moved last, by the clock of who moved it; nil when it never was.
  public var progressedAt: Timestamp?
  /// How many of its commands are in quarantine.
  public var quarantined: Int64
  /// Since when the first of them is; nil when there are none.
  public var quarantinedSince: Timestamp?
  /// The symbols it trades, in order.
  public var symbols: [String]

  /// Makes a record.
  public init(
    shard: Shard, claimedBy: WorkerID?, epoch: Epoch, lag: ShardLag, progressedAt: Timestamp? = nil,
    quarantined: Int64 = 0, quarantinedSince: Timestamp? = nil, symbols: [String]
  ) {
    self.shard = shard
    self.claimedBy = claimedBy
    self.epoch = epoch
    self.lag = lag
    self.progressedAt = progressedAt
    self.quarantined = quarantined
    self.quarantinedSince = quarantinedSince
    self.symbols = symbols
  }
}
