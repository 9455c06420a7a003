internal import Market
internal import Postgres

/// The SQL of keeping the list of instruments.
enum InstrumentStatements {
  /// Held by whoever changes the list, so that shards are chosen one after the other.
  static let lock = PostgresStatement("admin_lock_instruments", "SELECT pg_advisory_xact_lock(7361726)")

  static let columns = """
    i.instrument_id, i.symbol, i.name, i.exchange, i.reference_price, i.shard, i.halt_reason, i.tradable, \
    i.halt_collects, i.paused_until, i.band_tier
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

  /// Halts an instrument or lets it trade again, in the list that gateways read and, if that changes, in its shard's log.
  /// A trading pause becomes the operator's halt. Where the list says so already and its trading does not, because a row
  /// before was left out, another is appended. Tells whether that changed anything.
  ///
  /// Parameters: symbol, reason or NULL to resume, whether orders are collected.
  static let setHalt = PostgresStatement(
    "admin_set_halt",
    """
    WITH before AS MATERIALIZED (
      SELECT instrument_id, shard, halt_reason, halt_collects, paused_until, reference_price FROM instruments
      WHERE symbol = $1::text FOR NO KEY UPDATE
    ), changed AS (
      UPDATE instruments i SET halt_reason = $2::text, halt_collects = $3::boolean, paused_until = NULL
      FROM before b WHERE i.instrument_id = b.instrument_id
    ), standing AS (
      SELECT b.*, coalesce(p.is_halted, false) = ($2::text IS NULL) AND NOT EXISTS (
        SELECT FROM command_log g JOIN shard_cursors c USING (shard)
        WHERE g.shard = b.shard AND g.instrument_id = b.instrument_id AND g.sequence > c.processed_sequence
          AND g.kind = \(LogColumns.Kind.market.sql)) AS is_otherwise
      FROM before b LEFT JOIN instrument_phases p USING (instrument_id)
    ), numbered AS (
      UPDATE shard_logs l SET last_sequence = l.last_sequence + 1
      FROM standing b
      WHERE l.shard = b.shard AND ((b.halt_reason IS NULL) <> ($2::text IS NULL) OR b.is_otherwise)
      RETURNING l.shard, l.last_sequence, b.instrument_id, b.reference_price
    ), logged AS (
      INSERT INTO command_log (\(LogColumns.list))
      SELECT n.shard, \(LogColumns.Kind.market.sql), CASE WHEN $2::text IS NULL
        THEN \(LogColumns.ExchangeInstruction.resume.sql) ELSE \(LogColumns.ExchangeInstruction.halt.sql) END, 0,
        CASE WHEN $2::text IS NULL THEN \(AuctionTerms.usualPartLimit) ELSE 0 END, 0, false, n.instrument_id,
        n.last_sequence, 0, 0, CASE WHEN $2::text IS NULL THEN coalesce(n.reference_price, 0) ELSE 0 END, '00000000-0000-0000-0000-000000000000', clock_timestamp(), NULL, 0, NULL
      FROM numbered n
    )
    SELECT (halt_reason, halt_collects, paused_until) IS DISTINCT FROM ($2::text, $3::boolean, NULL::timestamptz)
      OR is_otherwise
    FROM standing
    """)

  /// Sets how wide the price bands of instruments are, NULL for none, and tells how many there are and how many changed.
  ///
  /// Parameters: tier, symbol or NULL for all.
  static let setBandTier = PostgresStatement(
    "admin_set_band_tier",
    """
    WITH before AS MATERIALIZED (
      SELECT instrument_id, band_tier FROM instruments WHERE symbol = coalesce($2::text, symbol)
      ORDER BY instrument_id FOR NO KEY UPDATE
    ), changed AS (
      UPDATE instruments i SET band_tier = $1::smallint
      FROM before b WHERE i.instrument_id = b.instrument_id AND b.band_tier IS DISTINCT FROM $1::smallint
      RETURNING 1
    )
    SELECT (SELECT count(*) FROM before), (SELECT count(*) FROM changed)
    """)
}
