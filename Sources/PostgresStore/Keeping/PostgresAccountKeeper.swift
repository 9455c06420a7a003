internal import Lifecycle
public import Market
public import Ports
public import Postgres

/// Keeps what accounts have beside money and orders, over a few connections in turn.
public final class PostgresAccountKeeper: AccountKeeper {
  private let sessions: [PostgresSession]
  private let turn = Lock(0)
  let days = DayTables()

  /// Works over `sessions`; make them with ``StoreSettings/ledger(url:role:)``.
  public init(sessions: [PostgresSession]) {
    precondition(!sessions.isEmpty)
    self.sessions = sessions
  }

  public func configuration(of account: AccountNumber) async throws(LedgerError) -> AccountConfiguration {
    Self.configuration(try await query(PostgresCall(KeepingStatements.configuration, [.int8(account.rawValue)])))
  }

  private static func configuration(_ rows: PostgresRows) -> AccountConfiguration {
    var configuration = AccountConfiguration()
    guard rows.count == 1 else { return configuration }
    configuration.suspendsTrading = rows.bool(0, 0)
    guard !rows.isNull(0, 1) else { return configuration }
    configuration.dayTradeCheck = .init(rawValue: rows.text(0, 1)) ?? .both
    configuration.patternDayTraderCheck = .init(rawValue: rows.text(0, 2)) ?? .both
    configuration.confirmsTrades = .init(rawValue: rows.text(0, 3)) ?? .all
    configuration.noExceptionEntry = rows.bool(0, 4)
    return configuration
  }

  public func changeConfiguration(
    _ change: AccountConfigurationChange, of account: AccountNumber
  ) async throws(LedgerError) -> AccountConfiguration {
    // A change that is repeated because its connection died comes to the same.
    Self.configuration(
      try await query(
        PostgresCall(
          KeepingStatements.changeConfiguration,
          [
            .int8(account.rawValue), change.suspendsTrading.map { .bool($0) } ?? .null,
            change.dayTradeCheck.map { .text($0.rawValue) } ?? .null,
            change.patternDayTraderCheck.map { .text($0.rawValue) } ?? .null,
            change.confirmsTrades.map { .text($0.rawValue) } ?? .null,
            change.noExceptionEntry.map { .bool($0) } ?? .null,
          ])))
  }

  /// Asks one question, or makes one change that may be made twice; on a connection that died while idle, again.
  func query(_ call: PostgresCall) async throws(LedgerError) -> PostgresRows {
    try await use { (connection) throws(PostgresError) in try connection.query(call) }
  }

  /// Runs a body that may run twice.
  func use<Value: Sendable>(
    _ body: @Sendable (inout PostgresConnection) throws(PostgresError) -> Value
  ) async throws(LedgerError) -> Value {
    let session = sessions[
      turn.withLock { turn in
        turn = (turn + 1) % sessions.count
        return turn
      }]
    do {
      do {
        return try await session.use(body)
      } catch  where error.isMissingTable {
        // A day has been taken away since its tables were listed.
        days.forget()
        return try await session.use(body)
      } catch .connectionLost {
        return try await session.use(body)
      }
    } catch {
      throw LedgerError(error)
    }
  }
}
