public import Accounting
public import Market
public import Sharding

/// Where a shard's owner claims, recovers and commits.
public protocol SettlementLedger: Sendable {
  /// Takes shards over: new epochs, behind which every earlier owner's commit is refused. Counts how often a shard has been
  /// taken over at the same place of its log with work to do.
  /// - Parameter nonces: The shards, each with the nonce of its claim.
  /// - Returns: The ownerships; none of a shard that does not exist, or that an earlier owner's commit holds at the moment.
  func claim(_ nonces: [Shard: UInt64], owner: WorkerID) async throws(StoreError) -> [Shard: Ownership]

  /// Those of these ownerships that stand: nobody has claimed their shards since.
  func stillOwned(among ownerships: [Ownership]) async throws(StoreError) -> Set<Shard>

  /// What books are rebuilt from, of each shard as of one moment: orders in quarantine are in none.
  func books(of shards: [Shard]) async throws(StoreError) -> [ShardBook]

  /// The log of a shard after a sequence as far as it has been processed, in order, at most `limit` rows.
  func processedLog(
    of shard: Shard, after sequence: Sequence, limit: Int
  ) async throws(StoreError) -> [ProcessedEntry]

  /// How a shard stands that was claimed: what is known against its next command, and what was set aside before it.
  func attempts(of ownership: Ownership) async throws(StoreError) -> ShardAttempts

  /// Remembers, before a command is carried out on its own, that it is being tried; whoever does not end the try in an
  /// orderly way leaves it behind for the next owner to see.
  /// - Parameter sequence: The command, the one after the cursor.
  /// - Returns: How often it has been tried, this time included; nil when the ownership or the cursor does not stand.
  func recordAttempt(of sequence: Sequence, by ownership: Ownership) async throws(StoreError) -> Int?

  /// Remembers what a try was refused with: for whoever puts the command into quarantine.
  func noteFailure(of sequence: Sequence, in shard: Shard, reason: String) async throws(StoreError)

  /// Takes a try back that came to nothing for reasons of the ledger's own.
  func withdrawTry(of sequence: Sequence, in shard: Shard) async throws(StoreError)

  /// The log of a shard after a sequence, in order, at most `limit` rows.
  func log(of shard: Shard, after sequence: Sequence, limit: Int) async throws(StoreError) -> [LogEntry]

  /// The branch of the database's history that rows are appended in now.
  func timeline() async throws(StoreError) -> DatabaseTimeline

  /// How far the logs of shards go, and in which history: their numbers mean nothing in another.
  func logEnds(of shards: [Shard]) async throws(StoreError) -> LogEnds

  /// Commits settlements of several shards in one transaction: each only while its ownership and cursor stand.
  func settle(_ commits: [ShardCommit], at now: Timestamp) async throws(StoreError) -> SettleOutcome
}

extension SettlementLedger {
  /// Takes one shard over.
  /// - Returns: The ownership; nil when there is no such shard, or an earlier owner's commit holds it at the moment.
  public func claim(_ shard: Shard, owner: WorkerID, nonce: UInt64) async throws(StoreError) -> Ownership? {
    try await claim([shard: nonce], owner: owner)[shard]
  }
}

/// How far logs go.
public struct LogEnds: Hashable, Sendable {
  /// The branch of the database's history that rows are appended in.
  public var timeline: DatabaseTimeline
  /// The last sequence of each shard's log.
  public var sequences: [Shard: Sequence]

  /// Names them.
  public init(timeline: DatabaseTimeline, sequences: [Shard: Sequence]) {
    self.timeline = timeline
    self.sequences = sequences
  }
}

/// One shard's part of a settling transaction.
public struct ShardCommit: Sendable {
  /// The ownership that must stand.
  public var ownership: Ownership
  /// The changes.
  public var settlement: Settlement
  /// Why the settlement's one command goes into quarantine; nil for commands that were carried out.
  public var quarantine: QuarantineReason?

  /// Makes a part.
  public init(ownership: Ownership, settlement: Settlement, quarantine: QuarantineReason? = nil) {
    self.ownership = ownership
    self.settlement = settlement
    self.quarantine = quarantine
  }
}

/// What became of a settling transaction.
public enum SettleOutcome: Hashable, Sendable {
  /// All of it is stored.
  case committed
  /// Nothing is stored: this shard is owned by another or stands at another sequence.
  case fenced(Shard)
  /// Nothing is stored: this shard's settlement goes beyond the end of its log. Some of its commands never were in it.
  case beyondLog(Shard)
  /// Nothing is stored: the database has failed over or was restored, and what was claimed and read before may not be there.
  case failedOver(to: DatabaseTimeline)
}
