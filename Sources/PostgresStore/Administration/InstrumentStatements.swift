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
  /// Halts an instrument or lets it trade again, in the list that gateways read and, if that changes, in its shard's log.
  ///
  /// Parameters: symbol, reason or NULL to resume, whether orders are collected.
  static let setHalt = PostgresStatement(
    "admin_set_halt",
    """
    WITH before AS MATERIALIZED (
      SELECT instrument_id, shard, halt_reason, halt_collects FROM instruments WHERE symbol = $1::text FOR NO KEY UPDATE
    ), changed AS (
      UPDATE instruments i SET halt_reason = $2::text, halt_collects = $3::boolean
      FROM before b WHERE i.instrument_id = b.instrument_id
    ), numbered AS (
      UPDATE shard_logs l SET last_sequence = l.last_sequence + 1
      FROM before b WHERE l.shard = b.shard AND (b.halt_reason IS NULL) <> ($2::text IS NULL)
      RETURNING l.shard, l.last_sequence, b.instrument_id
    ), logged AS (
      INSERT INTO command_log (\(LogColumns.list))
      SELECT n.shard, \(LogColumns.Kind.market.rawValue), CASE WHEN $2::text IS NULL
        THEN \(LogColumns.Errand.resume.rawValue) ELSE \(LogColumns.Errand.halt.rawValue) END, 0, 0, 0, false,
        n.instrument_id, n.last_sequence, 0, 0, 0, '00000000-0000-0000-0000-000000000000', clock_timestamp(), NULL, 0, NULL
      FROM numbered n
    )
    SELECT (halt_reason, halt_collects) IS DISTINCT FROM ($2::text, $3::boolean) FROM before
    """)
}
