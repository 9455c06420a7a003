internal import Digest
internal import Market
public import Ports
public import Postgres

/// What PostgreSQL needs behind the restoring of a backup.
public struct RestorationAdministration: RestorationOperations {
  private let database: AdministrationSession

  /// Works over `session`; make it with ``StoreSettings/ledger(url:role:)``.
  /// - Parameter actor: Who makes the change.
  public init(session: PostgresSession, actor: AdminActor = .process) {
    database = AdministrationSession(session: session, actor: actor)
  }

  public func restored() async throws(AdministrationError) -> RestorationReport {
    let nonces = (SecureRandom.word(), SecureRandom.word())
    return try await database.change(AdminAction("restored", target: "database")) {
      (connection) throws(PostgresError) -> AdministrationSession.Ending<RestorationReport> in
      let rows = try connection.query(PostgresCall(RestorationStatements.fence, [.int8(Int64(bitPattern: nonces.0))]))
      _ = try connection.query(PostgresCall(RestorationStatements.renew, [.int8(Int64(bitPattern: nonces.1))]))
      let ends = try connection.query(PostgresCall(RestorationStatements.ends))
      let settled = Dictionary(uniqueKeysWithValues: (0..<rows.count).map { (rows.int2($0, 0), rows.int8($0, 1)) })
      let backlog = (0..<ends.count).reduce(0) { $0 + ends.int8($1, 1) - (settled[ends.int2($1, 0)] ?? 0) }
      return .done(
        RestorationReport(
          timeline: try DatabaseTimeline(&connection), shards: settled.keys.sorted().map { Shard(rawValue: $0) },
          backlog: backlog))
    }
  }
}
