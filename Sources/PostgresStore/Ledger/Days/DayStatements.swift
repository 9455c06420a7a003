internal import Postgres

/// The SQL of days' tables. Days are counted from 1970.
enum DayStatements {
  static let list = PostgresStatement(
    "list_days",
    """
    SELECT to_date(right(c.relname, 8), 'YYYYMMDD') - date '1970-01-01'
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'command_log'::regclass AND c.relname ~ '^command_log_[0-9]{8}$' AND NOT i.inhdetachpending
    """)

  /// Going back to a mark gives back the locks that were taken behind it.
  static let mark = PostgresStatement("days_mark", "SAVEPOINT days")
  static let release = PostgresStatement("days_release", "ROLLBACK TO SAVEPOINT days")
}
