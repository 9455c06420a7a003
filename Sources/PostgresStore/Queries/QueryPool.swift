internal import Ports
internal import Postgres

/// Questions over the connections of a pool, which may be asked twice.
struct QueryPool: Sendable {
  let pool: PostgresPool
  /// The days that have tables, for all of them.
  let days = DayTables()

  /// Asks one question, or makes one change that may be made twice.
  func query(_ call: PostgresCall) async throws(StoreError) -> PostgresRows {
    try await use { (connection) throws(PostgresError) in try connection.query(call) }
  }

  /// Runs a body that may run twice: again where a connection died while it was idle, or where a day has been taken away
  /// since its tables were listed.
  func use<Answer: Sendable>(
    _ body: @Sendable (inout PostgresConnection) throws(PostgresError) -> Answer
  ) async throws(StoreError) -> Answer {
    do {
      do {
        return try await pool.use(body)
      } catch  where error.isMissingTable {
        days.forget()
        return try await pool.use(body)
      }
    } catch {
      throw StoreError(error)
    }
  }
}
