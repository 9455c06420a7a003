internal import Digest
internal import Market
internal import Postgres

extension DatabaseTimeline {
  /// The branch that a server writes to and a restoration of its data belongs to: whatever of it differs, the name differs.
  /// - Parameter restoration: What ``RestorationStatements`` reads.
  init(_ server: PostgresTimeline, restoration: Int64) {
    let parts = [server.system, Int64(server.timeline), server.database, server.startedAt, restoration]
    let digest = SHA256Digest(of: parts.map(String.init).joined(separator: " "))
    // The sign is left out, for texts have none; zero stands for no name.
    self.init(rawValue: max(1, Int64(digest.prefix.high >> 1)))
  }

  /// The branch that a connection writes to; ``unnamed`` on a server that takes no writes.
  init(_ connection: inout PostgresConnection) throws(PostgresError) {
    guard let server = try connection.timeline() else {
      self = .unnamed
      return
    }
    self.init(server, restoration: try connection.query(PostgresCall(RestorationStatements.read)).int8(0, 0))
  }
}
