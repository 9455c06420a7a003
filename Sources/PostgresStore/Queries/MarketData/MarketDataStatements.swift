internal import Market
internal import Postgres

/// The SQL of market data.
///
/// Parameters of histories: instrument, first and last moment, the place to go on from (moment, sequence, ordinal), most rows.
/// They name the tables of all days, and are planned with their parameters (``planned``): only the days between the moments are
/// locked and looked at.
enum MarketDataStatements {
  static func trades(ascending: Bool) -> PostgresStatement {
    PostgresStatement(
      "read_trades_\(word(ascending))",
      """
      SELECT traded_at, sequence, ordinal, price, quantity, taker_side FROM trades
      WHERE instrument_id = $1::integer AND traded_at >= $2::timestamptz AND traded_at <= $3::timestamptz
        AND (traded_at, sequence, ordinal) \(sign(ascending)) ($4::timestamptz, $5::bigint, $6::integer)
      ORDER BY \(ordered("traded_at", "sequence", "ordinal", ascending: ascending)) LIMIT $7::integer
      """)
  }

  static func quotes(ascending: Bool) -> PostgresStatement {
    PostgresStatement(
      "read_quotes_\(word(ascending))",
      """
      SELECT quoted_at, sequence, bid, bid_size, ask, ask_size FROM quotes
      WHERE instrument_id = $1::integer AND quoted_at >= $2::timestamptz AND quoted_at <= $3::timestamptz
        AND (quoted_at, sequence, 0) \(sign(ascending)) ($4::timestamptz, $5::bigint, $6::integer)
      ORDER BY \(ordered("quoted_at", "sequence", ascending: ascending)) LIMIT $7::integer
      """)
  }

  /// What auctions traded, by days, kinds and prices. Parameters: instrument, first and last moment, the day behind which to
  /// go on, most days.
  static func auctions(ascending: Bool) -> PostgresStatement {
    let order = ascending ? "" : " DESC"
    return PostgresStatement(
      "read_auctions_\(word(ascending))",
      """
      SELECT a.day - date '1970-01-01', a.is_closing, a.traded_at, a.price, a.quantity FROM (
        SELECT p.day, p.is_closing, p.price, min(p.traded_at) AS traded_at, sum(p.quantity)::bigint AS quantity,
          dense_rank() OVER (ORDER BY p.day\(order)) AS place
        FROM auction_prints p
        WHERE p.instrument_id = $1::integer AND p.traded_at >= $2::timestamptz AND p.traded_at <= $3::timestamptz
          AND p.day \(sign(ascending)) date '1970-01-01' + $4::integer
        GROUP BY p.day, p.is_closing, p.price) AS a
      WHERE a.place <= $5::integer ORDER BY a.day\(order), a.is_closing, a.traded_at, a.price
      """)
  }

  private static let columns = "open, high, low, close, volume, round(value * 100 / volume)::bigint, trades"

  static func minuteBars(ascending: Bool) -> PostgresStatement {
    PostgresStatement(
      "read_minute_bars_\(word(ascending))",
      """
      SELECT minute, \(columns) FROM minute_bars
      WHERE instrument_id = $1::integer AND minute >= $2::timestamptz AND minute <= $3::timestamptz
      ORDER BY \(ordered("minute", ascending: ascending)) LIMIT $4::integer
      """)
  }

  /// Bars of a longer frame. Parameters: instrument, moments from (inclusive) and to (exclusive), minutes or months of the
  /// frame, most bars. The minutes of a bar are summed up in their order, whatever order the bars come in.
  static func bars(_ frame: BarFrame, ascending: Bool) -> PostgresStatement {
    let (name, start) = expression(frame)
    return PostgresStatement(
      "read_\(name)_bars_\(word(ascending))",
      """
      SELECT bar, (array_agg(open ORDER BY minute))[1], max(high), min(low), (array_agg(close ORDER BY minute DESC))[1],
        sum(volume)::bigint, round(sum(value) * 100 / sum(volume))::bigint, sum(trades)::bigint
      FROM (
        SELECT \(start) AS bar, m.* FROM minute_bars m
        WHERE instrument_id = $1::integer AND minute >= $2::timestamptz AND minute < $3::timestamptz
          AND $4::integer IS NOT NULL
        ) AS minutes
      GROUP BY bar ORDER BY \(ordered("bar", ascending: ascending)) LIMIT $5::integer
      """)
  }

