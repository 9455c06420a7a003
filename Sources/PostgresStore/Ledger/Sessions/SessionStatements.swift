internal import Postgres

/// The SQL of ending sessions whose clients have stopped.
enum SessionStatements {
  static let endStalled = PostgresStatement(
    "end_stalled_sessions",
    """
    SELECT pid, application, role, wait, (extract(epoch FROM silent) * 1000000)::bigint, ended
    FROM end_stalled_sessions($1::bigint * interval '1 microsecond')
    """)
}
