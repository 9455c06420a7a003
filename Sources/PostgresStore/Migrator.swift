public import Postgres

/// Brings a database's schema up to date from the migrations embedded in the program.
public enum Migrator {
  /// One step of the schema's history: its number, its name and its SQL.
  struct Migration {
    let version: Int32
    let name: String
    let sql: String
  }

  /// All steps in order. A step that has shipped never changes.
  static let migrations: [Migration] = [
    Migration(
      version: 1, name: "foundation", sql: String(decoding: PackageResources.m0001_foundation_sql, as: UTF8.self)),
    Migration(
      version: 2, name: "leadership", sql: String(decoding: PackageResources.m0002_leadership_sql, as: UTF8.self)),
    Migration(
      version: 3, name: "quarantine", sql: String(decoding: PackageResources.m0003_quarantine_sql, as: UTF8.self)),
    Migration(
      version: 4, name: "conditional_orders",
      sql: String(decoding: PackageResources.m0004_conditional_orders_sql, as: UTF8.self)),
    Migration(
      version: 5, name: "account_events",
      sql: String(decoding: PackageResources.m0005_account_events_sql, as: UTF8.self)),
    Migration(
      version: 6, name: "market_data", sql: String(decoding: PackageResources.m0006_market_data_sql, as: UTF8.self)),
    Migration(
      version: 7, name: "keeping", sql: String(decoding: PackageResources.m0007_keeping_sql, as: UTF8.self)),
    Migration(
      version: 9, name: "calendar", sql: String(decoding: PackageResources.m0009_calendar_sql, as: UTF8.self)),
    Migration(
      version: 10, name: "admin_log", sql: String(decoding: PackageResources.m0010_admin_log_sql, as: UTF8.self)),
    Migration(
      version: 11, name: "market_day", sql: String(decoding: PackageResources.m0011_market_day_sql, as: UTF8.self)),
    Migration(
      version: 12, name: "order_bounds", sql: String(decoding: PackageResources.m0012_order_bounds_sql, as: UTF8.self)),
    Migration(version: 13, name: "halts", sql: String(decoding: PackageResources.m0013_halts_sql, as: UTF8.self)),
    Migration(
      version: 14, name: "price_bands", sql: String(decoding: PackageResources.m0014_price_bands_sql, as: UTF8.self)),
    Migration(
      version: 19, name: "stalled_sessions",
      sql: String(decoding: PackageResources.m0019_stalled_sessions_sql, as: UTF8.self)),
  ]

  /// The schema version that this program works with.
  public static var currentVersion: Int32 { migrations.last!.version }

  /// How many shards a new database gets when nobody says.
  public static let defaultShards: Int16 = 16

  /// What a migration run did.
  public struct Report: Sendable {
    /// Names of the steps that ran.
    public var applied: [String]
    /// How many shards the database has.
    public var shards: Int16
  }

  /// Runs the steps that the database lacks, each in a transaction; concurrent runs wait for each other.
  /// - Parameter shards: For a new database only; nil takes ``defaultShards``.
  /// - Throws: ``PostgresError`` when the database is away or a step fails (it then left no trace).
  public static func run(_ connection: inout PostgresConnection, shards: Int16?) throws(PostgresError) -> Report {
    try connection.execute("SET client_min_messages = warning; SELECT pg_advisory_lock(7361725)")
    defer { try? connection.execute("SELECT pg_advisory_unlock(7361725)") }
    try connection.execute(
      """
      CREATE TABLE IF NOT EXISTS schema_migrations (
        version integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())
      """)
    let known = try connection.query(PostgresCall(.init("known_migrations", "SELECT version FROM schema_migrations")))
    let versions = Set((0..<known.count).map { known.int4($0, 0) })
    var applied: [String] = []
    for migration in migrations where !versions.contains(migration.version) {
      let record = "INSERT INTO schema_migrations (version, name) VALUES (\(migration.version), '\(migration.name)')"
      // One simple query is one transaction: a killed run leaves the step undone.
      try connection.execute("BEGIN;\n\(migration.sql);\n\(record);\nCOMMIT")
      applied.append(migration.name)
    }
    try connection.execute(
      """
      INSERT INTO shard_logs (shard) SELECT generate_series(0, \((shards ?? defaultShards) - 1))
        WHERE NOT EXISTS (SELECT FROM shard_logs);
      INSERT INTO shard_cursors (shard) SELECT shard FROM shard_logs ON CONFLICT DO NOTHING;
      \(Partitions.ensureDays)
      """)
    let count = try connection.query(PostgresCall(.init("count_shards", "SELECT count(*)::smallint FROM shard_logs")))
    return Report(applied: applied, shards: count.int2(0, 0))
  }
}

/// The days for which tables stand ready.
public enum Partitions {
  /// How many days ahead of today.
  public static let daysAhead = 3

  /// The days' tables first, then what stands beside each.
  static let ensureDays = """
    SELECT ensure_partitions((now() AT TIME ZONE 'UTC')::date - 1, \(daysAhead + 2));
    SELECT ensure_market_day((now() AT TIME ZONE 'UTC')::date + n) FROM generate_series(-1, \(daysAhead)) AS n
    """

  /// Makes missing days, from yesterday on. Call it at start and a few times a day.
  public static func ensure(_ session: PostgresSession) async throws(PostgresError) {
    try await session.use { (connection) throws(PostgresError) in
      try connection.execute(ensureDays)
    }
  }
}
