internal import Accounting
internal import Market
internal import Postgres

/// The SQL of the market day. Days are counted from 1970.
enum MarketDayStatements {
  static let begin = PostgresStatement("market_begin", "BEGIN")
  static let holdTerm = PostgresStatement("hold_term", "SELECT hold_term($1::bigint, $2::bigint)")

  static let clock = PostgresStatement(
    "market_clock",
    """
    SELECT mode, target_day - date '1970-01-01', target_stage, started_at, market_start, speed FROM market_clock
    """)

  static let latestInstructed = PostgresStatement(
    "market_latest_told",
    "SELECT day - date '1970-01-01', stage FROM session_steps ORDER BY day DESC, stage DESC LIMIT 1")

  /// Parameters: mode, target day and stage, start, market's start, speed; then the target that was read.
  static let remember = PostgresStatement(
    "market_remember",
    """
    UPDATE market_clock SET mode = $1::text, target_day = date '1970-01-01' + $2::integer, target_stage = $3::smallint,
      started_at = $4::timestamptz, market_start = $5::timestamptz, speed = $6::integer, changed_at = now()
    WHERE (target_day - date '1970-01-01', target_stage) IS NOT DISTINCT FROM ($7::integer, $8::smallint)
    """)

  /// Parameters: target day and stage; NULL for those that have been told of sessions and are not open.
  static let behind = PostgresStatement(
    "market_behind",
    """
    SELECT i.instrument_id, i.shard, c.processed_sequence, s.day - date '1970-01-01', s.stage, s.sequence,
      s.closed_sequence, s.is_cleared, EXISTS (
        SELECT FROM quarantined_commands q WHERE q.shard = i.shard AND q.sequence = s.closed_sequence
          AND (q.resolved_at IS NULL OR q.resolved_sequence > c.processed_sequence)), a.stage IS NOT NULL,
      i.reference_price
    FROM instruments i JOIN shard_cursors c USING (shard) LEFT JOIN session_steps s USING (instrument_id)
      LEFT JOIN auction_parts a USING (instrument_id)
    WHERE NOT coalesce(s.is_cleared, true) OR CASE
      WHEN $1::integer IS NULL THEN s.stage <> \(SessionStage.open.sql)
      ELSE s.instrument_id IS NULL OR (s.day - date '1970-01-01', s.stage) < ($1::integer, $2::smallint) END
    ORDER BY i.shard, i.instrument_id
    """)

  /// What has to expire: one look through the open orders of the shards. Orders in quarantine stand in no book; they come
  /// back with another row. Those that are good until canceled end up to the first row of one that is not too old.
  ///
  /// The planner joins by nested loops over indexes alone (see ``StoreSettings``), so what has no index is never joined: a
  /// shard may have hundreds of thousands of orders.
  ///
  /// Parameters: shards, instruments, the moment; no row comes for an instrument without such orders.
  static let due = PostgresStatement(
    "market_due",
    """
    WITH standing AS MATERIALIZED (
      SELECT o.instrument_id, o.time_in_force, o.sequence,
        o.order_id < (SELECT lowest_order_id($3::timestamptz)) AS is_old
      FROM open_orders o
      WHERE o.shard = ANY ($1::smallint[]) AND o.instrument_id = ANY ($2::integer[])
        AND o.time_in_force IN (\(TimeInForce.sql(.day, .gtc)))
        AND (o.shard, o.sequence) NOT IN (
          SELECT q.shard, q.sequence FROM quarantined_commands q WHERE q.resolved_at IS NULL)
    ), seen AS MATERIALIZED (
      SELECT o.instrument_id, o.time_in_force, o.sequence, o.is_old
      FROM standing o
      WHERE o.sequence <= (SELECT s.closed_sequence FROM session_steps s WHERE s.instrument_id = o.instrument_id)
    ), kinds AS (
      SELECT instrument_id, count(*) AS orders, 0::bigint AS last
      FROM seen WHERE time_in_force = \(TimeInForce.day.sql) GROUP BY instrument_id
      UNION ALL
      SELECT instrument_id, count(*), max(sequence) FROM (
        SELECT instrument_id, sequence, is_old,
          min(sequence) FILTER (WHERE NOT is_old) OVER (PARTITION BY instrument_id) AS young
        FROM seen WHERE time_in_force = \(TimeInForce.gtc.sql)) AS lasting
      WHERE is_old AND sequence < coalesce(young, sequence + 1) GROUP BY instrument_id
    )
    SELECT instrument_id, sum(orders)::bigint, max(last) FROM kinds GROUP BY instrument_id
    """)

