public import Market
public import Sharding

/// Tells how the shards stand, from what is committed.
public protocol ShardReader: Sendable {
  /// All shards, ascending.
  func shards() async throws(LedgerError) -> [ShardRecord]
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
  /// How many of its commands are in quarantine.
  public var quarantined: Int64
  /// The symbols it trades, in order.
  public var symbols: [String]

  /// Makes a record.
  public init(
    shard: Shard, claimedBy: WorkerID?, epoch: Epoch, lag: ShardLag, quarantined: Int64 = 0, symbols: [String]
  ) {
    self.shard = shard
    self.claimedBy = claimedBy
    self.epoch = epoch
    self.lag = lag
    self.quarantined = quarantined
    self.symbols = symbols
  }
}
