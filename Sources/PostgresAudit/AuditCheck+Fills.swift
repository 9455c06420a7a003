internal import Accounting
internal import Market
internal import PostgresStore

extension AuditCheck {
  /// Invariant B: what an order has executed is the sum of its trades and never more than it asked for.
  static let fills: [AuditCheck] = [
    AuditCheck(
      id: "B1", title: "executed shares are within the order and agree with its state",
      count: "SELECT count(*) FROM orders",
      violations: """
        WITH \(putAside)
        SELECT o.order_id::text, format('status %s, filled %s of %s, value %s', o.status, o.filled, o.quantity, o.filled_value)
        FROM orders o JOIN shard_cursors c USING (shard)
        WHERE o.price <= 0 OR o.quantity <= 0 OR o.filled NOT BETWEEN 0 AND o.quantity
          OR (o.filled = o.quantity) <> (o.status = \(OrderStatus.filled.sql)) OR (o.filled = 0) <> (o.filled_value = 0) OR o.filled_value < 0
          OR (o.status = \(OrderStatus.accepted.sql) AND o.filled <> 0 AND o.sequence <= c.processed_sequence
            AND (o.shard, o.sequence) NOT IN (SELECT * FROM put_aside))
          OR (o.status = \(OrderStatus.partiallyFilled.sql) AND o.filled = 0)
          OR ((o.sequence > c.processed_sequence OR (o.shard, o.sequence) IN (SELECT * FROM put_aside)) AND o.status <> \(OrderStatus.accepted.sql))
        """),
    AuditCheck(
      id: "B2", title: "executed shares and their value are the sum of the order's trades",
      count: "SELECT count(*) FROM orders",
      violations: """
        WITH \(kept), \(putAside),
        done AS (
          SELECT account_id, order_id, sum(quantity)::bigint AS filled, sum(value)::bigint AS value
          FROM (
            SELECT buyer AS account_id, buy_order AS order_id, quantity, price::numeric * quantity AS value FROM trades
            UNION ALL
            SELECT seller, sell_order, quantity, price::numeric * quantity FROM trades) AS sides
          GROUP BY account_id, order_id
        ), sums AS (
          SELECT o.order_id, o.filled, o.filled_value, coalesce(d.filled, 0) AS traded, coalesce(d.value, 0) AS worth,
            coalesce(r.filled, 0) AS inherited, coalesce(r.filled_value, 0) AS inherited_value,
            o.replaces IS NOT NULL AND (o.status = \(OrderStatus.rejected.sql) OR o.sequence > k.processed
              OR (o.shard, o.sequence) IN (SELECT * FROM put_aside)) AS beside,
            -- What was accepted for an order that has then never come to be keeps what that one would have had.
            coalesce(r.status = \(OrderStatus.rejected.sql), false) AS is_of_none
          FROM orders o JOIN kept k ON k.shard = o.shard AND o.sequence >= k.first
          LEFT JOIN done d ON d.account_id = o.account_id AND d.order_id = o.order_id
          LEFT JOIN orders r ON r.account_id = o.account_id AND r.order_id = o.replaces
          WHERE o.replaces IS NULL OR r.order_id IS NOT NULL
        )
        SELECT order_id::text, format('filled %s worth %s, traded %s worth %s, inherited %s worth %s', filled, filled_value,
          traded, worth, inherited, inherited_value)
        FROM sums
        WHERE CASE
          WHEN beside THEN traded <> 0 OR NOT is_of_none AND (filled > inherited OR filled_value > inherited_value)
          ELSE filled <> traded + inherited OR filled_value <> worth + inherited_value END
        """),
    AuditCheck(
      id: "B3", title: "trades and the fill events of both sides agree",
      count: "SELECT count(*) FROM trades",
      violations: """
        WITH t AS (
          SELECT t.shard, t.sequence, t.ordinal + s.second AS ordinal, t.instrument_id, s.side::smallint AS side,
            CASE s.side WHEN \(Side.buy.sql) THEN t.buyer ELSE t.seller END AS account_id,
            CASE s.side WHEN \(Side.buy.sql) THEN t.buy_order ELSE t.sell_order END AS order_id, t.price, t.quantity
          FROM trades t CROSS JOIN LATERAL (VALUES (0, t.taker_side::integer), (1, \(Side.opposite(of: "t.taker_side")))) AS s (second, side)
        ), e AS (SELECT * FROM order_events WHERE kind IN (\(OrderEvent.Kind.executions)))
        SELECT format('shard %s sequence %s ordinal %s', coalesce(t.shard, e.shard), coalesce(t.sequence, e.sequence),
            coalesce(t.ordinal, e.ordinal)),
          CASE WHEN e.shard IS NULL THEN format('trade without the event of order %s', t.order_id)
            WHEN t.shard IS NULL THEN format('fill event of order %s without a trade', e.order_id)
            ELSE format('trade and event of order %s differ', e.order_id) END
        FROM t FULL JOIN e ON e.shard = t.shard AND e.sequence = t.sequence AND e.ordinal = t.ordinal
        WHERE e.shard IS NULL OR t.shard IS NULL
          OR (e.instrument_id, e.side, e.account_id, e.order_id, e.price, e.quantity) IS DISTINCT FROM
            (t.instrument_id, t.side, t.account_id, t.order_id, t.price, t.quantity)
        """),
    AuditCheck(
      id: "B4", title: "trades are between two orders, within the limits of both",
      count: "SELECT count(*) FROM trades",
      violations: """
        WITH \(firstDay)
        SELECT format('shard %s sequence %s ordinal %s', t.shard, t.sequence, t.ordinal),
          format('buy %s at %s, sell %s at %s, traded %s at %s', t.buy_order, b.price, t.sell_order, s.price, t.quantity,
            t.price)
        FROM trades t CROSS JOIN first_day f
        LEFT JOIN orders b ON b.account_id = t.buyer AND b.order_id = t.buy_order
        LEFT JOIN orders s ON s.account_id = t.seller AND s.order_id = t.sell_order
        WHERE (b.order_id IS NULL AND t.buy_order >= f.id) OR (s.order_id IS NULL AND t.sell_order >= f.id)
          OR b.side <> \(Side.buy.sql) OR s.side <> \(Side.sell.sql) OR b.shard <> t.shard OR s.shard <> t.shard
          OR b.instrument_id <> t.instrument_id OR s.instrument_id <> t.instrument_id
          OR t.quantity <= 0 OR t.price > b.price OR t.price < s.price OR t.buyer = t.seller
        """),
    AuditCheck(
      id: "B5", title: "last prices are those of the latest trades",
      count: "SELECT count(DISTINCT instrument_id) FROM trades",
      violations: """
        SELECT format('instrument %s', t.instrument_id), format('last price %s, latest trade at %s', p.price, t.price)
        FROM (
          SELECT DISTINCT ON (instrument_id) instrument_id, price FROM trades
          ORDER BY instrument_id, sequence DESC, ordinal DESC) AS t
        LEFT JOIN last_prices p USING (instrument_id)
        WHERE p.price IS DISTINCT FROM t.price
        """),
    AuditCheck(
      id: "B6", title: "bars of minutes are what the trades say",
      count: "SELECT count(*) FROM minute_bars",
      violations: """
        WITH t AS (
          SELECT instrument_id, date_bin('1 minute', traded_at, 'epoch') AS minute,
            (min(ARRAY[sequence, ordinal, price]))[3] AS open, max(price) AS high, min(price) AS low,
            (max(ARRAY[sequence, ordinal, price]))[3] AS close, sum(quantity)::bigint AS volume,
            sum(price::numeric * quantity) AS value, count(*) AS trades
          FROM trades GROUP BY 1, 2
        ), b AS (
          SELECT * FROM minute_bars
          WHERE minute >= (SELECT date_trunc('day', min(traded_at) AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' FROM trades)
        )
        SELECT format('instrument %s at %s', instrument_id, minute),
          CASE WHEN b.open IS NULL THEN 'no bar' WHEN t.open IS NULL THEN 'no trades'
            ELSE format('bar %s %s %s %s %s, trades %s %s %s %s %s', b.open, b.high, b.low, b.close, b.volume, t.open,
              t.high, t.low, t.close, t.volume) END
        FROM t FULL JOIN b USING (instrument_id, minute)
        WHERE (t.open, t.high, t.low, t.close, t.volume, t.value, t.trades) IS DISTINCT FROM
          (b.open, b.high, b.low, b.close, b.volume, b.value, b.trades)
        """),
  ]
}