  /// The barrier between who tells: behind it the next statement sees what others have told.
  static let lockLog = PostgresStatement(
    "market_lock_log", "SELECT FROM shard_logs WHERE shard = $1::smallint FOR NO KEY UPDATE")

  /// Stores the log rows `$2`, which carry their places, behind `numbered`.
  static let appendLog = """
    INSERT INTO command_log (\(LogColumns.list))
    SELECT e.shard, e.kind, e.side, e.order_type, e.time_in_force, e.self_trade_prevention, e.post_only,
      e.instrument_id, n.base + e.sequence, e.account_id, e.price, e.quantity, e.order_id, e.accepted_at, e.target,
      e.target_sequence, e.extra_hold
    FROM unnest($2::command_log[]) AS e CROSS JOIN numbered n
    """

  /// Numbers the rows and stores them, if every instrument stands as it was seen. No row comes back otherwise.
  ///
  /// Parameters: instructions, log rows, shard, how many log rows, the moment.
  static let append = PostgresStatement(
    "market_tell",
    """
    WITH numbered AS (
      UPDATE shard_logs SET last_sequence = last_sequence + $4::integer
      WHERE shard = $3::smallint AND NOT EXISTS (
        SELECT FROM unnest($1::session_telling[]) AS t LEFT JOIN session_steps s USING (instrument_id)
        WHERE s.sequence IS DISTINCT FROM t.seen)
      RETURNING last_sequence - $4::integer AS base
    ), logged AS (
      \(appendLog)
    ), told AS (
      INSERT INTO session_steps AS s (instrument_id, day, stage, sequence, closed_sequence, is_cleared, told_at)
      SELECT t.instrument_id, coalesce(date '1970-01-01' + t.day, o.day), coalesce(t.stage, o.stage), n.base + t.place,
        coalesce(n.base + t.closed_place, o.closed_sequence, 0),
        CASE WHEN t.closed_place IS NULL THEN coalesce(o.is_cleared, true) ELSE false END, $5::timestamptz
      FROM unnest($1::session_telling[]) AS t CROSS JOIN numbered n LEFT JOIN session_steps o USING (instrument_id)
      ON CONFLICT (instrument_id) DO UPDATE SET day = excluded.day, stage = excluded.stage, sequence = excluded.sequence,
        closed_sequence = excluded.closed_sequence, is_cleared = excluded.is_cleared, told_at = excluded.told_at
    )
    SELECT base FROM numbered
    """)

  static let clear = PostgresStatement(
    "market_clear",
    """
    UPDATE session_steps s SET is_cleared = true
    FROM unnest($1::integer[], $2::bigint[]) AS c (instrument_id, seen)
    WHERE s.instrument_id = c.instrument_id AND s.sequence = c.seen
    """)

  // MARK: Operators

  /// Behind the row's lock, the target stands as it is read.
  static let lockClock = PostgresStatement("market_lock_clock", "SELECT FROM market_clock FOR UPDATE")

  static let aim = PostgresStatement(
    "market_aim",
    """
    UPDATE market_clock SET target_day = date '1970-01-01' + $1::integer, target_stage = $2::smallint, changed_at = now()
    """)

  /// Instruments by where they stand, and how many of each have told steps not yet applied or auctions not yet over, or
  /// orders left to expire.
  static let phases = PostgresStatement(
    "market_phases",
    """
    SELECT p.day - date '1970-01-01', p.stage, coalesce(p.is_halted, false), count(*),
      count(*) FILTER (
        WHERE (s.day, s.stage) IS DISTINCT FROM (p.day, p.stage) AND s.day IS NOT NULL OR a.stage IS NOT NULL),
      count(*) FILTER (WHERE NOT coalesce(s.is_cleared, true))
    FROM instruments i LEFT JOIN instrument_phases p USING (instrument_id) LEFT JOIN session_steps s USING (instrument_id)
      LEFT JOIN auction_parts a USING (instrument_id)
    GROUP BY 1, 2, 3 ORDER BY 1 NULLS FIRST, 2, 3
    """)
}
