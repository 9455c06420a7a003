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

  /// What a body decides.
  enum Ending<Value: Sendable>: Sendable {
    /// Keep what was done.
    case done(Value)
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

  /// Runs `body` in one transaction.
  func transaction<Value: Sendable>(
    _ body: @Sendable (inout PostgresConnection) throws(PostgresError) -> Ending<Value>
  ) async throws(AdministrationError) -> Value {
    var mayBeStored = false
    for attempt in 1...Self.attempts {
      switch await self.attempt(body) {
      case .ended(.done(let value)): return value
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

  /// Asks one question, or makes one change.
  func query(_ call: PostgresCall) async throws(AdministrationError) -> PostgresRows {
    try await transaction { (connection) throws(PostgresError) in .done(try connection.query(call)) }
  }

  private static func isWorthRetrying(_ error: PostgresError, after attempt: Int, _ mayBeStored: Bool) -> Bool {
    if case .connectionLost = error { return mayBeStored || attempt < connectionAttempts }
    return error.isConflict
  }

  private func attempt<Value: Sendable>(
    _ body: @Sendable (inout PostgresConnection) throws(PostgresError) -> Ending<Value>
  ) async -> Attempt<Value> {
    do throws(PostgresError) {
      return try await session.use { (connection) throws(PostgresError) in
        try connection.execute("BEGIN")
        do throws(PostgresError) {
          let ending = try body(&connection)
          guard case .done = ending else {
            try connection.rollBack()
            return .ended(ending)
          }
          return try Self.commit(&connection) ? .ended(ending) : .unknown
        } catch {
          try? connection.rollBack()
          throw error
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
