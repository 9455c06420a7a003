internal import Postgres

/// The SQL of watchlists.
enum WatchlistStatements {
  private static let columns = "watchlist_id, name, array_to_string(instruments, ','), created_at, updated_at"
  private static let named = "account_id = $1::bigint AND (watchlist_id = $2::uuid OR name = $3::text)"

  /// An advisory lock and not the account's row: lists must not hold orders up.
  static let lock = PostgresStatement(
    "watch_lock", "SELECT pg_advisory_xact_lock(7361727, ($1::bigint % 2147483647)::integer)")
  static let count = PostgresStatement("watch_count", "SELECT count(*) FROM watchlists WHERE account_id = $1::bigint")
  static let list = PostgresStatement(
    "watch_list", "SELECT \(columns) FROM watchlists WHERE account_id = $1::bigint ORDER BY created_at, watchlist_id")
  static let find = PostgresStatement("watch_find", "SELECT \(columns) FROM watchlists WHERE \(named)")
  static let delete = PostgresStatement("watch_delete", "DELETE FROM watchlists WHERE \(named) RETURNING watchlist_id")
  static let insert = PostgresStatement(
    "watch_insert",
    """
    INSERT INTO watchlists (watchlist_id, account_id, name, instruments)
    SELECT $1::uuid, $2::bigint, $3::text, $4::integer[] WHERE $5::boolean
    ON CONFLICT DO NOTHING RETURNING \(columns)
    """)
  static let update = PostgresStatement(
    "watch_update",
    """
    UPDATE watchlists SET name = $3::text, instruments = $4::integer[], updated_at = clock_timestamp()
    WHERE watchlist_id = $1::uuid AND NOT EXISTS (
      SELECT FROM watchlists w WHERE w.account_id = $2::bigint AND w.name = $3::text AND w.watchlist_id <> $1::uuid)
    RETURNING \(columns)
    """)
}
