import Accounting
import Market
import Ports
import Sharding
import TestKit

/// A settlement ledger in memory that fences as the real one must, and can be told to fail.
actor FakeLedger: SettlementLedger {
  /// What a settling call does.
  enum Turn: Sendable {
    case store
    case fence(Shard)
    case failOver
    case fail(StoreError)
    /// Stores, and loses the answer.
    case storeThenLose
  }

  /// What is known against a command, as long as it is the next one.
  private struct Suspect {
    var sequence: Sequence
    var claims = 0
    var tries = 0
    var reason: String?
  }

  private struct Stored {
    var epoch: Int64 = 0
    var nonce: UInt64 = 0
    var processed = Sequence.zero
    var log: [LogEntry] = []
    var events: [OrderEvent] = []
    var suspect = Suspect(sequence: .zero)
    var quarantined: [Sequence: QuarantineReason] = [:]
  }

  private var shards: [Shard: Stored] = [:]
  private var turns: [Turn] = []
  private var everyTurn = Turn.store
  /// Commands whose settlement the ledger refuses, whoever tries it and with whatever else.
  private var poison: [Shard: Set<Int64>] = [:]
  /// Tries that stand against the next command.
  func tries(_ shard: Shard = Row.shard) -> Int { shards[shard]!.suspect.tries }
  /// The most tries that ever stood against a command.
  private(set) var mostTries = 0
  private(set) var settleCalls = 0
  private(set) var logReads = 0

  init(shards: [Shard] = [Row.shard]) { for shard in shards { self.shards[shard] = Stored() } }

  /// What the next settling calls do, and those after them.
  func script(_ turns: [Turn], then everyTurn: Turn = .store) {
    self.turns = turns
    self.everyTurn = everyTurn
  }

  func poison(_ sequences: Set<Int64>, in shard: Shard) { poison[shard] = sequences }
  func quarantined(_ shard: Shard = Row.shard) -> [Int64: QuarantineReason] {
    Dictionary(uniqueKeysWithValues: shards[shard]!.quarantined.map { ($0.key.rawValue, $0.value) })
  }

  func append(_ rows: [LogEntry]) { for row in rows { shards[row.shard]!.log.append(row) } }
  func processed(_ shard: Shard = Row.shard) -> Int64 { shards[shard]!.processed.rawValue }
  func processed(of names: [Shard]) -> [Int64] { names.map { shards[$0]!.processed.rawValue } }
  func epoch(_ shard: Shard = Row.shard) -> Int64 { shards[shard]!.epoch }
  /// The sequences whose effects are stored, in order.
  func settledRows(_ shard: Shard = Row.shard) -> [Int64] { shards[shard]!.events.map(\.sequence.rawValue) }
  func isSettled() -> Bool { shards.values.allSatisfy { $0.processed.rawValue == Int64($0.log.count) } }

  func claim(_ nonces: [Shard: UInt64], owner: WorkerID) throws(StoreError) -> [Shard: Ownership] {
    if case .fail(let error) = everyTurn { throw error }
    var ownerships: [Shard: Ownership] = [:]
    for (shard, nonce) in nonces {
      guard var stored = shards[shard] else { continue }
      stored.epoch += 1
      stored.nonce = nonce
      let next = stored.processed.next
      if stored.log.count > stored.processed.rawValue {
        if stored.suspect.sequence != next { stored.suspect = Suspect(sequence: next) }
        stored.suspect.claims += 1
      }
      shards[shard] = stored
      ownerships[shard] = Ownership(
        shard: shard, epoch: Epoch(rawValue: stored.epoch), nonce: nonce, processed: stored.processed, timeline: branch)
    }
    return ownerships
  }

  /// The books' open orders are the tests' own affair: rows here are cancels, which leave none.
  func books(of names: [Shard]) throws(StoreError) -> [ShardBook] {
    names.sorted().map { shard in
      let orders = broken.contains(shard) ? [Row.order(1, in: shard), Row.order(1, in: shard)] : []
      return ShardBook(shard: shard, processed: shards[shard]!.processed, orders: orders, timeline: branch)
    }
  }

  /// Shards whose stored orders contradict each other.
  private var broken: Set<Shard> = []
  func breakOrders(of shard: Shard) { broken.insert(shard) }

  func processedLog(of shard: Shard, after sequence: Sequence, limit: Int) throws(StoreError) -> [ProcessedEntry] {
    let stored = shards[shard]!
    return stored.log.prefix(Int(stored.processed.rawValue)).dropFirst(Int(sequence.rawValue)).prefix(limit).map {
      ProcessedEntry($0, isQuarantined: stored.quarantined[$0.sequence] != nil)
    }
  }

  func stillOwned(among ownerships: [Ownership]) throws(StoreError) -> Set<Shard> {
    Set(
      ownerships.filter { shards[$0.shard]?.epoch == $0.epoch.rawValue && shards[$0.shard]?.nonce == $0.nonce }
        .map(\.shard))
  }

  func attempts(of ownership: Ownership) throws(StoreError) -> ShardAttempts {
    try read()
    let stored = shards[ownership.shard]!
    var attempts = ShardAttempts(
      last: Sequence(rawValue: Int64(stored.log.count)), quarantined: Array(stored.quarantined.keys))
    if stored.suspect.sequence == ownership.processed.next {
      (attempts.claims, attempts.tries, attempts.reason) =
        (stored.suspect.claims, stored.suspect.tries, stored.suspect.reason)
    }
    return attempts
  }

  func recordAttempt(of sequence: Sequence, by ownership: Ownership) throws(StoreError) -> Int? {
    if case .fail(let error) = everyTurn { throw error }
    let stored = shards[ownership.shard]!
    guard owns(ownership), stored.processed.next == sequence else { return nil }
    var suspect = stored.suspect
    if suspect.sequence != sequence { suspect = Suspect(sequence: sequence, claims: suspect.claims) }
    suspect.claims = max(1, suspect.claims)
    suspect.tries += 1
    shards[ownership.shard]!.suspect = suspect
    mostTries = max(mostTries, suspect.tries)
    return suspect.tries
  }

  func noteFailure(of sequence: Sequence, in shard: Shard, reason: String) throws(StoreError) {
    if shards[shard]!.suspect.sequence == sequence { shards[shard]!.suspect.reason = reason }
  }

  func withdrawTry(of sequence: Sequence, in shard: Shard) throws(StoreError) {
    if case .fail(let error) = everyTurn { throw error }
    if shards[shard]!.suspect.sequence == sequence, shards[shard]!.suspect.tries > 0 {
      shards[shard]!.suspect.tries -= 1
    }
  }

  private func owns(_ ownership: Ownership) -> Bool {
    let stored = shards[ownership.shard]!
    return ownership.epoch.rawValue == stored.epoch && ownership.nonce == stored.nonce
  }

  /// What reading logs, standings and ends of logs fails with; nil while it goes well.
  private var readError: StoreError?
  /// Readings that have failed.
  private(set) var failedReads = 0
  func failReading(_ error: StoreError?) { readError = error }

  private func read() throws(StoreError) {
    guard let readError else { return }
    failedReads += 1
    throw readError
  }

  func log(of shard: Shard, after sequence: Sequence, limit: Int) throws(StoreError) -> [LogEntry] {
    try read()
    logReads += 1
    return Array(shards[shard]!.log.dropFirst(Int(sequence.rawValue)).prefix(limit))
  }

  /// The history that is written.
  private var branch = DatabaseTimeline.unnamed
  private(set) var historyQuestions = 0
  func goOn(in timeline: DatabaseTimeline) { branch = timeline }
  func timeline() throws(StoreError) -> DatabaseTimeline {
    historyQuestions += 1
    return branch
  }

  /// The log ends before these rows: a backup has been restored under whoever works on it.
  func loseLog(of shard: Shard, from sequence: Int64) {
    shards[shard]!.log.removeSubrange(Int(sequence - 1)...)
  }

  /// A backup has been restored: what was logged and settled after a row is gone.
  func restore(_ shard: Shard, to sequence: Int64) {
    loseLog(of: shard, from: sequence + 1)
    shards[shard]!.processed = Sequence(rawValue: sequence)
    shards[shard]!.events.removeAll { $0.sequence.rawValue > sequence }
    branch = DatabaseTimeline(rawValue: branch.rawValue + 1)
  }

  func logEnds(of names: [Shard]) throws(StoreError) -> LogEnds {
    try read()
    return LogEnds(
      timeline: branch,
      sequences: Dictionary(
        uniqueKeysWithValues: names.map { ($0, Sequence(rawValue: Int64(shards[$0]!.log.count))) }))
  }

  func settle(_ commits: [ShardCommit], at now: Timestamp) throws(StoreError) -> SettleOutcome {
    settleCalls += 1
    switch turns.isEmpty ? everyTurn : turns.removeFirst() {
    case .store: return try store(commits)
    case .fence(let shard): return .fenced(shard)
    case .failOver: return .failedOver(to: DatabaseTimeline(rawValue: 1))
    case .fail(let error): throw error
    case .storeThenLose:
      _ = try store(commits)
      throw .outcomeUnknown
    }
  }

  private func store(_ commits: [ShardCommit]) throws(StoreError) -> SettleOutcome {
    for commit in commits {
      guard owns(commit.ownership), commit.settlement.from == shards[commit.ownership.shard]!.processed
      else { return .fenced(commit.ownership.shard) }
      if commit.settlement.through.rawValue > Int64(shards[commit.ownership.shard]!.log.count) {
        return .beyondLog(commit.ownership.shard)
      }
    }
    for commit in commits where commit.quarantine == nil {
      let bad = poison[commit.ownership.shard] ?? []
      let range = (commit.settlement.from.rawValue + 1)...commit.settlement.through.rawValue
      if let first = bad.filter(range.contains).min() { throw .fault(reason: "command \(first) is bad") }
    }
    for commit in commits {
      shards[commit.ownership.shard]!.processed = commit.settlement.through
      shards[commit.ownership.shard]!.events += commit.settlement.events
      if let reason = commit.quarantine {
        shards[commit.ownership.shard]!.quarantined[commit.settlement.through] = reason
      }
    }
    return .committed
  }
}
