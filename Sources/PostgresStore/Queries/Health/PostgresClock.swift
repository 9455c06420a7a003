public import Market
public import Ports
public import Postgres

/// PostgreSQL's clock.
public struct PostgresClock: DatabaseClock {
  private let session: PostgresSession

  /// Asks over `session`; make it with ``StoreSettings/ledger(url:role:)``.
  public init(session: PostgresSession) { self.session = session }

  public func moment() async throws(StoreError) -> Timestamp {
    let call = PostgresCall(ReadingStatements.clock)
    do throws(PostgresError) {
      let rows = try await session.use { (connection) throws(PostgresError) in try connection.query(call) }
      return Timestamp(rawValue: rows.timestamp(0, 0))
    } catch {
      throw StoreError(error)
    }
  }
}