  /// As ``BarFrame/start(of:)`` has it.
  private static func expression(_ frame: BarFrame) -> (name: String, start: String) {
    let zone = "'America/New_York'"
    let local = "(minute AT TIME ZONE \(zone))"
    switch frame {
    case .minutes:
      let midnight = "date_trunc('day', minute, \(zone))"
      return ("minutes", "date_bin(make_interval(mins => $4::integer), minute, \(midnight))")
    case .day: return ("day", "date_trunc('day', minute, \(zone))")
    case .week: return ("week", "date_trunc('week', minute, \(zone))")
    case .months:
      let month = "(extract(month FROM \(local))::integer - 1) / $4::integer * $4::integer + 1"
      return (
        "month", "make_timestamptz(extract(year FROM \(local))::integer, \(month), 1, 0, 0, 0, \(zone))"
      )
    }
  }

  /// The first and last minute with a trade.
  static let extent = PostgresStatement(
    "read_bar_extent",
    """
    SELECT a.minute, z.minute FROM (
      SELECT minute FROM minute_bars WHERE instrument_id = $1::integer AND minute >= $2::timestamptz
        AND minute < $3::timestamptz ORDER BY minute LIMIT 1) AS a
    CROSS JOIN (
      SELECT minute FROM minute_bars WHERE instrument_id = $1::integer AND minute >= $2::timestamptz
        AND minute < $3::timestamptz ORDER BY minute DESC LIMIT 1) AS z
    """)

  /// Within a transaction: statements behind it are planned anew each time, for their parameters.
  static let planned = PostgresStatement("market_planned", "SET LOCAL plan_cache_mode = force_custom_plan")

  /// When instruments have traded last: it leads to the day's tables. Parameter: instruments.
  static let lastMoments = PostgresStatement(
    "read_last_moments",
    "SELECT p.instrument_id, p.traded_at FROM last_prices p WHERE p.instrument_id = ANY ($1::integer[])")

  /// Parameters: instruments, moments of their last trades, one to one; of one day.
  static func latestTrades(day: Day) -> PostgresStatement {
    PostgresStatement(
      "read_latest_trades_\(day.compact)",
      """
      SELECT p.instrument_id, t.traded_at, t.sequence, t.ordinal, t.price, t.quantity, t.taker_side
      FROM unnest($1::integer[], $2::timestamptz[]) AS p (instrument_id, traded_at) CROSS JOIN LATERAL (
        SELECT * FROM trades_\(day.compact) t WHERE t.instrument_id = p.instrument_id AND t.traded_at = p.traded_at
        ORDER BY t.sequence DESC, t.ordinal DESC LIMIT 1) AS t
      """)
  }

  /// Parameters: as those of ``latestTrades(day:)``.
  static func latestBars(day: Day) -> PostgresStatement {
    PostgresStatement(
      "read_latest_bars_\(day.compact)",
      """
      SELECT b.instrument_id, b.minute, \(columns)
      FROM unnest($1::integer[], $2::timestamptz[]) AS p (instrument_id, traded_at) JOIN minute_bars_\(day.compact) b
        ON b.instrument_id = ANY (ARRAY[p.instrument_id]) AND b.minute = date_bin('1 minute', p.traded_at, 'epoch')
      """)
  }

  static let barsOfMinute = PostgresStatement(
    "read_bars_of_minute",
    """
    SELECT instrument_id, minute, \(columns) FROM minute_bars
    WHERE minute = $1::timestamptz
      AND instrument_id = ANY (coalesce($2::integer[], ARRAY(SELECT instrument_id FROM instruments)))
    """)

  /// On which days the open orders of instruments were submitted.
  static let openDays = PostgresStatement(
    "read_open_days",
    """
    SELECT DISTINCT order_day(k.order_id) - date '1970-01-01'
    FROM instruments i
    CROSS JOIN LATERAL (
      SELECT k.order_id FROM open_orders k WHERE k.shard = i.shard AND k.instrument_id = i.instrument_id OFFSET 0) AS k
    WHERE i.instrument_id = ANY ($1::integer[])
    """)

  /// Open orders of a day that have been processed, are not in quarantine and wait for nothing: names first, then rows.
  private static func standing(_ day: Day, where condition: String) -> String {
    let bounds = [day, day.advanced(by: 1)].map { day in
      OrderID.lowest(at: Timestamp(rawValue: Int64(day.rawValue) * 86_400_000_000))
    }
    return """
      CROSS JOIN LATERAL (
        SELECT k.account_id, k.order_id FROM open_orders k
        WHERE k.shard = i.shard AND k.instrument_id = i.instrument_id AND k.sequence <= c.processed_sequence
          AND k.order_id >= '\(bounds[0])' AND k.order_id < '\(bounds[1])' AND \(condition)
          AND (k.shard, k.sequence) NOT IN (
            SELECT q.shard, q.sequence FROM quarantined_commands q WHERE q.resolved_at IS NULL)
          AND NOT EXISTS (
            SELECT FROM order_conditions w
            WHERE w.account_id = ANY (ARRAY[k.account_id]) AND w.order_id = k.order_id
              AND w.phase <> \(OrderPhase.working.sql)) OFFSET 0) AS k
      CROSS JOIN LATERAL (
        SELECT * FROM orders_\(day.compact) o WHERE o.account_id = k.account_id AND o.order_id = k.order_id OFFSET 0) AS o
      """
  }

