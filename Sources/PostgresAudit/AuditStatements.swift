internal import Market
internal import Postgres
internal import PostgresStore

/// The SQL of the audit beside that of its checks (``AuditCheck``). Cursors take no parameters, so the numbers of shards and
/// rows stand in their texts.
enum AuditStatements {
  /// One snapshot for all. Cursors are read to their end, so plans are for all rows, not for quick first ones.
  static let begin = """
    BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
    SET LOCAL cursor_tuple_fraction = 1; SET LOCAL work_mem = '64MB'; SET LOCAL timezone = 'UTC'
    """
  static let commit = "COMMIT"

  static func count(_ check: AuditCheck) -> PostgresStatement {
    PostgresStatement("audit_count_\(check.id)", check.count)
  }

  static func declare(_ cursor: String, _ query: String) -> String {
    "DECLARE \(cursor) NO SCROLL CURSOR FOR \(query)"
  }

  static func fetch(_ count: Int, from cursor: String) -> PostgresStatement {
    PostgresStatement("audit_fetch_\(cursor)", "FETCH \(count) FROM \(cursor)")
  }

  static func close(_ cursor: String) -> String { "CLOSE \(cursor)" }

  // MARK: Replay

  /// Shards, the first log row of each that is still here, and how far it has been processed.
  static let logs = PostgresStatement(
    "audit_replay_logs", "WITH \(AuditCheck.kept) SELECT shard, first, processed FROM kept ORDER BY shard")

  static let quarantined = PostgresStatement(
    "audit_quarantined", "SELECT sequence FROM quarantined_commands WHERE shard = $1::smallint")

  /// Log rows in order, as ``LogColumns`` reads them.
  static func commands(of shard: Shard, through processed: Int64) -> String {
    """
    SELECT \(LogColumns.readList) FROM \(LogColumns.source)
    WHERE \(rows(of: shard, through: processed)) ORDER BY sequence
    """
  }

  /// Events in order, as ``RecordedEvent`` reads them.
  static func events(of shard: Shard, through processed: Int64) -> String {
    """
    SELECT shard, sequence, ordinal, kind, reason, side, instrument_id, account_id, order_id, price, quantity, filled, leaves
    FROM order_events WHERE \(rows(of: shard, through: processed)) ORDER BY sequence, ordinal
    """
  }

  /// Trades in order, as ``RecordedTrade`` reads them.
  static func trades(of shard: Shard, through processed: Int64) -> String {
    """
    SELECT shard, sequence, ordinal, taker_side, instrument_id, buy_order, buyer, sell_order, seller, price, quantity
    FROM trades WHERE \(rows(of: shard, through: processed)) ORDER BY sequence, ordinal
    """
  }

  /// Open orders in the order of their places, as ``RecordedOrder`` reads them.
  static func openOrders(of shard: Shard, through processed: Sequence) -> String {
    """
    SELECT o.priority, o.order_id, o.account_id, instrument_id, side, price, quantity, filled, filled_value,
      coalesce(t.activation, 0)
    FROM orders o \(OrderColumns.join) WHERE is_open AND \(rows(of: shard, through: processed.rawValue)) AND NOT EXISTS (
      SELECT FROM quarantined_commands q WHERE q.shard = o.shard AND q.sequence = o.sequence AND q.resolved_at IS NULL)
    ORDER BY o.priority, coalesce(t.activation, 0), o.order_id
    """
  }

  private static func rows(of shard: Shard, through processed: Int64) -> String {
    "shard = \(shard) AND sequence <= \(processed)"
  }

  // MARK: Costs

  /// How many positions are counted up, how many have none but an old cost, and how many go back too far.
  static let countCosts = PostgresStatement(
    "audit_count_costs",
    """
    WITH \(keptSince)
    SELECT count(*) FILTER (WHERE lot_shares IS NOT NULL AND base_at >= since),
      count(*) FILTER (WHERE lot_shares IS NULL AND quantity > 0), count(*) FILTER (WHERE base_at < since)
    FROM positions JOIN kept_since USING (instrument_id)
    """)

  /// Columns: the position with its lot and base, and of a movement shares, price and cost; no movement is NULL. The events of
  /// a trade's two orders tell its times in their accounts.
  static let costs = """
    WITH \(keptSince), moved AS (
      SELECT t.account_id, t.instrument_id, e.event_at AS at, t.shares, t.price, NULL::bigint AS cost
      FROM (
        SELECT shard, sequence, ordinal, buy_order AS order_id, buyer AS account_id, instrument_id, quantity AS shares, price
        FROM trades
        UNION ALL
        SELECT shard, sequence, ordinal, sell_order, seller, instrument_id, -quantity, price FROM trades) AS t
      JOIN order_events e ON e.shard = t.shard AND e.sequence = t.sequence AND e.order_id = t.order_id
        AND e.ordinal BETWEEN t.ordinal AND t.ordinal + 1
      UNION ALL
      SELECT l.account_id, l.asset, j.created_at, l.amount, NULL, l.cost
      FROM journal_lines l JOIN journals j USING (journal_id)
      WHERE l.asset > 0 AND l.account_id > 0 AND j.is_ordered AND l.cost IS NOT NULL)
    SELECT p.account_id, p.instrument_id, p.quantity, p.cost, coalesce(p.lot_cost::text, ''), p.lot_shares,
      coalesce(p.base_cost, 0), coalesce(p.base_shares, 0), m.shares, m.price, m.cost
    FROM positions p JOIN kept_since k ON k.instrument_id = p.instrument_id
    LEFT JOIN moved m ON m.account_id = p.account_id AND m.instrument_id = p.instrument_id
      AND m.at > p.base_at
    WHERE p.lot_shares IS NOT NULL AND p.base_at >= k.since ORDER BY p.account_id, p.instrument_id, m.at
    """

  /// `kept_since`: from which moment on all trades of an instrument are here. Days may have been detached: then the log of its
  /// shard does not begin with the first row.
  private static let keptSince = """
    kept_since AS MATERIALIZED (
      SELECT i.instrument_id, CASE WHEN l.last_sequence = 0 OR g.first = 1 THEN '-infinity'
        ELSE coalesce(date_trunc('day', g.since), 'infinity') END AS since
      FROM instruments i JOIN shard_logs l USING (shard)
      LEFT JOIN (SELECT shard, min(sequence) AS first, min(accepted_at) AS since FROM command_log GROUP BY shard) AS g
        USING (shard))
    """
}
