internal import Market
internal import Postgres

/// The SQL of claiming, recovering and settling.
enum SettlingStatements {
  /// The row locks are the barrier: behind them, what earlier owners committed is final. A shard in the middle of an
  /// earlier owner's commit is left out, so that one frozen owner does not hold up the claims of others' shards.
  static let claim = PostgresStatement(
    "claim",
    """
    WITH free AS MATERIALIZED (
      SELECT shard FROM shard_cursors WHERE shard = ANY ($1::smallint[]) ORDER BY shard FOR UPDATE SKIP LOCKED)
    UPDATE shard_cursors c SET epoch = c.epoch + 1, nonce = n.nonce, owner = $3::text, claimed_at = now()
    FROM free f JOIN unnest($1::smallint[], $2::bigint[]) AS n (shard, nonce) ON n.shard = f.shard
    WHERE c.shard = f.shard
    RETURNING c.shard, c.epoch, c.processed_sequence
    """)

  /// Cursors and open orders in one statement, so that they belong to one moment.
  static let books = PostgresStatement(
    "books",
    """
    SELECT c.shard, c.processed_sequence, \(OrderColumns.list)
    FROM shard_cursors c
      LEFT JOIN orders o ON o.is_open AND o.shard = c.shard AND o.sequence <= c.processed_sequence
    WHERE c.shard = ANY ($1::smallint[]) ORDER BY c.shard, o.priority
    """)

  /// Log rows behind a sequence that have been processed.
  static let processedLog = PostgresStatement(
    "processed_log",
    """
    SELECT \(LogColumns.list) FROM command_log
    WHERE shard = $1::smallint AND sequence > $2::bigint
      AND sequence <= (SELECT processed_sequence FROM shard_cursors WHERE shard = $1::smallint)
      AND accepted_at >= (SELECT processed_at - interval '1 day' FROM shard_cursors WHERE shard = $1::smallint)
    ORDER BY sequence LIMIT $3::integer
    """)

  /// Log rows behind a sequence. Rows not yet processed were accepted about when or after the processed ones were; the day
  /// of slack for clocks that differ keeps the search out of old days.
  static let log = PostgresStatement(
    "log_after",
    """
    SELECT \(LogColumns.list) FROM command_log
    WHERE shard = $1::smallint AND sequence > $2::bigint
      AND accepted_at >= (SELECT processed_at - interval '1 day' FROM shard_cursors WHERE shard = $1::smallint)
    ORDER BY sequence LIMIT $3::integer
    """)

  static let lastSequences = PostgresStatement(
    "last_sequences", "SELECT shard, last_sequence FROM shard_logs WHERE shard = ANY ($1::smallint[])")

  static let moveCursors = PostgresStatement(
    "settle_move_cursors", "SELECT move_cursors($1::shard_fence[], $2::timestamptz)")

  static let changeCash = PostgresStatement(
    "settle_cash",
    """
    UPDATE accounts a SET cash = a.cash + c.cash, held = a.held + c.held
    FROM unnest($1::cash_change[]) AS c WHERE a.account_id = c.account_id
    """)

  /// Average cost: bought shares add what they cost, sold shares take their part with them.
  static let changePositions = PostgresStatement(
    "settle_positions",
    """
    UPDATE positions p SET
      quantity = p.quantity + c.bought - c.sold,
      held = p.held + c.held,
      cost = CASE WHEN c.sold = 0 THEN p.cost + c.cost
        ELSE floor((p.cost + c.cost)::numeric * (p.quantity + c.bought - c.sold) / (p.quantity + c.bought))::bigint END
    FROM unnest($1::position_change[]) AS c
    WHERE p.account_id = c.account_id AND p.instrument_id = c.instrument_id
    """)

  /// Positions that a purchase opens. Runs before ``changePositions``, which then finds every row.
  static let openPositions = PostgresStatement(
    "settle_open_positions",
    """
    INSERT INTO positions (account_id, instrument_id, quantity)
    SELECT c.account_id, c.instrument_id, 0 FROM unnest($1::position_change[]) AS c
    WHERE c.bought > 0 AND NOT EXISTS (
      SELECT FROM positions p WHERE p.account_id = c.account_id AND p.instrument_id = c.instrument_id)
    ON CONFLICT DO NOTHING
    """)

  static let changePrices = PostgresStatement(
    "settle_prices",
    """
    INSERT INTO last_prices SELECT c.instrument_id, c.price, $2::timestamptz FROM unnest($1::price_change[]) AS c
    ON CONFLICT (instrument_id) DO UPDATE SET price = excluded.price, traded_at = excluded.traded_at
    """)

  /// Order rows of one day's table; nil goes through the parent.
  static func changeOrders(day: Day?) -> PostgresStatement {
    let suffix = day.map { "_\($0.compact)" } ?? ""
    return PostgresStatement(
      "settle_orders\(suffix)",
      """
      UPDATE orders\(suffix) o SET
        status = c.status, is_open = c.is_open, filled = c.filled, filled_value = c.filled_value,
        priority = c.priority, replaced_by = c.replaced_by,
        pending = CASE WHEN c.clears_pending THEN 0::smallint ELSE o.pending END,
        updated_at = $2::timestamptz, closed_at = CASE WHEN c.is_open THEN NULL ELSE $2::timestamptz END
      FROM unnest($1::order_change[]) AS c WHERE o.account_id = c.account_id AND o.order_id = c.order_id
      """)
  }

  static func insertTrades(day: Day) -> PostgresStatement {
    PostgresStatement(
      "settle_trades_\(day.compact)",
      """
      INSERT INTO trades_\(day.compact)
      SELECT t.shard, t.taker_side, t.ordinal, t.sequence, t.instrument_id, t.buy_order, t.buyer, t.sell_order, t.seller,
        t.price, t.quantity, t.traded_at
      FROM unnest($1::trades[]) AS t
      """)
  }

  static func insertEvents(day: Day) -> PostgresStatement {
    PostgresStatement(
      "settle_events_\(day.compact)",
      """
      INSERT INTO order_events_\(day.compact)
      SELECT e.shard, e.kind, e.reason, e.side, e.ordinal, e.instrument_id, e.sequence, e.account_id, e.order_id, e.price,
        e.quantity, e.filled, e.leaves, e.occurred_at
      FROM unnest($1::order_events[]) AS e
      """)
  }
}
