internal import Postgres

/// The SQL of keeping the list of instruments.
enum InstrumentStatements {
  /// Held by whoever changes the list, so that shards are chosen one after the other.
  static let lock = PostgresStatement("admin_lock_instruments", "SELECT pg_advisory_xact_lock(7361726)")

  static let columns = """
    i.instrument_id, i.symbol, i.name, i.exchange, i.reference_price, i.shard, i.halt_reason, i.tradable
    """

  static let find = PostgresStatement(
    "admin_find_instrument", "SELECT \(columns) FROM instruments i WHERE i.symbol = $1::text")

  static let list = PostgresStatement(
    "admin_list_instruments", "SELECT \(columns) FROM instruments i ORDER BY i.symbol")

  static let loads = PostgresStatement(
    "admin_shard_loads",
    """
    SELECT l.shard, count(i.instrument_id)
    FROM shard_logs l LEFT JOIN instruments i ON i.shard = l.shard GROUP BY l.shard ORDER BY l.shard
    """)

  static let insert = PostgresStatement(
    "admin_insert_instrument",
    """
    INSERT INTO instruments (symbol, name, exchange, reference_price, shard)
    VALUES ($1::text, $2::text, $3::text, $4::bigint, $5::smallint)
    """)

  static let update = PostgresStatement(
    "admin_update_instrument",
    "UPDATE instruments SET name = $2::text, exchange = $3::text, reference_price = $4::bigint WHERE symbol = $1::text")

  /// Tells whether that changed anything.
  static let setHalt = PostgresStatement(
    "admin_set_halt",
    """
    UPDATE instruments i SET halt_reason = $2::text
    FROM (SELECT instrument_id, halt_reason FROM instruments WHERE symbol = $1::text FOR NO KEY UPDATE) AS before
    WHERE i.instrument_id = before.instrument_id RETURNING before.halt_reason IS DISTINCT FROM $2::text
    """)
}
