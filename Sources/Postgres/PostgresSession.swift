internal import Lifecycle

/// A connection on a thread of its own that comes back by itself: each use of a lost connection makes a new one.
public actor PostgresSession {
  private let options: PostgresOptions
  private let executor: ThreadExecutor
  private var connection: PostgresConnection?

  /// The thread that serves this actor.
  public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  /// Connects at the first use. `name` shows in thread listings.
  public init(_ options: PostgresOptions, name: String) {
    self.options = options
    executor = ThreadExecutor(name: name)
  }

  /// Runs `body` with the connection; it blocks this session's thread alone.
  ///
  /// After an error that broke the connection, that left a transaction open, or that tells of a server that takes no writes
  /// any more, the connection is dropped.
  public func use<Result: Sendable>(
    _ body: @Sendable (inout PostgresConnection) throws(PostgresError) -> Result
  ) throws(PostgresError) -> Result {
    var connection = try take()
    do {
      let result = try body(&connection)
      keep(connection)
      return result
    } catch {
      if !error.isReadOnly { keep(connection) }
      throw error
    }
  }

  /// As ``use(_:)``, after a look at the connection: one that the server has hung up meanwhile is made anew.
  func useAlive<Result: Sendable>(
    _ body: @Sendable (inout PostgresConnection) throws(PostgresError) -> Result
  ) throws(PostgresError) -> Result {
    if var connection = self.connection.take(), !connection.isHungUp() { self.connection = consume connection }
    return try use(body)
  }

  /// Ends the connection; the next use makes a new one.
  public func disconnect() { connection = nil }

  private func keep(_ connection: consuming PostgresConnection) {
    if connection.isIdle { self.connection = consume connection }
  }

  private func take() throws(PostgresError) -> PostgresConnection {
    if let connection = self.connection.take() { return connection }
    return try PostgresConnection(options)
  }
}

extension PostgresConnection {
  /// Ends an explicit transaction without effect, if one is open. Used after a refusal inside a transaction.
  public mutating func rollBack() throws(PostgresError) {
    if !isIdle { try execute("ROLLBACK") }
  }

  /// Ends the transaction that an error came out of, without effect. When the server cannot even be told that, the connection is
  /// let go of: with it ends what nobody has committed.
  /// - Returns: The error, which stays what the caller has to deal with.
  public mutating func rolledBack(after error: PostgresError) -> PostgresError {
    do throws(PostgresError) { try rollBack() } catch { abandon() }
    return error
  }
}
