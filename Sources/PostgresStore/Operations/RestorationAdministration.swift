internal import Digest
public import Market
public import Ports
public import Postgres

/// What is done once behind the restoring of a backup, before anybody trades on it.
public struct RestorationAdministration: Sendable {
  private let database: AdministrationSession

  /// Works over `session`; make it with ``StoreSettings/ledger(url:role:)``.
  /// - Parameter actor: Who makes the change.
  public init(session: PostgresSession, actor: AdminActor = .process) {
    database = AdministrationSession(session: session, actor: actor)
  }

  /// What was done.
  public struct Report: Hashable, Sendable {
    /// The name that log rows and stream entries bear from now on.
    public var history: LedgerHistory
    /// The shards, all of which were taken from their owners.
    public var shards: [Shard]
    /// Log rows that stand in the restored log and are not settled yet.
    public var backlog: Int64
  }

  /// Gives the history a new name and takes all shards from their owners, in one transaction.
  public func restored() async throws(AdministrationError) -> Report {
    let nonces = (SecureRandom.word(), SecureRandom.word())
    return try await database.change(AdminAction("restored", target: "database")) {
      (connection) throws(PostgresError) -> AdministrationSession.Ending<Report> in
      let rows = try connection.query(PostgresCall(RestorationStatements.fence, [.int8(Int64(bitPattern: nonces.0))]))
      _ = try connection.query(PostgresCall(RestorationStatements.renew, [.int8(Int64(bitPattern: nonces.1))]))
      let ends = try connection.query(PostgresCall(RestorationStatements.ends))
      let settled = Dictionary(uniqueKeysWithValues: (0..<rows.count).map { (rows.int2($0, 0), rows.int8($0, 1)) })
      let backlog = (0..<ends.count).reduce(0) { $0 + ends.int8($1, 1) - (settled[ends.int2($1, 0)] ?? 0) }
      return .done(
        Report(
          history: try LedgerHistory(&connection), shards: settled.keys.sorted().map { Shard(rawValue: $0) },
          backlog: backlog))
    }
  }
}