  /// The price at which an order works: its own, or the end of the band beyond which it could trade.
  private static let working = """
    CASE o.side WHEN \(Side.buy.sql) THEN least(o.price, p.band_upper) ELSE greatest(o.price, p.band_lower) END
    """

  /// How far instruments' shards have been processed.
  static let depthHeads = PostgresStatement(
    "read_depth_heads",
    """
    SELECT i.instrument_id, c.processed_sequence, c.processed_at
    FROM instruments i JOIN shard_cursors c ON c.shard = i.shard WHERE i.instrument_id = ANY ($1::integer[])
    """)

  /// What orders of a day add to books. Orders that are collected, or that are for the close, stand in no book.
  static func depths(day: Day) -> PostgresStatement {
    PostgresStatement(
      "read_depths_\(day.compact)",
      """
      SELECT i.instrument_id, o.side, w.price, sum(o.quantity - o.filled)::bigint
      FROM instruments i JOIN shard_cursors c ON c.shard = i.shard
      LEFT JOIN instrument_phases p ON p.instrument_id = i.instrument_id
      \(standing(day, where: """
        k.time_in_force <> \(TimeInForce.cls.sql) AND NOT coalesce(p.is_halted, false)
                AND coalesce(p.stage, \(SessionStage.open.sql)) = \(SessionStage.open.sql)
                AND NOT EXISTS (
                  SELECT FROM auction_parts a WHERE a.instrument_id = i.instrument_id AND a.stage IS NOT NULL)
        """))
      CROSS JOIN LATERAL (SELECT \(working) AS price) w
      WHERE i.instrument_id = ANY ($1::integer[]) GROUP BY i.instrument_id, o.side, w.price
      """)
  }

  /// How instruments stand whose auctions are asked for.
  static let callHeads = PostgresStatement(
    "read_call_heads",
    """
    SELECT i.instrument_id, c.processed_at, p.day - date '1970-01-01', p.stage, coalesce(p.is_halted, false),
      coalesce(l.price, i.reference_price)
    FROM instruments i JOIN shard_cursors c ON c.shard = i.shard
    LEFT JOIN instrument_phases p ON p.instrument_id = i.instrument_id
    LEFT JOIN last_prices l ON l.instrument_id = i.instrument_id
    WHERE i.instrument_id = ANY ($1::integer[])
    """)

  /// What orders of a day add to the next auctions: while an instrument trades that is the closing, else what is collected.
  static func calls(day: Day) -> PostgresStatement {
    PostgresStatement(
      "read_calls_\(day.compact)",
      """
      SELECT i.instrument_id, o.side, o.price, sum(o.quantity - o.filled)::bigint
      FROM instruments i JOIN shard_cursors c ON c.shard = i.shard
      LEFT JOIN instrument_phases p ON p.instrument_id = i.instrument_id
      \(standing(day, where: """
        (k.time_in_force <> \(TimeInForce.cls.sql) OR p.stage = \(SessionStage.open.sql) AND NOT p.is_halted)
        """))
      WHERE i.instrument_id = ANY ($1::integer[]) GROUP BY i.instrument_id, o.side, o.price
      """)
  }

  /// Instruments that were never told anything have traded since they were listed.
  static let statuses = PostgresStatement(
    "read_statuses",
    """
    SELECT i.instrument_id, p.day - date '1970-01-01', p.stage, coalesce(p.is_halted, false), \(PhaseColumns.band),
      coalesce(p.changed_at, i.created_at), p.limit_edge, i.halt_reason, i.halt_collects, i.paused_until
    FROM instruments i LEFT JOIN instrument_phases p USING (instrument_id)
    WHERE $1::integer[] IS NULL OR i.instrument_id = ANY ($1::integer[])
    """)

  private static func word(_ ascending: Bool) -> String { ascending ? "asc" : "desc" }
  private static func sign(_ ascending: Bool) -> String { ascending ? ">" : "<" }

  private static func ordered(_ columns: String..., ascending: Bool) -> String {
    columns.map { ascending ? $0 : "\($0) DESC" }.joined(separator: ", ")
  }

  static let recordQuotes = PostgresStatement(
    "record_quotes",
    """
    INSERT INTO quotes SELECT q.* FROM unnest($1::quotes[]) AS q
    ON CONFLICT DO NOTHING
    """)
}
