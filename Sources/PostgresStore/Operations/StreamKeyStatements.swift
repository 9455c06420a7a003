internal import Postgres

/// The SQL of keys of stream entries.
enum StreamKeyStatements {
  static let read = PostgresStatement("stream_keys", "SELECT key_id, secret FROM stream_keys ORDER BY key_id")

  /// One change at a time, and no reader in between.
  static let lock = PostgresStatement("stream_keys_lock", "LOCK TABLE stream_keys IN SHARE ROW EXCLUSIVE MODE")

  static let make = PostgresStatement(
    "stream_keys_make", "INSERT INTO stream_keys DEFAULT VALUES RETURNING key_id")

  static let list = PostgresStatement(
    "stream_keys_list", "SELECT key_id, made_at FROM stream_keys ORDER BY key_id")

  /// Ends all keys but the newest so many.
  static let end = PostgresStatement(
    "stream_keys_end",
    """
    DELETE FROM stream_keys WHERE key_id NOT IN (SELECT k.key_id FROM stream_keys k ORDER BY k.key_id DESC LIMIT $1::integer)
    RETURNING key_id
    """)
}
