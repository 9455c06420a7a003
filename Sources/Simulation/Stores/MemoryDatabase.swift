package import Accounting
internal import Lifecycle
package import Market
package import Ports
internal import Sharding

/// PostgreSQL in memory: one state behind all ledgers, changed by one transaction at a time.
///
/// Every process has a ``MemoryStore`` of its own before it, which is where calls are slow, fail or lose their answers.
package final class MemoryDatabase: Sendable {
  /// Hears what each transaction changed, with the state behind it; returns what is wrong with it.
  package typealias Observer = @Sendable (DatabaseChange, DatabaseState) -> Void

  private struct Content {
    var state: DatabaseState
    /// Accounts whose rows somebody else holds.
    var held: Set<AccountNumber> = []
    /// Commands whose settlement is refused, whoever tries it.
    var poison: [Shard: Set<Sequence>] = [:]
    var backup: DatabaseState?
  }

  private let content: Lock<Content>
  /// What is not checked.
  let missing: Guard?
  let observer: Observer

  /// A database that holds `state`.
  package init(_ state: DatabaseState, without missing: Guard? = nil, observer: @escaping Observer = { _, _ in }) {
    content = Lock(Content(state: state))
    self.missing = missing
    self.observer = observer
  }

  /// What is committed now.
  package var state: DatabaseState { content.withLock { $0.state } }

  /// One transaction.
  /// - Parameter body: Throws before it changes anything, or not at all.
  func transaction<Answer: Sendable>(
    _ body: (inout DatabaseState) throws(StoreError) -> (Answer, DatabaseChange?)
  ) throws(StoreError) -> Answer {
    let (answer, change) = try content.withLock { (content) throws(StoreError) in try body(&content.state) }
    if let change { observer(change, state) }
    return answer
  }

  // MARK: What befalls it

  /// Takes a backup.
  package func backUp() { content.withLock { $0.backup = $0.state } }

  /// Goes on in a new history: a standby has taken over, with everything that was committed.
  package func failOver() {
    content.withLock { $0.state.timeline = DatabaseTimeline(rawValue: $0.state.timeline.rawValue + 1) }
  }

  /// Restores the backup, if there is one, in a history of its own.
  /// - Returns: The orders that are gone; nil when there was none.
  package func restore() -> Set<OrderID>? {
    let restored = content.withLock { content -> (DatabaseState, Set<OrderID>)? in
      guard var backup = content.backup else { return nil }
      let gone = Set(content.state.orders.keys).subtracting(backup.orders.keys)
      backup.timeline = DatabaseTimeline(rawValue: content.state.timeline.rawValue + 1)
      content.state = backup
      content.backup = nil
      content.poison = [:]
      return (backup, gone)
    }
    guard let (state, gone) = restored else { return nil }
    observer(.restored, state)
    return gone
  }

  /// Holds an account's row, as a transaction of somebody else does that does not end.
  package func hold(_ account: AccountNumber) { content.withLock { _ = $0.held.insert(account) } }

  /// Lets all rows go.
  package func releaseAll() { content.withLock { $0.held = [] } }

  /// The accounts whose rows are held.
  package var held: Set<AccountNumber> { content.withLock { $0.held } }

  /// Makes the settlement of a command fail.
  package func poison(_ sequence: Sequence, in shard: Shard) {
    content.withLock { _ = $0.poison[shard, default: []].insert(sequence) }
  }

  /// Ends that.
  package func cure() { content.withLock { $0.poison = [:] } }

  func poisoned(_ shard: Shard) -> Set<Sequence> { content.withLock { $0.poison[shard] ?? [] } }

  /// An operator's command: it changes the state directly.
  package func operate<Answer: Sendable>(_ body: (inout DatabaseState) -> Answer) -> Answer {
    content.withLock { body(&$0.state) }
  }
}

/// What a transaction has changed.
package enum DatabaseChange: Sendable {
  /// Requests were accepted.
  case accepted(AcceptancePlan)
  /// Commands were settled.
  case settled([ShardCommit])
  /// A backup took the place of what was committed.
  case restored
}

/// The database as one process reaches it.
package struct MemoryStore: Sendable {
  let database: MemoryDatabase
  let process: SimulatedProcess
  let environment: Environment

  /// A connection.
  package init(_ database: MemoryDatabase, of process: SimulatedProcess, in environment: Environment) {
    self.database = database
    self.process = process
    self.environment = environment
  }

  /// Carries a transaction there and its answer back.
  /// - Parameter commits: Whether it changes something: then a lost answer leaves its outcome unknown.
  func call<Answer: Sendable>(
    commits: Bool = false,
    _ body: @Sendable (inout DatabaseState) throws(StoreError) -> (Answer, DatabaseChange?)
  ) async throws(StoreError) -> Answer {
    try await travel()
    let weather = environment.database
    if weather.isAway || environment.happens(weather.refused) { throw Self.lostConnection }
    if environment.happens(weather.slow) { await pause(weather.slowness) }
    if commits, environment.happens(weather.conflicts) {
      throw .unavailable(.serialization, reason: "could not serialize access")
    }
    let answer = try database.transaction(body)
    try await travel()
    if environment.happens(environment.database.answersLost) {
      if commits { throw .outcomeUnknown }
      throw Self.lostConnection
    }
    return answer
  }

  /// A transaction that changes nothing.
  func read<Answer: Sendable>(
    _ body: @Sendable (borrowing DatabaseState) throws(StoreError) -> Answer
  ) async throws(StoreError) -> Answer {
    try await call { (state) throws(StoreError) in (try body(state), nil) }
  }

  private static var lostConnection: StoreError { .unavailable(.connection, reason: "the connection was lost") }

  private func travel() async throws(StoreError) {
    await pause(environment.database.latency)
    guard await process.goesOn() else { throw Self.lostConnection }
  }

  func pause(_ limit: Duration) async { try? await Task.sleep(for: environment.span(upTo: limit)) }
}
