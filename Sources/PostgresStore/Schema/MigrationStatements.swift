internal import Lifecycle
internal import Postgres

/// The SQL of migrations; the steps themselves are files.
enum MigrationStatements {
  static let warningsOnly = "SET client_min_messages = warning"

  /// Held by whoever migrates: one at a time.
  static let lock = "SELECT pg_advisory_lock(7361725)"
  static let unlock = "SELECT pg_advisory_unlock(7361725)"

  static let makeList = """
    CREATE TABLE IF NOT EXISTS schema_migrations (
      version integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())
    """

  static let known = PostgresStatement("known_migrations", "SELECT version FROM schema_migrations")

  /// A step and the record of it. One simple query is one transaction: a killed run leaves the step undone.
  static func step(_ migration: Migrator.Migration) -> String {
    """
    BEGIN;
    \(migration.sql);
    INSERT INTO schema_migrations (version, name) VALUES (\(migration.version), '\(migration.name)');
    COMMIT
    """
  }

  /// The shards of a new database.
  static func makeShards(_ count: Int16) -> String {
    """
    INSERT INTO shard_logs (shard) SELECT generate_series(0, \(count - 1)) WHERE NOT EXISTS (SELECT FROM shard_logs);
    INSERT INTO shard_cursors (shard) SELECT shard FROM shard_logs ON CONFLICT DO NOTHING
    """
  }

  static let countShards = PostgresStatement("count_shards", "SELECT count(*)::smallint FROM shard_logs")

  static func setLockTimeout(_ span: Duration) -> String { "SET lock_timeout = '\(span.wholeMilliseconds)ms'" }
  static let resetLockTimeout = "RESET lock_timeout"

  /// Short transactions of the exchange itself have ended by the time they could be found here.
  static let sessions = PostgresStatement(
    "migration_sessions",
    """
    SELECT a.pid, coalesce(a.application_name, ''), coalesce(to_char(a.xact_start, 'YYYY-MM-DD HH24:MI:SSOF'), '')
    FROM pg_stat_activity a
    WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND a.pid IN (
      SELECT l.pid FROM pg_locks l
      WHERE l.granted AND (l.locktype = 'relation' AND l.relation >= 16384 OR l.locktype = 'advisory'))
    ORDER BY a.xact_start NULLS LAST LIMIT 3
    """)
}
