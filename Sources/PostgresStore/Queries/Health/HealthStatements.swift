internal import Postgres

/// The SQL of the exchange's health.
enum HealthStatements {
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
}
