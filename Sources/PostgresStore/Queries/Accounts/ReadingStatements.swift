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

  /// An account in as many rows as it has positions, one at least. One statement sees one moment.
  static let snapshot = PostgresStatement(
    "read_account_snapshot",
    """
    SELECT a.account_id, a.public_id, a.name, a.status, a.cash, a.held, a.created_at, a.suspended, a.last_event, l.price,
      p.instrument_id, p.held, \(PositionColumns.list)
    FROM accounts a
    LEFT JOIN LATERAL (
      SELECT * FROM positions p WHERE p.account_id = a.account_id AND p.quantity > 0 OFFSET 0) AS p ON true
    LEFT JOIN LATERAL (
      SELECT l.price FROM last_prices l WHERE l.instrument_id = p.instrument_id OFFSET 0) AS l ON true
    WHERE a.account_id = $1::bigint ORDER BY p.instrument_id
    """)

  static let positions = PostgresStatement(
    "read_positions",
    """
    SELECT p.instrument_id, p.held, \(PositionColumns.list) FROM positions p
    WHERE p.account_id = $1::bigint AND p.quantity > 0 ORDER BY p.instrument_id
    """)

  /// An order and whether the book has seen it: its command is processed and not in quarantine, for which only an order
  /// without executions need be asked.
  static let shown = """
    \(OrderColumns.list), c.processed_sequence >= o.sequence AND NOT (o.status = \(OrderStatus.accepted.sql) AND EXISTS (
      SELECT FROM quarantined_commands q
      WHERE q.shard = o.shard AND q.sequence = o.sequence AND q.resolved_at IS NULL))
    """

  /// Orders that are named, of one day. Parameters: accounts, identifiers.
  static func orders(day: Day) -> PostgresStatement {
    PostgresStatement(
      "read_orders_\(day.compact)",
      """
      SELECT \(shown) FROM unnest($1::bigint[], $2::uuid[]) AS k (account_id, order_id)
      JOIN orders_\(day.compact) o ON o.account_id = ANY (ARRAY[k.account_id]) AND o.order_id = k.order_id
      \(OrderColumns.join) JOIN shard_cursors c ON c.shard = o.shard
      """)
  }

  /// Why an order ended: the reason of the event that came with its end, which was settled in the same transaction and carries
  /// the same moment. An account's events have times of their own, which begin with that moment: the event is the first that
  /// fits, unless a clock has been ahead and carried those times away. Parameters: account, order, when it ended.
  static func reason(day: Day) -> PostgresStatement {
    PostgresStatement(
      "read_reason_\(day.compact)",
      """
      SELECT e.reason FROM order_events_\(day.compact) e
      WHERE e.account_id = $1::bigint AND e.order_id = $2::uuid AND e.event_at >= $3::timestamptz
        AND e.occurred_at = $3::timestamptz
        AND e.kind IN (\(OrderEvent.Kind.sql(.canceled, .rejected, .expired)))
      ORDER BY e.event_at LIMIT 1
      """)
  }

  static let orderOfKey = PostgresStatement(
    "read_order_of_key", "SELECT order_id FROM order_keys WHERE account_id = $1::bigint AND digest = $2::uuid")

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

  /// The names of the legs of classes. Parameters: account, classes.
  static let legs = PostgresStatement(
    "read_legs",
    """
    SELECT t.account_id, t.order_id FROM order_conditions t
    WHERE t.account_id = $1::bigint AND t.group_id = ANY ($2::uuid[]) AND t.is_leg
    """)

  /// On which days an account has orders or events. Parameters: account, first and last day, counted from 1970.
  static let days = PostgresStatement(
    "read_account_days",
    """
    SELECT d.day - date '1970-01-01' FROM account_days d
    WHERE d.account_id = $1::bigint
      AND d.day BETWEEN date '1970-01-01' + $2::integer AND date '1970-01-01' + $3::integer ORDER BY d.day
    """)

  /// An account's orders of one day. Parameters: account, exclusive bounds, limit, instruments or NULL, side or NULL.
  static func orders(day: Day, isClosed: Bool, ascending: Bool, nested: Bool) -> PostgresStatement {
    PostgresStatement(
      "read_\(isClosed ? "closed" : "all")_\(ascending ? "asc" : "desc")\(nested ? "_nested" : "")_\(day.compact)",
      """
      SELECT \(shown) FROM orders_\(day.compact) o \(OrderColumns.join) JOIN shard_cursors c ON c.shard = o.shard
      WHERE o.account_id = $1::bigint AND o.order_id > $2::uuid AND o.order_id < $3::uuid
        \(isClosed ? "AND NOT o.is_open" : "")\(nested ? " AND t.is_leg IS NOT TRUE" : "")
        AND ($5::integer[] IS NULL OR o.instrument_id = ANY ($5::integer[]))
        AND ($6::smallint IS NULL OR o.side = $6::smallint)
      ORDER BY o.order_id \(ascending ? "ASC" : "DESC") LIMIT $4::integer
      """)
  }

  /// The names of an account's open orders, one descent of their index a shard; of a class its head, which a leg that is open
  /// keeps in the list however the head ended: its instrument and side are then for the caller to look at.
  /// Parameters: as those of ``orders(day:isClosed:ascending:nested:)``.
  static func openOrders(ascending: Bool, nested: Bool) -> PostgresStatement {
    let filter = """
      ($5::integer[] IS NULL OR p.instrument_id = ANY ($5::integer[])) AND ($6::smallint IS NULL OR p.side = $6::smallint)
      """
    let own = "p.account_id = $1::bigint AND p.shard = ANY (ARRAY(SELECT shard FROM shard_logs))"
    let end = """
      p.order_id > $2::uuid AND p.order_id < $3::uuid
      ORDER BY p.order_id \(ascending ? "ASC" : "DESC") LIMIT $4::integer
      """
    let name = "read_open_\(ascending ? "asc" : "desc")\(nested ? "_nested" : "")"
    guard nested else {
      return PostgresStatement(
        name,
        """
        WITH p AS MATERIALIZED (SELECT p.account_id, p.order_id FROM open_orders p WHERE \(own) AND \(filter))
        SELECT p.account_id, p.order_id FROM p WHERE \(end)
        """)
    }
    return PostgresStatement(
      name,
      """
      WITH live AS MATERIALIZED (
        SELECT p.order_id, p.instrument_id, p.side, t.group_id, t.is_leg FROM open_orders p
        LEFT JOIN order_conditions t ON t.account_id = ANY (ARRAY[p.account_id]) AND t.order_id = p.order_id
        WHERE \(own)
      ), heads AS MATERIALIZED (
        SELECT p.order_id FROM live p WHERE p.is_leg IS NOT TRUE AND \(filter)
        UNION
        SELECT h.order_id FROM live l
        CROSS JOIN LATERAL (
          SELECT h.order_id FROM order_conditions h
          WHERE h.account_id = $1::bigint AND h.group_id = l.group_id AND NOT h.is_leg OFFSET 0) AS h
        WHERE l.is_leg
      )
      SELECT $1::bigint, p.order_id FROM heads p WHERE \(end)
      """)
  }

  static let clock = PostgresStatement("database_clock", "SELECT clock_timestamp()")

  static let probe = PostgresStatement("probe", "SELECT pg_is_in_recovery()")

  static let shards = PostgresStatement(
    "read_shards",
    """
    SELECT l.shard, c.owner, c.epoch, l.last_sequence, c.processed_sequence,
      (SELECT count(*) FROM quarantined_commands q WHERE q.shard = l.shard AND q.resolved_at IS NULL),
      coalesce((SELECT string_agg(i.symbol, ' ' ORDER BY i.symbol) FROM instruments i WHERE i.shard = l.shard), ''),
      nullif(c.processed_at, 'epoch'),
      (SELECT min(q.quarantined_at) FROM quarantined_commands q WHERE q.shard = l.shard AND q.resolved_at IS NULL)
    FROM shard_logs l JOIN shard_cursors c ON c.shard = l.shard ORDER BY l.shard
    """)
}
