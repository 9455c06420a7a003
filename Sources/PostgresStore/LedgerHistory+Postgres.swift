internal import Digest
internal import Market
internal import Postgres

extension LedgerHistory {
  /// The branch that a server writes to and a restoration of its data belongs to: whatever of it differs, the name differs.
  /// - Parameter restoration: What ``Restoration`` reads.
  init(_ server: PostgresHistory, restoration: Int64) {
    let parts = [server.system, Int64(server.timeline), server.database, server.startedAt, restoration]
    let digest = SHA256Digest(of: parts.map(String.init).joined(separator: " "))
    // The sign is left out, for texts have none; zero stands for no name.
    self.init(rawValue: max(1, Int64(digest.prefix.high >> 1)))
  }

  /// The branch that a connection writes to; ``unnamed`` on a server that takes no writes.
  init(_ connection: inout PostgresConnection) throws(PostgresError) {
    guard let server = try connection.history() else {
      self = .unnamed
      return
    }
    self.init(server, restoration: try connection.query(PostgresCall(Restoration.read)).int8(0, 0))
  }
}

/// Which restoration of a backup the data is of, as one number: the nonce that "buttonwood restored" renews, and which row of
/// which table holds it. `pg_restore` makes both anew, so a dump restored tells even when nobody has said so.
enum Restoration {
  /// As a scalar in other statements: read in their transaction, it costs no statement of its own. Never NULL.
  static let scalar = """
    coalesce((SELECT r.nonce # (r.tableoid::bigint << 32 | r.xmin::text::bigint)
      FROM ledger_restorations r WHERE r.restoration = 1), 0)
    """

  static let read = PostgresStatement("restoration", "SELECT \(scalar)")
}
