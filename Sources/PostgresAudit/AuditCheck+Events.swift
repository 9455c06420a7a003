extension AuditCheck {
  /// Invariant G as far as it is stored: the events of an order tell the same story as its row.
  static let events: [AuditCheck] = [
    AuditCheck(
      id: "G1", title: "the last event of each processed order agrees with its row",
      count:
        "SELECT count(*) FROM orders o JOIN shard_cursors c USING (shard) WHERE o.sequence <= c.processed_sequence",
      violations: """
        WITH \(kept), \(putAside),
        latest AS (
          SELECT DISTINCT ON (account_id, order_id) account_id, order_id, kind, quantity, filled, leaves
          FROM order_events WHERE kind NOT IN (7, 8) ORDER BY account_id, order_id, sequence DESC, ordinal DESC)
        SELECT o.order_id::text, CASE WHEN e.order_id IS NULL THEN format('status %s without an event', o.status)
          ELSE format('status %s, filled %s of %s; last event of kind %s says filled %s, leaves %s, quantity %s', o.status,
            o.filled, o.quantity, e.kind, e.filled, e.leaves, e.quantity) END
        FROM orders o JOIN kept k ON k.shard = o.shard AND o.sequence BETWEEN k.first AND k.processed
        LEFT JOIN latest e ON e.account_id = o.account_id AND e.order_id = o.order_id
        WHERE (o.shard, o.sequence) NOT IN (SELECT * FROM put_aside) AND (e.order_id IS NULL OR e.filled <> o.filled
          OR e.leaves <> CASE WHEN o.is_open THEN o.quantity - o.filled ELSE 0 END
          OR (e.kind IN (3, 4, 6) AND e.filled + e.quantity <> o.quantity)
          OR NOT CASE o.status WHEN 0 THEN e.kind IN (0, 9, 10, 11) WHEN 1 THEN e.kind IN (0, 1) WHEN 2 THEN e.kind = 2
            WHEN 3 THEN e.kind = 3 WHEN 4 THEN e.kind = 6 WHEN 5 THEN e.kind = 4 ELSE e.kind = 5 END)
        """),
    AuditCheck(
      id: "G2", title: "executed shares grow from event to event by what was executed, and closed orders stay closed",
      count: "SELECT count(*) FROM order_events",
      violations: """
        WITH \(firstDay),
        told AS (
          SELECT shard, sequence, ordinal, order_id, kind, quantity, filled, leaves, lag(filled) OVER story AS before,
            lag(kind) OVER story AS kind_before, lag(leaves) OVER story AS left_before
          FROM order_events WHERE kind NOT IN (7, 8)
          WINDOW story AS (PARTITION BY account_id, order_id ORDER BY sequence, ordinal))
        SELECT t.order_id::text, format('at shard %s sequence %s ordinal %s: kind %s, quantity %s, filled %s after %s, leaves %s',
          t.shard, t.sequence, t.ordinal, t.kind, t.quantity, t.filled, coalesce(t.before::text, 'nothing'), t.leaves)
        FROM told t CROSS JOIN first_day f
        WHERE CASE WHEN t.before IS NULL THEN t.order_id >= f.id AND t.kind NOT IN (0, 5, 10)
          -- A leg is held, then new.
          WHEN t.kind = 0 AND t.kind_before IN (10, 11) THEN t.filled <> 0 OR t.quantity <> t.left_before
          WHEN t.left_before = 0 OR t.kind IN (0, 5, 10) THEN true
          WHEN t.kind = 11 THEN t.filled <> t.before OR t.leaves <> t.left_before - t.quantity
          WHEN t.kind IN (1, 2) THEN t.filled <> t.before + t.quantity OR t.leaves <> t.left_before - t.quantity
          ELSE t.filled <> t.before OR t.quantity <> t.left_before END
          OR (t.kind IN (1, 11) AND t.leaves <= 0) OR (t.kind BETWEEN 2 AND 8 AND t.leaves <> 0)
          OR (t.kind IN (0, 9, 10) AND t.leaves <> t.quantity)
        """),
    AuditCheck(
      id: "G3", title: "events name existing orders of the same account, instrument and side",
      count: "SELECT count(*) FROM order_events",
      violations: """
        WITH \(firstDay)
        SELECT format('shard %s sequence %s ordinal %s', e.shard, e.sequence, e.ordinal),
          format('event of order %s of account %s %s', e.order_id, e.account_id,
            CASE WHEN o.order_id IS NULL THEN 'names no order' ELSE 'differs from its order' END)
        FROM order_events e CROSS JOIN first_day f
        LEFT JOIN orders o ON o.account_id = e.account_id AND o.order_id = e.order_id
        WHERE (o.order_id IS NULL AND e.order_id >= f.id)
          OR (e.shard, e.instrument_id) <> (o.shard, o.instrument_id)
          -- A late cancel does not know the side of the order that is gone.
          OR (e.kind <> 7 AND e.side <> o.side)
        """),
    AuditCheck(
      id: "G4", title: "an account's events have strictly increasing times in the order in which they were committed",
      count: "SELECT count(*) FROM order_events WHERE event_at IS NOT NULL",
      violations: """
        WITH streamed AS MATERIALIZED (
          SELECT shard, min(sequence) AS first FROM order_events WHERE event_at IS NOT NULL GROUP BY shard
        ),
        timed AS (
          SELECT shard, sequence, ordinal, account_id, event_at, occurred_at,
            lag(event_at) OVER (PARTITION BY account_id, shard ORDER BY sequence, ordinal) AS before,
            lag(event_at) OVER (PARTITION BY account_id ORDER BY event_at) AS neighbour
          FROM order_events WHERE event_at IS NOT NULL)
        SELECT format('shard %s sequence %s ordinal %s', t.shard, t.sequence, t.ordinal),
          format('account %s has it at %s, the one before at %s', t.account_id, t.event_at,
            coalesce(greatest(t.before, t.neighbour)::text, 'no time'))
        FROM timed t WHERE t.event_at <= t.before OR t.event_at = t.neighbour OR t.event_at < t.occurred_at
        UNION ALL
        -- Before the first that has a time, events are from a version that gave none.
        SELECT format('shard %s sequence %s ordinal %s', e.shard, e.sequence, e.ordinal), 'it has no time in its account'
        FROM order_events e JOIN streamed s USING (shard) WHERE e.event_at IS NULL AND e.sequence > s.first
        UNION ALL
        SELECT format('account %s', a.account_id), format('its last event is at %s, its row says %s', l.last, a.last_event)
        FROM accounts a JOIN (
          SELECT account_id, max(at) AS last FROM (
            SELECT account_id, event_at AS at FROM order_events
            UNION ALL
            SELECT l.account_id, j.created_at FROM journal_lines l JOIN journals j USING (journal_id) WHERE j.is_ordered
          ) AS times GROUP BY account_id) AS l
          USING (account_id)
        WHERE l.last <> a.last_event
        """),
    AuditCheck(
      id: "G5", title: "an event knows what the shares executed so far were worth",
      count: "SELECT count(*) FROM order_events WHERE event_at IS NOT NULL AND kind NOT IN (7, 8)",
      violations: """
        WITH told AS (
          SELECT shard, sequence, ordinal, kind, price, quantity, filled_value,
            lag(filled_value) OVER (PARTITION BY account_id, order_id ORDER BY sequence, ordinal) AS before
          FROM order_events WHERE kind NOT IN (7, 8) AND event_at IS NOT NULL)
        SELECT format('shard %s sequence %s ordinal %s', t.shard, t.sequence, t.ordinal),
          format('kind %s, worth %s after %s', t.kind, coalesce(t.filled_value::text, 'unknown'), t.before)
        FROM told t
        WHERE t.filled_value IS NULL
          OR t.filled_value <> t.before + CASE WHEN t.kind IN (1, 2) THEN t.price * t.quantity ELSE 0 END
        """),
  ]
}
