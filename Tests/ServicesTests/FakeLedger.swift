import Accounting
import Market
import Ports
import Sharding

/// A settlement ledger in memory that fences as the real one must, and can be told to fail.
actor FakeLedger: SettlementLedger {
  /// What a settling call does.
  enum Turn: Sendable {
    case store
    case fence(Shard)
    case fail(LedgerError)
    /// Stores, and loses the answer.
    case storeThenLose
  }

  private struct Stored {
    var epoch: Int64 = 0
    var nonce: UInt64 = 0
    var processed = Sequence.zero
    var log: [LogEntry] = []
    var events: [OrderEvent] = []
  }

  private var shards: [Shard: Stored] = [:]
  private var turns: [Turn] = []
  private var everyTurn = Turn.store
  private(set) var settleCalls = 0
  private(set) var logReads = 0

  init(shards: [Shard] = [Row.shard]) { for shard in shards { self.shards[shard] = Stored() } }

  /// What the next settling calls do, and those after them.
  func script(_ turns: [Turn], then everyTurn: Turn = .store) {
    self.turns = turns
    self.everyTurn = everyTurn
  }

  func append(_ rows: [LogEntry]) { for row in rows { shards[row.shard]!.log.append(row) } }
  func processed(_ shard: Shard = Row.shard) -> Int64 { shards[shard]!.processed.rawValue }
  func epoch(_ shard: Shard = Row.shard) -> Int64 { shards[shard]!.epoch }
  /// The sequences whose effects are stored, in order.
  func settledRows(_ shard: Shard = Row.shard) -> [Int64] { shards[shard]!.events.map(\.sequence.rawValue) }
  func isSettled() -> Bool { shards.values.allSatisfy { $0.processed.rawValue == Int64($0.log.count) } }

  func claim(_ nonces: [Shard: UInt64], owner: WorkerID) throws(LedgerError) -> [Shard: Ownership] {
    if case .fail(let error) = everyTurn { throw error }
    var ownerships: [Shard: Ownership] = [:]
    for (shard, nonce) in nonces {
      guard var stored = shards[shard] else { continue }
      stored.epoch += 1
      stored.nonce = nonce
      shards[shard] = stored
      ownerships[shard] = Ownership(
        shard: shard, epoch: Epoch(rawValue: stored.epoch), nonce: nonce, processed: stored.processed)
    }
    return ownerships
  }

  /// The books' open orders are the tests' own affair: rows here are cancels, which leave none.
  func books(of names: [Shard]) throws(LedgerError) -> [ShardBook] {
    names.sorted().map { ShardBook(shard: $0, processed: shards[$0]!.processed, orders: []) }
  }

  func processedLog(of shard: Shard, after sequence: Sequence, limit: Int) throws(LedgerError) -> [LogEntry] {
    let stored = shards[shard]!
    return Array(stored.log.prefix(Int(stored.processed.rawValue)).dropFirst(Int(sequence.rawValue)).prefix(limit))
  }

  func log(of shard: Shard, after sequence: Sequence, limit: Int) throws(LedgerError) -> [LogEntry] {
    logReads += 1
    return Array(shards[shard]!.log.dropFirst(Int(sequence.rawValue)).prefix(limit))
  }

  func lastSequences(of names: [Shard]) throws(LedgerError) -> [Shard: Sequence] {
    Dictionary(uniqueKeysWithValues: names.map { ($0, Sequence(rawValue: Int64(shards[$0]!.log.count))) })
  }

  func orders(_ ids: [OrderName]) throws(LedgerError) -> [OrderID: OrderRecord] { [:] }

  func settle(_ commits: [ShardCommit], at now: Timestamp) throws(LedgerError) -> SettleOutcome {
    settleCalls += 1
    switch turns.isEmpty ? everyTurn : turns.removeFirst() {
    case .store: return store(commits)
    case .fence(let shard): return .fenced(shard)
    case .fail(let error): throw error
    case .storeThenLose:
      _ = store(commits)
      throw .outcomeUnknown
    }
  }

  private func store(_ commits: [ShardCommit]) -> SettleOutcome {
    for commit in commits {
      let stored = shards[commit.ownership.shard]!
      guard commit.ownership.epoch.rawValue == stored.epoch, commit.ownership.nonce == stored.nonce,
        commit.settlement.from == stored.processed
      else { return .fenced(commit.ownership.shard) }
    }
    for commit in commits {
      shards[commit.ownership.shard]!.processed = commit.settlement.through
      shards[commit.ownership.shard]!.events += commit.settlement.events
    }
    return .committed
  }
}
