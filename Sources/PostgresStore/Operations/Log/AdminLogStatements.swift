internal import Postgres

/// The SQL of the administrative log.
enum AdminLogStatements {
  static let write = PostgresStatement(
    "admin_write_log",
    """
    INSERT INTO admin_log (action_id, actor, action, target, arguments, outcome)
    VALUES ($1::uuid, $2::text, $3::text, $4::text, $5::text::jsonb, $6::text)
    ON CONFLICT (action_id) DO NOTHING
    """)

  /// Parameters, each NULL for all but the last: account, beginning of the action, earliest moment, limit.
  ///
  /// An account is a target by its number, its identifier or one of its keys.
  static let list = PostgresStatement(
    "admin_list_log",
    """
    SELECT * FROM (
      SELECT l.entry, l.at, l.actor, l.action, l.target, l.arguments::text, l.outcome FROM admin_log l
      WHERE ($1::bigint IS NULL OR starts_with(l.action, 'account') AND l.target IN (
          SELECT account_id::text FROM accounts WHERE account_id = $1::bigint
          UNION ALL SELECT public_id::text FROM accounts WHERE account_id = $1::bigint
          UNION ALL SELECT key_id FROM api_keys WHERE account_id = $1::bigint))
        AND ($2::text IS NULL OR starts_with(l.action, $2::text))
        AND ($3::timestamptz IS NULL OR l.at >= $3::timestamptz)
      ORDER BY l.entry DESC LIMIT $4::integer) AS newest
    ORDER BY entry
    """)
}
