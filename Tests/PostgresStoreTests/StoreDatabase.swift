import Lifecycle
import Market
import Postgres
import PostgresStore
import TestKit

/// Databases for tests of the store: migrated, with a few accounts and instruments, each a copy of one template.
enum StoreDatabase {
  static let shards: Int16 = 3
  /// Instruments 1 to 5; instrument n belongs to shard (n - 1) % 3.
  static let instruments: Int32 = 5
  static let accounts = (0..<6).map { AccountNumber(rawValue: 100_000_001 + $0) }
  /// What each account has at first.
  static let cash = Money.dollars(1_000_000)
  static let shares = Quantity(rawValue: 5_000)

  /// Noon of tomorrow: far from the days' edges, within the tables that stand ready, and at no hour of the day so long ago
  /// that what waits since then has waited too long.
  static let noon: Timestamp = {
    let day: Int64 = 86_400_000_000
    return Timestamp(rawValue: HostClock.microsecondsSinceEpoch() / day * day + day * 3 / 2)
  }()

  static func shard(of instrument: Int32) -> Shard { Shard(rawValue: Int16(instrument - 1) % shards) }

  private static let template = Result { () throws in
    let server = try PostgresServer.shared()
    let url = try server.makeDatabase("template_store")
    var connection = try PostgresConnection(PostgresOptions(url: url, applicationName: "tests"))
    _ = try Migrator.run(&connection, shards: shards)
    try connection.execute(
      """
      INSERT INTO instruments (symbol, name, shard)
        SELECT 'S' || chr(64 + n), 'Share ' || n, (n - 1) % \(shards) FROM generate_series(1, \(instruments)) AS n ORDER BY n;
      INSERT INTO accounts (public_id, name, cash)
        SELECT gen_random_uuid(), 'Account ' || n, \(cash.rawValue) FROM generate_series(1, \(accounts.count)) AS n ORDER BY n;
      INSERT INTO positions (account_id, instrument_id, quantity)
        SELECT account_id, instrument_id, \(shares.rawValue) FROM accounts, instruments;
      INSERT INTO journals (kind, reference) SELECT 'deposit', 'cash of ' || account_id FROM accounts;
      INSERT INTO journals (kind, reference)
        SELECT 'grant', 'shares ' || instrument_id || ' of ' || account_id FROM positions;
      INSERT INTO journal_lines SELECT journal_id, l.account, 0, l.amount FROM accounts a
        JOIN journals ON reference = 'cash of ' || account_id
        CROSS JOIN LATERAL (VALUES (account_id, cash), (-1, -cash)) AS l (account, amount);
      INSERT INTO journal_lines SELECT journal_id, l.account, instrument_id, l.amount FROM positions
        JOIN journals ON reference = 'shares ' || instrument_id || ' of ' || account_id
        CROSS JOIN LATERAL (VALUES (account_id, quantity), (-2, -quantity)) AS l (account, amount);
      """)
    return "template_store"
  }

  private static let counter = Lock(0)

  /// Makes a database and returns its connection string.
  /// - Parameter template: The database to copy; nil starts with the accounts as they are at first.
  static func make(named name: String? = nil, from template: String? = nil) throws -> String {
    let number = counter.withLock { count in
      count += 1
      return count
    }
    return try PostgresServer.shared().makeDatabase(name ?? "store_\(number)", from: template ?? Self.template.get())
  }

  /// A session as the store's own programs have it.
  static func session(_ url: String) -> PostgresSession {
    PostgresSession(StoreSettings.ledger(url: url, role: "tests"), name: "tests")
  }

  /// One value of text from a statement; nil when it has no row.
  static func text(_ url: String, _ sql: String) throws -> String? {
    var connection = try PostgresConnection(PostgresOptions(url: url, applicationName: "tests"))
    let rows = try connection.query(PostgresCall(PostgresStatement("test", sql)))
    return rows.count == 0 ? nil : rows.text(0, 0)
  }

  /// One whole number from a statement.
  static func integer(_ url: String, _ sql: String) throws -> Int? {
    try text(url, "SELECT (\(sql))::text").flatMap { Int($0) }
  }
}
