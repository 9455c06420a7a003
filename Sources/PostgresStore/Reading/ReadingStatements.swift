internal import Accounting
internal import Market
internal import Ports
internal import Postgres

/// The SQL of questions.
enum ReadingStatements {
  static let credential = PostgresStatement(
    "read_credential",
    """
    SELECT k.account_id, k.secret_hash, a.public_id, k.role, k.requests_per_minute, a.keys_version
    FROM api_keys k JOIN accounts a ON a.account_id = ANY (ARRAY[k.account_id])
    WHERE k.key_id = $1::text AND k.revoked_at IS NULL
    """)

  static let account = PostgresStatement(
    "read_account",
    """
    SELECT account_id, public_id, name, status, cash, held, created_at, suspended FROM accounts WHERE account_id = $1::bigint
    """)

  static let positions = PostgresStatement(
    "read_positions",
    """
    SELECT instrument_id, quantity, held, cost FROM positions
    WHERE account_id = $1::bigint AND quantity > 0 ORDER BY instrument_id
    """)

  /// An order and whether the book has seen it: its command is processed and not in quarantine, for which only an order
  /// without executions need be asked.
  static let shown = """
    \(OrderColumns.list), c.processed_sequence >= o.sequence AND NOT (o.status = 0 AND EXISTS (
      SELECT FROM quarantined_commands q
      WHERE q.shard = o.shard AND q.sequence = o.sequence AND q.resolved_at IS NULL))
    """

  /// Why an order ended: the reason of the event that came with its end, which was settled in the same transaction and carries
  /// the same moment. An account's events have times of their own, which begin with that moment; where they are far ahead of
  /// it, because a clock has been, the event is looked for among all that follow.
  private static let reason = """
    coalesce((\(endingReason) AND e.event_at < o.closed_at + interval '10 seconds' LIMIT 1), (\(endingReason) LIMIT 1))
    """

  private static let endingReason = """
    SELECT e.reason FROM order_events e
    WHERE e.account_id = o.account_id AND e.order_id = o.order_id AND e.event_at >= o.closed_at
      AND e.occurred_at = o.closed_at
      AND e.kind IN (\(OrderEvent.Kind.canceled.rawValue), \(OrderEvent.Kind.rejected.rawValue), \
    \(OrderEvent.Kind.expired.rawValue))
    """

  static let order = PostgresStatement(
    "read_order",
    """
    SELECT \(shown), \(reason) FROM orders o \(OrderColumns.join) JOIN shard_cursors c ON c.shard = o.shard
    WHERE o.account_id = $1::bigint AND o.order_id = $2::uuid
    """)

  static let orderByKey = PostgresStatement(
    "read_order_by_key",
    """
    SELECT \(shown), \(reason) FROM order_keys k JOIN orders o ON o.account_id = k.account_id AND o.order_id = k.order_id
    \(OrderColumns.join) JOIN shard_cursors c ON c.shard = o.shard
    WHERE k.account_id = $1::bigint AND k.digest = $2::uuid
    """)

  static let instruments = PostgresStatement(
    "read_instruments",
    """
    SELECT instrument_id, asset_id, symbol, name, exchange, shard, tradable AND (halt_reason IS NULL OR halt_collects),
      reference_price
    FROM instruments ORDER BY symbol
    """)

  static let lastPrices = PostgresStatement("read_last_prices", "SELECT instrument_id, price FROM last_prices")

  static let lags = PostgresStatement(
    "read_lags",
    "SELECT l.shard, l.last_sequence, c.processed_sequence FROM shard_logs l JOIN shard_cursors c ON c.shard = l.shard")

  /// The legs of classes, take-profit first: those that no replacement has followed. Parameters: account, classes.
  static let legs = PostgresStatement(
    "read_legs",
    """
    SELECT \(shown) FROM order_conditions t JOIN orders o ON o.account_id = t.account_id AND o.order_id = t.order_id
    JOIN shard_cursors c ON c.shard = o.shard
    WHERE t.account_id = $1::bigint AND t.group_id = ANY ($2::uuid[]) AND t.is_leg
      AND o.status NOT IN (\(OrderStatus.replaced.rawValue), \(OrderStatus.rejected.rawValue))
    ORDER BY t.role, o.order_id
    """)

  /// Parameters: account, exclusive bounds, limit, instruments or NULL, side or NULL.
  ///
  /// Open orders come from the small index of open orders, one descent a shard; others from the account's own range.
  static func orders(_ scope: OrderQuery.Scope, ascending: Bool, nested: Bool) -> PostgresStatement {
    let filter = """
      \(nested ? "t.is_leg IS NOT TRUE AND " : "")o.order_id > $2::uuid AND o.order_id < $3::uuid
        AND ($5::integer[] IS NULL OR o.instrument_id = ANY ($5::integer[]))
        AND ($6::smallint IS NULL OR o.side = $6::smallint)
      """
    let end = "ORDER BY o.order_id \(ascending ? "ASC" : "DESC") LIMIT $4::integer"
    let cursor = "\(OrderColumns.join) JOIN shard_cursors c ON c.shard = o.shard"
    let sql: String
    switch scope {
    case .open where nested:
      // A leg that is open keeps the head of its class in the list, however that ended.
      sql = """
        WITH live AS MATERIALIZED (
          SELECT o.order_id, t.group_id, t.is_leg FROM orders o \(OrderColumns.join)
          WHERE o.is_open AND o.account_id = $1::bigint AND o.shard = ANY (ARRAY(SELECT shard FROM shard_logs))),
        heads AS MATERIALIZED (
          SELECT order_id FROM live WHERE is_leg IS NOT TRUE
          UNION
          SELECT h.order_id FROM live l JOIN order_conditions h
            ON h.account_id = $1::bigint AND h.group_id = l.group_id AND NOT h.is_leg
          JOIN orders o ON o.account_id = h.account_id AND o.order_id = h.order_id
          WHERE l.is_leg AND o.status NOT IN (\(OrderStatus.replaced.rawValue), \(OrderStatus.rejected.rawValue)))
        SELECT \(shown) FROM heads h JOIN orders o ON o.account_id = $1::bigint AND o.order_id = h.order_id \(cursor)
        WHERE \(filter) \(end)
        """
    case .open:
      // Materialized, or the planner would walk all of the account's orders for the sake of their order.
      sql = """
        WITH o AS MATERIALIZED (
          SELECT * FROM orders
          WHERE is_open AND account_id = $1::bigint AND shard = ANY (ARRAY(SELECT shard FROM shard_logs)))
        SELECT \(shown) FROM o \(cursor) WHERE \(filter) \(end)
        """
    case .closed:
      sql = """
        SELECT \(shown) FROM orders o \(cursor)
        WHERE o.account_id = $1::bigint AND NOT o.is_open AND \(filter) \(end)
        """
    case .all: sql = "SELECT \(shown) FROM orders o \(cursor) WHERE o.account_id = $1::bigint AND \(filter) \(end)"
    }
    let name = "read_orders_\(scope.rawValue)_\(ascending ? "asc" : "desc")\(nested ? "_nested" : "")"
    return PostgresStatement(name, sql)
  }
}
