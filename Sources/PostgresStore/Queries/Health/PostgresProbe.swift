public import Ports
public import Postgres

/// Asks PostgreSQL whether it is there and takes writes.
public struct PostgresProbe: StoreProbe {
  private let session: PostgresSession

  /// Asks over `session`; make it with ``StoreSettings/ledger(url:role:)``.
  public init(session: PostgresSession) { self.session = session }

  public func ask() async -> String? {
    let call = PostgresCall(ReadingStatements.probe)
    do throws(PostgresError) {
      let rows: PostgresRows
      do {
        rows = try await session.use { (connection) throws(PostgresError) in try connection.query(call) }
      } catch .connectionLost {
        // A connection that died while idle says nothing of the server.
        rows = try await session.use { (connection) throws(PostgresError) in try connection.query(call) }
      }
      guard rows.bool(0, 0) else { return nil }
      await session.disconnect()
      return "the server takes no writes: it is a standby"
    } catch {
      return error.description
    }
  }
}
