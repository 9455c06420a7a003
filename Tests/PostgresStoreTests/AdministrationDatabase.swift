import Lifecycle
import Postgres
import PostgresStore
import TestKit

/// Databases for tests of administration: migrated, without accounts and instruments.
enum AdministrationDatabase {
  static let shards: Int16 = 4

  private static let template = Result { () throws in
    let url = try PostgresServer.shared().makeDatabase("template_administration")
    var connection = try PostgresConnection(PostgresOptions(url: url, applicationName: "tests"))
    _ = try Migrator.run(&connection, shards: shards, makesRoles: true)
  }

  private static let counter = Lock(0)

  /// Makes a database and returns its connection string.
  static func make() throws -> String {
    try template.get()
    let number = counter.withLock { count in
      count += 1
      return count
    }
    return try PostgresServer.shared().makeDatabase("administration_\(number)", from: "template_administration")
  }

  /// A session as operators' commands have it, with their rights.
  static func session(_ url: String) -> PostgresSession {
    PostgresSession(
      StoreSettings.ledger(
        url: url.replacing("user=postgres", with: "user=\(DatabaseRole.operator.rawValue)"), role: "tests"),
      name: "tests")
  }

  /// A session of the schema's owner.
  static func owner(_ url: String) -> PostgresSession {
    PostgresSession(StoreSettings.ledger(url: url, role: "tests"), name: "tests")
  }

  /// The one number that a question answers.
  static func number(_ sql: String, _ url: String) async throws -> Int64 {
    try await session(url).use { (connection) throws(PostgresError) in
      try connection.query(PostgresCall(PostgresStatement("number", "SELECT (\(sql))::bigint"))).int8(0, 0)
    }
  }

  /// Holds that every journal sums to zero per asset, and that balances and positions are the sums of postings.
  static func disagreements(_ url: String) async throws -> Int64 {
    try await number(
      """
      (SELECT count(*) FROM (SELECT FROM journal_lines GROUP BY journal_id, asset HAVING sum(amount) <> 0) AS s)
      + (SELECT count(*) FROM accounts a WHERE cash <> coalesce(
          (SELECT sum(amount) FROM postings p WHERE p.account_id = a.account_id AND asset = 0), 0))
      + (SELECT count(*) FROM positions q WHERE quantity <> coalesce(
          (SELECT sum(amount) FROM postings p WHERE p.account_id = q.account_id AND asset = q.instrument_id), 0))
      """, url)
  }
}
