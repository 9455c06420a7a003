internal import Accounting
internal import Market
internal import PostgresStore

extension AuditCheck {
  /// Invariant A: every acknowledged order is there, in exactly one open or final state.
  static let orders: [AuditCheck] = [
    AuditCheck(
      id: "A1", title: "orders are in one open or final state", count: "SELECT count(*) FROM orders",
      violations: """
        SELECT o.order_id::text, format('status %s, is_open %s, pending %s, closed_at %s, replaced_by %s',
          o.status, o.is_open, o.pending, coalesce(o.closed_at::text, 'none'), coalesce(o.replaced_by::text, 'none'))
        FROM orders o
        WHERE o.status NOT BETWEEN \(OrderStatus.span) OR o.pending NOT BETWEEN \(PendingChange.span)
          OR o.is_open <> (o.status IN (\(OrderStatus.open))) OR o.is_open <> (o.closed_at IS NULL)
          OR (NOT o.is_open AND o.pending <> \(PendingChange.none.sql)) OR (o.replaced_by IS NOT NULL) <> (o.status = \(OrderStatus.replaced.sql))
        """),
    AuditCheck(
      id: "A2", title: "orders and the log rows that placed them agree",
      count: "SELECT count(*) FROM command_log WHERE \(LogColumns.kind()) IN (\(LogColumns.Kind.ofOrders))",
      violations: """
        WITH \(kept),
        o AS (
          SELECT o.*, t.order_id IS NOT NULL AS is_conditional, coalesce(t.role, \(OrderRole.main.sql)) <> \(OrderRole.main.sql) AS is_exit
          FROM orders o JOIN kept k USING (shard) LEFT JOIN order_conditions t
            ON t.account_id = o.account_id AND t.order_id = o.order_id
          WHERE o.sequence >= k.first AND coalesce(t.leg, \(OrderRole.main.sql)) = \(OrderRole.main.sql)),
        -- What came out of quarantine has another row by now.
        g AS (SELECT * FROM command_log c WHERE \(LogColumns.kind()) IN (\(LogColumns.Kind.ofOrders)) AND NOT EXISTS (
          SELECT FROM quarantined_commands q
          WHERE q.shard = c.shard AND q.sequence = c.sequence AND q.resolved_at IS NOT NULL))
        SELECT coalesce(o.order_id, g.order_id)::text,
          CASE WHEN g.order_id IS NULL THEN format('order without a log row at shard %s sequence %s', o.shard, o.sequence)
            WHEN o.order_id IS NULL THEN format('log row without an order at shard %s sequence %s', g.shard, g.sequence)
            ELSE format('order and log row differ at shard %s sequence %s', g.shard, g.sequence) END
        FROM o FULL JOIN g ON o.shard = g.shard AND o.sequence = g.sequence
        WHERE o.order_id IS NULL OR g.order_id IS NULL
          OR (o.order_id, o.account_id, o.instrument_id, o.side, o.order_type, o.time_in_force, o.self_trade_prevention,
            o.post_only, o.price) IS DISTINCT FROM
            (g.order_id, g.account_id, g.instrument_id, g.side, g.order_type, g.time_in_force, g.self_trade_prevention,
            g.post_only, g.price)
          -- An exit loses the shares that the other exit of its class trades.
          OR (CASE WHEN o.is_exit THEN o.quantity > g.quantity ELSE o.quantity <> g.quantity END)
          OR o.replaces IS DISTINCT FROM g.target
          -- What stood outside the book got its place when it entered.
          OR o.priority < 1 OR (NOT o.is_conditional
            AND (o.priority > o.sequence OR (o.priority <> o.sequence AND o.replaces IS NULL)))
        """),
    AuditCheck(
      id: "A7", title: "conditions stand beside orders, and legs are as the log row of their class brought them",
      count: "SELECT count(*) FROM order_conditions",
      violations: """
        WITH \(kept), \(firstDay),
        legs AS (
          SELECT g.shard, g.sequence, g.account_id, g.order_id AS group_id, l.*,
            CASE d.order_class WHEN \(OrderClass.oco.sql) THEN g.side ELSE \(Side.opposite(of: "g.side")) END AS side, g.quantity
          FROM command_log g JOIN command_conditions d USING (shard, sequence)
          CROSS JOIN LATERAL (VALUES (d.profit_order, \(OrderRole.takeProfit.sql), \(OrderType.limit.sql), d.profit_price, NULL::bigint),
            (d.loss_order, \(OrderRole.stopLoss.sql), d.loss_type, d.loss_price, d.loss_stop)) AS l (order_id, leg, order_type, price, stop)
          WHERE l.order_id IS NOT NULL AND NOT EXISTS (
            SELECT FROM quarantined_commands q
            WHERE q.shard = g.shard AND q.sequence = g.sequence AND q.resolved_at IS NOT NULL)),
        stored AS (
          SELECT o.shard, o.sequence, o.account_id, t.group_id, o.order_id, t.leg, o.order_type, o.price, t.stop_price, o.side,
            o.quantity
          FROM order_conditions t JOIN orders o ON o.account_id = t.account_id AND o.order_id = t.order_id
          JOIN kept k ON k.shard = o.shard AND o.sequence >= k.first WHERE t.leg > \(OrderRole.main.sql))
        SELECT coalesce(l.order_id, s.order_id)::text, CASE WHEN s.order_id IS NULL THEN 'a leg without an order'
          WHEN l.order_id IS NULL THEN 'a leg that no log row brought' ELSE 'the leg and its log row differ' END
        FROM legs l FULL JOIN stored s ON s.account_id = l.account_id AND s.order_id = l.order_id
        WHERE l.order_id IS NULL OR s.order_id IS NULL OR s.quantity > l.quantity
          OR (l.shard, l.sequence, l.group_id, l.leg, l.order_type, l.price, l.stop, l.side::integer) IS DISTINCT FROM
            (s.shard, s.sequence, s.group_id, s.leg::integer, s.order_type::integer, s.price, s.stop_price, s.side::integer)
        UNION ALL
        SELECT t.order_id::text, 'conditions without an order'
        FROM order_conditions t CROSS JOIN first_day f
        LEFT JOIN orders o ON o.account_id = t.account_id AND o.order_id = t.order_id
        WHERE o.order_id IS NULL AND t.order_id >= f.id
        UNION ALL
        SELECT t.order_id::text, format('impossible conditions: class %s, role %s, phase %s, activation %s', t.order_class,
          t.role, t.phase, t.activation)
        FROM order_conditions t
        WHERE t.order_class NOT BETWEEN \(OrderClass.span) OR t.role NOT BETWEEN \(OrderRole.span)
          OR t.phase NOT BETWEEN \(OrderPhase.span) OR t.leg NOT BETWEEN \(OrderRole.span) OR t.activation < 0 OR (t.group_id IS NULL) <> (t.order_class = \(OrderClass.simple.sql))
          OR (t.phase = \(OrderPhase.waiting.sql) AND t.stop_price IS NULL)
          OR (t.phase = \(OrderPhase.held.sql) AND t.role = \(OrderRole.main.sql))
        """),
    AuditCheck(
      id: "A3", title: "client keys name existing orders and each order has one",
      count: "SELECT count(*) FROM order_keys",
      violations: """
        WITH \(firstDay)
        SELECT k.order_id::text, format('key %s of account %s names no order', k.digest, k.account_id)
        FROM order_keys k CROSS JOIN first_day f LEFT JOIN orders o USING (account_id, order_id)
        WHERE k.order_id >= f.id AND o.order_id IS NULL
        UNION ALL
        SELECT o.order_id::text, format('order of account %s has no client key', o.account_id)
        FROM orders o LEFT JOIN order_keys k
          ON k.account_id = o.account_id AND k.order_id = o.order_id AND k.fingerprint IS NULL
        WHERE k.digest IS NULL
        """),
    AuditCheck(
      id: "A4", title: "orders belong to known accounts and to their instrument's shard",
      count: "SELECT count(*) FROM orders",
      violations: """
        SELECT o.order_id::text, format('account %s, instrument %s of shard %s, order of shard %s', o.account_id,
          o.instrument_id, coalesce(i.shard::text, 'none'), o.shard)
        FROM orders o LEFT JOIN instruments i USING (instrument_id) LEFT JOIN accounts a USING (account_id)
        WHERE a.account_id IS NULL OR i.shard IS DISTINCT FROM o.shard
          OR ('x' || right(o.order_id::text, 4))::bit(16)::integer <> o.shard
        """),
    AuditCheck(
      id: "A5", title: "pending changes of open orders wait in the log or in quarantine",
      count: "SELECT count(*) FROM orders WHERE is_open AND pending <> \(PendingChange.none.sql)",
      violations: """
        WITH \(putAside)
        SELECT o.order_id::text, format('pending %s without a cancel or replacement in the log', o.pending)
        FROM orders o
        WHERE o.is_open AND o.pending <> \(PendingChange.none.sql) AND NOT EXISTS (
          SELECT FROM command_log g JOIN shard_cursors c USING (shard)
          WHERE g.shard = o.shard
            AND (g.sequence > c.processed_sequence OR (g.shard, g.sequence) IN (SELECT * FROM put_aside))
            -- An order may have come out of quarantine after the change was asked for.
            AND (g.target_sequence = o.sequence OR EXISTS (
              SELECT FROM quarantined_commands q WHERE q.shard = g.shard AND q.sequence = g.target_sequence))
            AND ((\(LogColumns.kind(of: "g")) = \(LogColumns.Kind.cancel.sql) AND g.order_id = o.order_id)
            OR (\(LogColumns.kind(of: "g")) = \(LogColumns.Kind.replace.sql) AND g.target = o.order_id)))
        """),
    AuditCheck(
      id: "A6", title: "replacements and what they replaced name each other",
      count: "SELECT count(*) FROM orders WHERE replaces IS NOT NULL OR replaced_by IS NOT NULL",
      violations: """
        WITH \(firstDay), \(putAside)
        SELECT o.order_id::text, format('replaced by %s, which does not replace it', o.replaced_by)
        FROM orders o LEFT JOIN orders n ON n.account_id = o.account_id AND n.order_id = o.replaced_by
        WHERE o.replaced_by IS NOT NULL AND (n.replaces IS DISTINCT FROM o.order_id OR n.status = \(OrderStatus.rejected.sql))
        UNION ALL
        SELECT n.order_id::text, format('replaces %s, which is not replaced by it', n.replaces)
        FROM orders n CROSS JOIN first_day f JOIN shard_cursors c ON c.shard = n.shard
        LEFT JOIN orders o ON o.account_id = n.account_id AND o.order_id = n.replaces
        WHERE n.replaces IS NOT NULL AND n.replaces >= f.id AND (o.order_id IS NULL
          OR (n.sequence <= c.processed_sequence AND n.status <> \(OrderStatus.rejected.sql) AND o.replaced_by IS DISTINCT FROM n.order_id
            AND (n.shard, n.sequence) NOT IN (SELECT * FROM put_aside)))
        """),
    AuditCheck(
      id: "A8", title: "the open orders are those that are kept as such", count: "SELECT count(*) FROM open_orders",
      violations: """
        SELECT coalesce(o.order_id, p.order_id)::text, CASE
          WHEN p.order_id IS NULL THEN 'an open order that is not kept as one'
          WHEN o.order_id IS NULL THEN 'kept as an open order, and is none'
          ELSE format('kept as an open order at shard %s sequence %s, and is at %s', p.shard, p.sequence, o.sequence) END
        FROM (SELECT * FROM orders WHERE is_open) AS o
        FULL JOIN open_orders p ON p.account_id = o.account_id AND p.order_id = o.order_id
        WHERE (o.shard, o.instrument_id, o.side, o.price, o.sequence, o.time_in_force)
          IS DISTINCT FROM (p.shard, p.instrument_id, p.side, p.price, p.sequence, p.time_in_force)
        """),
    AuditCheck(
      id: "A9", title: "the days on which accounts have orders or events are kept",
      count: "SELECT count(*) FROM account_days",
      violations: """
        SELECT format('account %s', k.account_id), format('has orders or events of %s, and the day is not kept', k.day)
        FROM (
          SELECT account_id, order_day(order_id) AS day FROM orders
          UNION
          SELECT account_id, (occurred_at AT TIME ZONE 'UTC')::date FROM order_events WHERE event_at IS NOT NULL) AS k
        WHERE NOT EXISTS (SELECT FROM account_days d WHERE d.account_id = k.account_id AND d.day = k.day)
        """),
  ]
}
