internal import Market
internal import Postgres

/// The SQL of price bands and trading pauses. Days are counted from 1970.
enum BandStatements {
  /// Instruments with bands, or that had some, or that are paused. Trades are summed up only where the reference price may
  /// move and bars say that prices have been far enough from it.
  ///
  /// Parameters: since when trades count, the latest moment of a reference price that may move, a minute before the first: a
  /// difference is not known when days are chosen.
  static let allProgress = PostgresStatement(
    "band_standings",
    """
    SELECT i.instrument_id, i.shard, i.band_tier, p.day - date '1970-01-01', p.stage, coalesce(p.is_halted, false),
      \(PhaseColumns.band), p.band_since, s.sequence, s.day - date '1970-01-01', c.processed_sequence,
      coalesce(l.price, i.reference_price), m.trades[1], m.trades[2], p.limit_edge, p.limit_since,
      i.paused_until, EXISTS (
        SELECT FROM quarantined_commands u WHERE u.shard = i.shard AND u.sequence = s.sequence AND u.resolved_at IS NULL)
    FROM instruments i JOIN shard_cursors c USING (shard)
    LEFT JOIN instrument_phases p USING (instrument_id)
    LEFT JOIN band_states s USING (instrument_id)
    LEFT JOIN last_prices l USING (instrument_id)
    CROSS JOIN LATERAL (
      SELECT CASE WHEN p.band_since <= $2::timestamptz AND EXISTS (
        SELECT FROM minute_bars b
        WHERE b.instrument_id = i.instrument_id AND b.minute > $3::timestamptz
          AND greatest(b.high - p.band_reference, p.band_reference - b.low) * 100 >= p.band_reference
      ) THEN (
        SELECT ARRAY[coalesce(sum(t.price), 0)::bigint, count(*)] FROM trades t
        WHERE t.instrument_id = i.instrument_id AND t.traded_at > $1::timestamptz
      ) END AS trades
      -- Kept apart, or it would be done for each column that is taken of it.
      OFFSET 0
    ) m
    WHERE i.band_tier IS NOT NULL OR p.band_tier IS NOT NULL OR i.paused_until IS NOT NULL
    ORDER BY i.shard, i.instrument_id
    """)

  /// Numbers the rows and stores them, if every instrument stands as it was seen. No row comes back otherwise.
  ///
  /// Parameters: instructions, log rows, shard, how many log rows.
  static let append = PostgresStatement(
    "band_tell",
    """
    WITH numbered AS (
      UPDATE shard_logs SET last_sequence = last_sequence + $4::integer
      WHERE shard = $3::smallint AND NOT EXISTS (
        SELECT FROM unnest($1::band_telling[]) AS t LEFT JOIN band_states s USING (instrument_id)
        WHERE s.sequence IS DISTINCT FROM t.seen)
      RETURNING last_sequence - $4::integer AS base
    ), logged AS (
      \(MarketDayStatements.appendLog)
    ), told AS (
      INSERT INTO band_states (instrument_id, sequence, day)
      SELECT t.instrument_id, n.base + t.place, date '1970-01-01' + t.day
      FROM unnest($1::band_telling[]) AS t CROSS JOIN numbered n
      ON CONFLICT (instrument_id) DO UPDATE SET sequence = excluded.sequence, day = excluded.day
    )
    SELECT base FROM numbered
    """)

  /// Halts an instrument that nobody has halted, and collects its orders; tells how many that were.
  ///
  /// Parameters: instrument, until when, why.
  static let pause = PostgresStatement(
    "band_pause",
    """
    WITH paused AS (
      UPDATE instruments SET halt_reason = $3::text, halt_collects = true, paused_until = $2::timestamptz
      WHERE instrument_id = $1::integer AND halt_reason IS NULL RETURNING instrument_id, shard
    ), \(logInstruction(.halt, of: "paused"))
    SELECT count(*) FROM paused
    """)

  /// Ends pauses, but no halt of an operator. Parameter: instruments of one shard.
  static let resume = PostgresStatement(
    "band_resume",
    """
    WITH resumed AS (
      UPDATE instruments SET halt_reason = NULL, halt_collects = false, paused_until = NULL
      WHERE instrument_id = ANY ($1::integer[]) AND paused_until IS NOT NULL
      RETURNING instrument_id, shard, reference_price
    ), \(logInstruction(.resume, of: "resumed"))
    SELECT count(*) FROM resumed
    """)

  /// Appends an instruction for each of the instruments in `name`, which are of one shard.
  private static func logInstruction(_ instruction: LogColumns.ExchangeInstruction, of name: String) -> String {
    """
    numbered AS (
      UPDATE shard_logs l SET last_sequence = l.last_sequence + n.count
      FROM (SELECT shard, count(*) FROM \(name) GROUP BY shard) n WHERE l.shard = n.shard
      RETURNING l.shard, l.last_sequence - n.count AS base
    ), logged AS (
      INSERT INTO command_log (\(LogColumns.list))
      SELECT n.shard, \(LogColumns.Kind.market.sql), \(instruction.sql), 0,
        \(instruction == .resume ? AuctionTerms.usualPartLimit : 0), 0, false, i.instrument_id,
        n.base + row_number() OVER (ORDER BY i.instrument_id), 0, 0,
        \(instruction == .resume ? "coalesce(i.reference_price, 0)" : "0"), '00000000-0000-0000-0000-000000000000',
        clock_timestamp(), NULL, 0, NULL
      FROM numbered n JOIN \(name) i USING (shard)
    )
    """
  }
}
