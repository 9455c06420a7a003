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
    let rows = try await query(PostgresCall(KeepingStatements.configuration, [.int8(account.rawValue)]))
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

  public func setConfiguration(
    _ configuration: AccountConfiguration, of account: AccountNumber
  ) async throws(LedgerError) {
    _ = try await query(
      PostgresCall(
        KeepingStatements.setConfiguration,
        [
          .int8(account.rawValue), .bool(configuration.suspendsTrading), .text(configuration.dayTradeCheck.rawValue),
          .text(configuration.patternDayTraderCheck.rawValue), .text(configuration.confirmsTrades.rawValue),
          .bool(configuration.noExceptionEntry),
        ]))
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
