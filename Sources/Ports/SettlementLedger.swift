public import Accounting
public import Market
public import Sharding

/// Where a shard's owner claims, recovers and commits.
public protocol SettlementLedger: Sendable {
  /// Takes a shard over: a new epoch, behind which every earlier owner's commit is refused.
  /// - Returns: The ownership, or nil when another claim came first.
  func claim(_ shard: Shard, owner: WorkerID, nonce: UInt64) async throws(LedgerError) -> Ownership?

  /// The open orders of a shard whose commands have been processed, by priority; what the books are rebuilt from.
  func openOrders(of shard: Shard, through processed: Sequence) async throws(LedgerError) -> [OrderRecord]

  /// The log of a shard after a sequence, in order, at most `limit` rows.
  func log(of shard: Shard, after sequence: Sequence, limit: Int) async throws(LedgerError) -> [LogEntry]

  /// The last sequence of each shard's log.
  func lastSequences(of shards: [Shard]) async throws(LedgerError) -> [Shard: Sequence]

  /// Orders of one shard by identifier: closed ones that late commands refer to.
  func orders(_ ids: [OrderName]) async throws(LedgerError) -> [OrderID: OrderRecord]

  /// Commits settlements of several shards in one transaction: each only while its ownership and cursor stand.
  func settle(_ commits: [ShardCommit], at now: Timestamp) async throws(LedgerError) -> SettleOutcome
}

/// Names an order with its account: how it is found.
public struct OrderName: Hashable, Sendable {
  /// Whose.
  public var account: AccountNumber
  /// Which.
  public var id: OrderID

  /// Makes a name.
  public init(account: AccountNumber, id: OrderID) {
    self.account = account
    self.id = id
  }
}

/// One shard's part of a settling transaction.
public struct ShardCommit: Sendable {
  /// The ownership that must stand.
  public var ownership: Ownership
  /// The changes.
  public var settlement: Settlement

  /// Makes a part.
  public init(ownership: Ownership, settlement: Settlement) {
    self.ownership = ownership
    self.settlement = settlement
  }
}

/// What became of a settling transaction.
public enum SettleOutcome: Hashable, Sendable {
  /// All of it is stored.
  case committed
  /// Nothing is stored: this shard is owned by another or stands at another sequence.
  case fenced(Shard)
}
