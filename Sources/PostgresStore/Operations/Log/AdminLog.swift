internal import Market
package import Ports
package import Postgres

/// The administrative log in PostgreSQL.
package struct AdminLog: AdminLogReader {
  private let database: AdministrationSession

  /// Works over `session`; make it with ``StoreSettings/ledger(url:role:)``.
  package init(session: PostgresSession) { database = AdministrationSession(session: session, actor: .process) }

  package func list(_ question: AdminLogQuestion) async throws(AdministrationError) -> [AdminLogEntry] {
    if let prefix = question.prefix, prefix.utf8.contains(0) { throw .refused("no action begins with a zero byte") }
    return try await database.read { (connection) throws(PostgresError) in
      var account: AccountNumber?
      if let name = question.account {
        account = try AccountAdministration.find(name, &connection)
        if account == nil { return .refused("there is no account \(name)") }
      }
      let rows = try connection.query(
        PostgresCall(
          AdminLogStatements.list,
          [
            account.map { .int8($0.rawValue) } ?? .null, question.prefix.map { .text($0) } ?? .null,
            question.since.map { .timestamp(microseconds: $0.rawValue) } ?? .null, .int4(question.limit),
          ]))
      return .done(Self.entries(rows))
    }
  }

  private static func entries(_ rows: PostgresRows) -> [AdminLogEntry] {
    (0..<rows.count).map {
      AdminLogEntry(
        number: rows.int8($0, 0), at: Timestamp(rawValue: rows.timestamp($0, 1)), actor: rows.text($0, 2),
        action: rows.text($0, 3), target: rows.text($0, 4), arguments: rows.text($0, 5), outcome: rows.text($0, 6))
    }
  }
}
