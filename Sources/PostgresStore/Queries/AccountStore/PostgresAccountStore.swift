public import Market
public import Ports
public import Postgres

/// Keeps what accounts have beside money and orders, over a few connections in turn.
public final class PostgresAccountStore: AccountStore {
  private let pool: QueryPool
  var days: DayTables { pool.days }

  /// Works over a pool of sessions; make them with ``StoreSettings/ledger(url:role:)``.
  public init(pool: PostgresPool) { self.pool = QueryPool(pool: pool) }

  public func configuration(of account: AccountNumber) async throws(StoreError) -> AccountConfiguration {
    Self.configuration(try await query(PostgresCall(AccountStoreStatements.configuration, [.int8(account.rawValue)])))
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
  ) async throws(StoreError) -> AccountConfiguration {
    // A change that is repeated because its connection died comes to the same.
    Self.configuration(
      try await query(
        PostgresCall(
          AccountStoreStatements.changeConfiguration,
          [
            .int8(account.rawValue), change.suspendsTrading.map { .bool($0) } ?? .null,
            change.dayTradeCheck.map { .text($0.rawValue) } ?? .null,
            change.patternDayTraderCheck.map { .text($0.rawValue) } ?? .null,
            change.confirmsTrades.map { .text($0.rawValue) } ?? .null,
            change.noExceptionEntry.map { .bool($0) } ?? .null,
          ])))
  }

  func query(_ call: PostgresCall) async throws(StoreError) -> PostgresRows { try await pool.query(call) }

  func use<Value: Sendable>(
    _ body: @Sendable (inout PostgresConnection) throws(PostgresError) -> Value
  ) async throws(StoreError) -> Value { try await pool.use(body) }
}
