internal import Market
public import Ports
public import Postgres

/// Tells what the database knows of the exchange's health, over one connection.
public struct PostgresHealthReader: HealthReader {
  private let session: PostgresSession

  /// Reads over `session`; make it with ``StoreSettings/ledger(url:role:)``.
  public init(session: PostgresSession) { self.session = session }

  static let schema = PostgresStatement("health_schema", "SELECT version FROM schema_migrations")

  /// Who follows shows to superusers and members of `pg_read_all_stats` alone (PostgreSQL 15, 28.2).
  static let server = PostgresStatement(
    "health_server",
    """
    SELECT clock_timestamp(), current_setting('synchronous_standby_names'),
      CASE WHEN pg_has_role(current_user, 'pg_read_all_stats', 'USAGE') THEN
        (SELECT count(*) FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum') AND state = 'streaming') END
    """)

  /// An operator's halts; trading pauses end by themselves. A change of the reason counts as the last word about a halt.
  static let halts = PostgresStatement(
    "health_halts",
    """
    SELECT i.symbol, i.halt_reason, coalesce(
      (SELECT l.at FROM admin_log l
        WHERE l.target = i.symbol AND l.action = 'instrument halt' AND l.outcome = 'done' ORDER BY l.entry DESC LIMIT 1),
      (SELECT p.changed_at FROM instrument_phases p WHERE p.instrument_id = i.instrument_id AND p.is_halted)) AS since
    FROM instruments i WHERE i.halt_reason IS NOT NULL AND i.paused_until IS NULL
    ORDER BY since NULLS LAST, i.symbol LIMIT 100
    """)

  /// Compares the schema with this program's.
  public func schema() async throws(LedgerError) -> SchemaStanding {
    do throws(PostgresError) {
      let rows = try await read([PostgresCall(Self.schema)])[0]
      return SchemaStanding(applied: (0..<rows.count).map { rows.int4($0, 0) }, known: Migrator.steps)
    } catch {
      guard error.state == Self.undefinedTable else { throw LedgerError(error) }
      return .missing
    }
  }

  /// The schema first: what it lacks need not be asked for.
  public func health() async throws(LedgerError) -> LedgerHealth {
    var health = LedgerHealth(schema: try await schema())
    guard health.schema.isUsable else { return health }
    do throws(PostgresError) {
      let answers = try await read([
        PostgresCall(Self.server), PostgresCall(Self.halts),
        PostgresCall(PartitionStatements.ahead, [.int4(Int32(Partitions.daysAhead))]),
      ])
      health.now = answers[0].moment(0, 0)
      health.standbys = Self.standbys(answers[0])
      health.halts = (0..<answers[1].count).map { row in
        .init(symbol: answers[1].text(row, 0), reason: answers[1].text(row, 1), since: answers[1].moment(row, 2))
      }
      health.daysAhead = Int(answers[2].int4(0, 0))
    } catch {
      throw LedgerError(error)
    }
    return health
  }

  /// SQLSTATE undefined_table (PostgreSQL 15, appendix A).
  private static let undefinedTable = "42P01"

  private static func standbys(_ rows: PostgresRows) -> LedgerHealth.Standbys? {
    let needed = SynchronousStandbys.needed(rows.text(0, 1))
    guard needed > 0, !rows.isNull(0, 2) else { return nil }
    return .init(needed: needed, following: Int(rows.int8(0, 2)))
  }

  private func read(_ calls: [PostgresCall]) async throws(PostgresError) -> [PostgresRows] {
    do {
      return try await session.use { (connection) throws(PostgresError) in try connection.pipeline(calls) }
    } catch .connectionLost {
      // A connection that died while idle: reading again is harmless.
      return try await session.use { (connection) throws(PostgresError) in try connection.pipeline(calls) }
    }
  }
}

/// PostgreSQL's list of standbys that commits wait for.
enum SynchronousStandbys {
  /// How many a commit waits for: `FIRST 2 (a, b, c)`, `ANY 1 (a, b)`, `2 (a, b)`, or names alone, of which one counts.
  ///
  /// Source: PostgreSQL 15, 20.6.2 (synchronous_standby_names).
  static func needed(_ setting: String) -> Int {
    let words = setting.split { $0.isWhitespace || $0 == "(" }
    guard let first = words.first else { return 0 }
    let isCounted = setting.contains("(")
    guard isCounted else { return 1 }
    let count = ["first", "any"].contains(first.lowercased()) ? words.dropFirst().first : first
    return count.flatMap { Int($0) } ?? 1
  }
}
