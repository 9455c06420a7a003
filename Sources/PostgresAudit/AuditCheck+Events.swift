internal import Accounting
internal import Market
internal import PostgresStore

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
          FROM order_events WHERE kind NOT IN (\(OrderEvent.Kind.ofRequests)) ORDER BY account_id, order_id, sequence DESC, ordinal DESC)
        SELECT o.order_id::text, CASE WHEN e.order_id IS NULL THEN format('status %s without an event', o.status)
          ELSE format('status %s, filled %s of %s; last event of kind %s says filled %s, leaves %s, quantity %s', o.status,
            o.filled, o.quantity, e.kind, e.filled, e.leaves, e.quantity) END
        FROM orders o JOIN kept k ON k.shard = o.shard AND o.sequence BETWEEN k.first AND k.processed
        LEFT JOIN latest e ON e.account_id = o.account_id AND e.order_id = o.order_id
        WHERE (o.shard, o.sequence) NOT IN (SELECT * FROM put_aside) AND (e.order_id IS NULL OR e.filled <> o.filled
          OR e.leaves <> CASE WHEN o.is_open THEN o.quantity - o.filled ELSE 0 END
          OR (e.kind IN (\(OrderEvent.Kind.sql(.canceled, .replaced, .expired))) AND e.filled + e.quantity <> o.quantity)
          OR NOT CASE o.status \(OrderStatus.allCases.map(lastEvents).joined(separator: " ")) ELSE false END)
        """),
    AuditCheck(
      id: "G2", title: "executed shares grow from event to event by what was executed, and closed orders stay closed",
      count: "SELECT count(*) FROM order_events",
      violations: """
        WITH \(firstDay),
        told AS (
          SELECT shard, sequence, ordinal, order_id, kind, quantity, filled, leaves, lag(filled) OVER story AS before,
            lag(kind) OVER story AS kind_before, lag(leaves) OVER story AS left_before
          FROM order_events WHERE kind NOT IN (\(OrderEvent.Kind.ofRequests))
          WINDOW story AS (PARTITION BY account_id, order_id ORDER BY sequence, ordinal))
        SELECT t.order_id::text, format('at shard %s sequence %s ordinal %s: kind %s, quantity %s, filled %s after %s, leaves %s',
          t.shard, t.sequence, t.ordinal, t.kind, t.quantity, t.filled, coalesce(t.before::text, 'nothing'), t.leaves)
        FROM told t CROSS JOIN first_day f
        WHERE CASE WHEN t.before IS NULL THEN t.order_id >= f.id AND t.kind NOT IN (\(begins))
          -- A leg is held, then new.
          WHEN t.kind = \(OrderEvent.Kind.new.sql) AND t.kind_before IN (\(OrderEvent.Kind.sql(.held, .reduced))) THEN t.filled <> 0 OR t.quantity <> t.left_before
          WHEN t.left_before = 0 OR t.kind IN (\(begins)) THEN true
          WHEN t.kind = \(OrderEvent.Kind.reduced.sql) THEN t.filled <> t.before OR t.leaves <> t.left_before - t.quantity
          WHEN t.kind IN (\(OrderEvent.Kind.executions)) THEN t.filled <> t.before + t.quantity OR t.leaves <> t.left_before - t.quantity
          ELSE t.filled <> t.before OR t.quantity <> t.left_before END
          OR (t.kind IN (\(OrderEvent.Kind.sql(.partialFill, .reduced))) AND t.leaves <= 0)
          OR (t.kind IN (\(ends)) AND t.leaves <> 0)
          OR (t.kind IN (\(OrderEvent.Kind.sql(.new, .triggered, .held))) AND t.leaves <> t.quantity)
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
          OR (e.kind <> \(OrderEvent.Kind.cancelRejected.sql) AND e.side <> o.side)
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
      count:
        "SELECT count(*) FROM order_events WHERE event_at IS NOT NULL AND kind NOT IN (\(OrderEvent.Kind.ofRequests))",
      violations: """
        WITH told AS (
          SELECT shard, sequence, ordinal, kind, price, quantity, filled_value,
            lag(filled_value) OVER (PARTITION BY account_id, order_id ORDER BY sequence, ordinal) AS before
          FROM order_events WHERE kind NOT IN (\(OrderEvent.Kind.ofRequests)) AND event_at IS NOT NULL)
        SELECT format('shard %s sequence %s ordinal %s', t.shard, t.sequence, t.ordinal),
          format('kind %s, worth %s after %s', t.kind, coalesce(t.filled_value::text, 'unknown'), t.before)
        FROM told t
        WHERE t.filled_value IS NULL
          OR t.filled_value <> t.before + CASE WHEN t.kind IN (\(OrderEvent.Kind.executions)) THEN t.price * t.quantity ELSE 0 END
        """),
  ]

  /// The kinds of events with which an order can begin, for `IN (…)`.
  private static let begins = OrderEvent.Kind.sql(.new, .rejected, .held)

  /// The kinds of events that leave nothing of an order, for `IN (…)`; those of requests tell of none.
  private static let ends = OrderEvent.Kind.sql(
    .fill, .canceled, .replaced, .rejected, .expired, .cancelRejected, .replaceRejected)

  /// The branch of a CASE over an order's state that says which kind its last event has.
  private static func lastEvents(of status: OrderStatus) -> String {
    let kinds =
      switch status {
      case .accepted: OrderEvent.Kind.sql(.new, .triggered, .held, .reduced)
      case .partiallyFilled: OrderEvent.Kind.sql(.new, .partialFill)
      case .filled: OrderEvent.Kind.fill.sql
      case .canceled: OrderEvent.Kind.canceled.sql
      case .expired: OrderEvent.Kind.expired.sql
      case .replaced: OrderEvent.Kind.replaced.sql
      case .rejected: OrderEvent.Kind.rejected.sql
      }
    return "WHEN \(status.sql) THEN e.kind IN (\(kinds))"
  }
}
