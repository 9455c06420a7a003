internal import Digest
internal import Market
internal import Ports
internal import Postgres

/// Runs operators' transactions. Every body may run several times and must then change nothing more: identifiers and
/// references are chosen outside of it, so that a commit whose answer was lost is found by the next attempt.
struct AdministrationSession: Sendable {
  /// How often a transaction is tried in all.
  static let attempts = 5
  /// How often it is tried when the connection is lost before anything can have been committed.
  static let connectionAttempts = 2
  /// The pause after the first failure; it doubles.
  static let pause = Duration.milliseconds(100)

  /// The outcome of what had been done before.
  static let unchanged = "unchanged"

  /// What a body decides.
  enum Ending<Value: Sendable>: Sendable {
    /// Keep what was done; `outcome` is what the administrative log says of it.
    case done(Value, outcome: String = "done")
    /// Undo it; the text says why.
    case refused(String)
  }

  /// How an attempt ended.
  private enum Attempt<Value: Sendable>: Sendable {
    case ended(Ending<Value>)
    case failed(PostgresError)
    /// The connection was lost at the commit.
    case unknown
  }

  let session: PostgresSession
  /// Who makes the changes.
  let actor: AdminActor

  /// Makes a change and the entry in the administrative log that tells of it, in one transaction. A refusal changes
  /// nothing; its entry is stored alone.
  /// - Parameter flaw: Why the change is refused by what is asked for alone; nil to look at what is stored.
  func change<Value: Sendable>(
    _ action: AdminAction, flaw: String? = nil,
    _ body: @Sendable (inout PostgresConnection) throws(PostgresError) -> Ending<Value>
  ) async throws(AdministrationError) -> Value {
    // Named here, so that an attempt whose commit was cut off leaves one entry together with the next.
    let id = UniqueID.random(high: SecureRandom.word(), low: SecureRandom.word())
    do throws(AdministrationError) {
      if let flaw { throw .refused(flaw) }
      return try await read { (connection) throws(PostgresError) in
        let ending = try body(&connection)
        if case .done(_, let outcome) = ending { try write(action, id, outcome, &connection) }
        return ending
      }
    } catch {
      guard case .refused(let reason) = error else { throw error }
      try await record(action, id, "refused: \(reason)")
      throw error
    }
  }

  /// Stores an entry of the administrative log by itself, for what no transaction of the database's does.
  func record(_ action: AdminAction, outcome: String) async throws(AdministrationError) {
    try await record(action, UniqueID.random(high: SecureRandom.word(), low: SecureRandom.word()), outcome)
  }

  private func record(_ action: AdminAction, _ id: UniqueID, _ outcome: String) async throws(AdministrationError) {
    try await read { (connection) throws(PostgresError) in
      try write(action, id, outcome, &connection)
      return .done(())
    }
  }

  private func write(
    _ action: AdminAction, _ id: UniqueID, _ outcome: String, _ connection: inout PostgresConnection
  ) throws(PostgresError) {
    _ = try connection.query(
      PostgresCall(
        AdminLogStatements.write,
        [
          .uuid(id.high, id.low), .text(actor.text), .text(action.name), .text(action.target),
          .text(action.arguments), .text(AdminAction.bounded(outcome)),
        ]))
  }

  /// Runs `body` in one transaction of which the log tells nothing.
  func read<Value: Sendable>(
    begin: String = "BEGIN", _ body: @Sendable (inout PostgresConnection) throws(PostgresError) -> Ending<Value>
  ) async throws(AdministrationError) -> Value {
    var mayBeStored = false
    for attempt in 1...Self.attempts {
      switch await self.attempt(begin, body) {
      case .ended(.done(let value, _)): return value
      case .ended(.refused(let text)): throw .refused(text)
      case .unknown: mayBeStored = true
      case .failed(let error):
        guard Self.isWorthRetrying(error, after: attempt, mayBeStored), attempt < Self.attempts else {
          throw mayBeStored ? .outcomeUnknown : AdministrationError(error)
        }
      }
      try? await Task.sleep(for: Self.pause * (1 << (attempt - 1)))
    }
    throw .outcomeUnknown
  }

  /// Runs `body`, which changes nothing, in one snapshot: all that it reads is of one moment.
  func snapshot<Value: Sendable>(
    _ body: @Sendable (inout PostgresConnection) throws(PostgresError) -> Ending<Value>
  ) async throws(AdministrationError) -> Value {
    try await read(begin: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", body)
  }

  /// Asks one question.
  func query(_ call: PostgresCall) async throws(AdministrationError) -> PostgresRows {
    try await read { (connection) throws(PostgresError) in .done(try connection.query(call)) }
  }

  private static func isWorthRetrying(_ error: PostgresError, after attempt: Int, _ mayBeStored: Bool) -> Bool {
    if case .connectionLost = error { return mayBeStored || attempt < connectionAttempts }
    return error.isConflict
  }

  private func attempt<Value: Sendable>(
    _ begin: String, _ body: @Sendable (inout PostgresConnection) throws(PostgresError) -> Ending<Value>
  ) async -> Attempt<Value> {
    do throws(PostgresError) {
      return try await session.use { (connection) throws(PostgresError) in
        try connection.execute(begin)
        do throws(PostgresError) {
          let ending = try body(&connection)
          guard case .done = ending else {
            try connection.rollBack()
            return .ended(ending)
          }
          return try Self.commit(&connection) ? .ended(ending) : .unknown
        } catch {
          throw connection.rolledBack(after: error)
        }
      }
    } catch {
      return .failed(error)
    }
  }

  /// Commits; false when nobody can tell.
  private static func commit(_ connection: inout PostgresConnection) throws(PostgresError) -> Bool {
    do throws(PostgresError) {
      try connection.execute("COMMIT")
      return true
    } catch .connectionLost {
      return false
    }
  }
}
