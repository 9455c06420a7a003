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
      version: 16, name: "day_tables", sql: String(decoding: PackageResources.m0016_day_tables_sql, as: UTF8.self)),
    Migration(
      version: 17, name: "auction_parts", sql: String(decoding: PackageResources.m0017_auction_parts_sql, as: UTF8.self)
    ),
    Migration(
      version: 18, name: "restorations", sql: String(decoding: PackageResources.m0018_restorations_sql, as: UTF8.self)),
    Migration(
      version: 19, name: "stalled_sessions",
      sql: String(decoding: PackageResources.m0019_stalled_sessions_sql, as: UTF8.self)),
    Migration(version: 21, name: "findings", sql: String(decoding: PackageResources.m0021_findings_sql, as: UTF8.self)),
    Migration(
      version: 23, name: "open_orders", sql: String(decoding: PackageResources.m0023_open_orders_sql, as: UTF8.self)),
    Migration(
      version: 24, name: "position_cost",
      sql: String(decoding: PackageResources.m0024_position_cost_sql, as: UTF8.self)),
    Migration(
      version: 26, name: "auction_prints",
      sql: String(decoding: PackageResources.m0026_auction_prints_sql, as: UTF8.self)),
  ]

  /// The schema version that this program works with.
  public static var currentVersion: Int32 { migrations.last!.version }

  /// The numbers and names of all steps, in order.
  public static var steps: [(version: Int32, name: String)] { migrations.map { ($0.version, $0.name) } }

  /// How many shards a new database gets when nobody says. The number stays for the database's life and is the most
  /// workers that it can ever keep busy, so it leaves room to grow: an idle shard costs next to nothing.
  public static let defaultShards: Int16 = 64

  /// What a migration run did.
  public struct Report: Sendable {
    /// Names of the steps that ran.
    public var applied: [String]
    /// How many shards the database has.
    public var shards: Int16
    /// Whether the programs' roles were given their rights.
    public var givesRights: Bool
  }

  /// Runs the steps that the database lacks, each in a transaction, and makes the coming days' tables; concurrent runs wait
  /// for each other.
  ///
  /// A step that would change a table which somebody reads or writes asks for its lock for a moment only, and comes again:
  /// whoever comes behind it waits no longer than that, however long it takes until the table is free.
  /// - Parameters:
  ///   - shards: For a new database only; nil takes ``defaultShards``.
  ///   - makesRoles: Whether the programs' roles are made and given their rights. Where they have rights already, they get
  ///     those of this version in any case.
  ///   - patience: How locks are waited for.
  ///   - waiting: Told of each lock that could not be had.
  /// - Throws: ``PostgresError`` when the database is away or a step fails (it then left no trace).
  public static func run(
    _ connection: inout PostgresConnection, shards: Int16?, makesRoles: Bool = false,
    patience: MigrationPatience = MigrationPatience(), waiting: (MigrationWait) -> Void = { _ in }
  ) throws(PostgresError) -> Report {
    try connection.execute(MigrationStatements.warningsOnly)
    try patience.retrying("others that migrate", &connection, waiting) { (connection) throws(PostgresError) in
      try connection.execute(MigrationStatements.lock)
    }
    do throws(PostgresError) {
      let report = try bringUpToDate(&connection, shards, makesRoles, patience, waiting)
      try connection.execute(MigrationStatements.unlock)
      return report
    } catch {
      let failure = connection.rolledBack(after: error)
      // Where it cannot be given back, the lock goes with the connection.
      do throws(PostgresError) { try connection.execute(MigrationStatements.unlock) } catch { connection.abandon() }
      throw failure
    }
  }

  private static func bringUpToDate(
    _ connection: inout PostgresConnection, _ shards: Int16?, _ makesRoles: Bool, _ patience: MigrationPatience,
    _ waiting: (MigrationWait) -> Void
  ) throws(PostgresError) -> Report {
    try connection.execute(MigrationStatements.makeList)
    let known = try connection.query(PostgresCall(MigrationStatements.known))
    let versions = Set((0..<known.count).map { known.int4($0, 0) })
    var applied: [String] = []
    for migration in migrations where !versions.contains(migration.version) {
      try patience.retrying("step \(migration.name)", &connection, waiting) { (connection) throws(PostgresError) in
        try connection.execute(MigrationStatements.step(migration))
      }
      applied.append(migration.name)
    }
    try connection.execute(MigrationStatements.makeShards(shards ?? defaultShards))
    try patience.retrying("the coming days' tables", &connection, waiting) { (connection) throws(PostgresError) in
      _ = try Partitions.make(&connection, days: Int32(Partitions.daysAhead) + 2)
    }
    var givesRights = makesRoles
    if !givesRights { givesRights = try DatabaseRights.areGiven(&connection) }
    if givesRights { try DatabaseRights.give(&connection) }
    let count = try connection.query(PostgresCall(MigrationStatements.countShards))
    return Report(applied: applied, shards: count.int2(0, 0), givesRights: givesRights)
  }
}
