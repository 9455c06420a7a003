internal import Market
internal import PostgresStore

extension AuditCheck {
  /// Invariant E: per shard the log has no gap and no repeat, and each processed command left its events.
  static let log: [AuditCheck] = [
    AuditCheck(
      id: "E1", title: "log rows follow each other without gap or repeat up to the last",
      count: "SELECT count(*) FROM command_log",
      violations: """
        WITH \(kept)
        SELECT format('shard %s sequence %s', g.shard, g.sequence), format('follows sequence %s', g.previous)
        FROM (
          SELECT shard, sequence, lag(sequence) OVER (PARTITION BY shard ORDER BY sequence) AS previous
          FROM command_log) AS g
        WHERE g.sequence <> g.previous + 1
        UNION ALL
        SELECT format('shard %s', k.shard), format('log ends at sequence %s, counter says %s',
          coalesce(g.last, 0), k.last_sequence)
        FROM kept k LEFT JOIN (SELECT shard, max(sequence) AS last FROM command_log GROUP BY shard) AS g USING (shard)
        WHERE coalesce(g.last, CASE WHEN k.processed = k.last_sequence THEN k.last_sequence ELSE 0 END) <> k.last_sequence
        UNION ALL
        SELECT format('shard %s', g.shard), 'log rows of no shard'
        FROM command_log g LEFT JOIN kept k USING (shard) WHERE k.shard IS NULL GROUP BY g.shard
        UNION ALL
        -- Days are detached whole, so a log that begins in the middle of a day has lost its first rows. (An event may
        -- fall into the day after its command's: an hour of slack.)
        SELECT format('shard %s sequence %s', k.shard, k.first), 'log rows before it are missing'
        FROM kept k JOIN LATERAL (
          SELECT min(accepted_at) AS moment FROM command_log g WHERE g.shard = k.shard AND g.sequence = k.first) AS f ON true
        WHERE k.first > 1 AND (k.processed < k.first - 1 OR EXISTS (
          SELECT FROM order_events e WHERE e.shard = k.shard AND e.sequence < k.first
            AND e.occurred_at >= date_trunc('day', f.moment AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' + interval '1 hour'))
        """),
    AuditCheck(
      id: "E2", title: "shards have processed no more than was accepted", count: "SELECT count(*) FROM shard_logs",
      violations: """
        SELECT format('shard %s', shard), format('processed %s, last %s', coalesce(c.processed_sequence::text, 'unknown'),
          coalesce(l.last_sequence::text, 'unknown'))
        FROM shard_logs l FULL JOIN shard_cursors c USING (shard)
        WHERE c.processed_sequence IS NULL OR l.last_sequence IS NULL OR c.processed_sequence > l.last_sequence
          OR c.processed_sequence < 0 OR c.epoch < 0
        """),
    AuditCheck(
      id: "E3", title: "each processed command of an account left an event or is in quarantine",
      count: """
        SELECT count(*) FROM command_log g JOIN shard_cursors c USING (shard)
        WHERE g.sequence <= c.processed_sequence AND \(LogColumns.kind(of: "g")) <> \(LogColumns.Kind.market.sql)
        """,
      violations: """
        SELECT format('shard %s sequence %s', g.shard, g.sequence), format('command of kind %s left no event', g.kind)
        FROM command_log g JOIN shard_cursors c USING (shard)
        WHERE g.sequence <= c.processed_sequence AND \(LogColumns.kind(of: "g")) <> \(LogColumns.Kind.market.sql)
          AND NOT EXISTS (SELECT FROM order_events e WHERE e.shard = g.shard AND e.sequence = g.sequence)
          AND NOT EXISTS (SELECT FROM quarantined_commands q WHERE q.shard = g.shard AND q.sequence = g.sequence)
        """),
    AuditCheck(
      id: "E4", title: "events and trades come from processed commands",
      count: "SELECT (SELECT count(*) FROM order_events) + (SELECT count(*) FROM trades)",
      violations: """
        WITH \(kept),
        happened AS (
          SELECT shard, sequence, ordinal, 'event' AS what FROM order_events
          UNION ALL SELECT shard, sequence, ordinal, 'trade' FROM trades)
        SELECT format('shard %s sequence %s ordinal %s', h.shard, h.sequence, h.ordinal),
          format('%s %s', h.what, CASE WHEN h.sequence > k.processed THEN 'of a command that is not processed'
            ELSE 'without a log row' END)
        FROM happened h LEFT JOIN kept k USING (shard)
        LEFT JOIN command_log g ON g.shard = h.shard AND g.sequence = h.sequence
        WHERE k.shard IS NULL OR h.sequence > k.processed OR (g.shard IS NULL AND h.sequence >= k.first)
        """),
    AuditCheck(
      id: "E5", title: "events of a command are numbered from 0 without gap or repeat",
      count: "SELECT count(*) FROM order_events",
      violations: """
        SELECT format('shard %s sequence %s', shard, sequence),
          format('%s events numbered %s to %s', count(*), min(ordinal), max(ordinal))
        FROM order_events GROUP BY shard, sequence
        HAVING min(ordinal) <> 0 OR max(ordinal) <> count(*) - 1 OR count(DISTINCT ordinal) <> count(*)
        """),
    AuditCheck(
      id: "E6", title: "log rows are well formed", count: "SELECT count(*) FROM command_log",
      violations: """
        SELECT format('shard %s sequence %s', shard, sequence), format('row of kind %s has impossible terms', kind)
        FROM command_log
        WHERE kind NOT BETWEEN \(LogColumns.Kind.storedSpan) OR CASE \(LogColumns.kind())
          WHEN \(LogColumns.Kind.market.sql) THEN side NOT BETWEEN \(LogColumns.ExchangeInstruction.span) OR time_in_force < 0
            OR order_type NOT BETWEEN \(SessionStage.span) OR account_id <> 0 OR price < 0
            OR quantity < 0 OR side = \(LogColumns.ExchangeInstruction.bind.sql) AND (order_type NOT BETWEEN \(BandTier.span)
              OR time_in_force NOT IN (\(LogColumns.flags)) OR price < 1 OR quantity < 1) OR target IS NOT NULL OR target_sequence NOT BETWEEN 0 AND sequence - 1
            OR extra_hold IS NOT NULL
          ELSE side NOT BETWEEN \(Side.span) OR order_type NOT BETWEEN \(OrderType.span)
            OR time_in_force NOT BETWEEN \(TimeInForce.span)
            OR self_trade_prevention NOT BETWEEN \(SelfTradePrevention.span) OR target_sequence NOT BETWEEN 1 AND sequence - 1
            OR CASE WHEN \(LogColumns.kind()) = \(LogColumns.Kind.cancel.sql) THEN target_sequence IS NULL OR target IS NOT NULL OR extra_hold IS NOT NULL
              ELSE price NOT BETWEEN 1 AND \(Price.maximum.rawValue)
                OR quantity NOT BETWEEN 1 AND \(Quantity.maximum.rawValue)
                OR (target IS NULL) <> (\(LogColumns.kind()) = \(LogColumns.Kind.place.sql)) OR (target_sequence IS NULL) <> (\(LogColumns.kind()) = \(LogColumns.Kind.place.sql))
                OR (extra_hold IS NULL) <> (\(LogColumns.kind()) = \(LogColumns.Kind.place.sql)) OR extra_hold < 0 END END
        """),
    AuditCheck(
      id: "E7", title: "commands in quarantine are processed ones that changed nothing",
      count: "SELECT count(*) FROM quarantined_commands",
      violations: """
        WITH \(kept)
        SELECT format('shard %s sequence %s', q.shard, q.sequence), CASE
          WHEN k.shard IS NULL OR q.sequence > k.last_sequence THEN 'in quarantine without a log row'
          WHEN q.sequence > k.processed THEN 'in quarantine and not processed'
          WHEN e.is_there THEN 'in quarantine and left an event'
          WHEN t.is_there THEN 'in quarantine and traded'
          ELSE 'in quarantine, and its order is closed or elsewhere' END
        FROM quarantined_commands q LEFT JOIN kept k USING (shard)
        LEFT JOIN command_log g ON g.shard = q.shard AND g.sequence = q.sequence AND \(LogColumns.kind(of: "g")) IN (\(LogColumns.Kind.ofOrders))
        LEFT JOIN orders o ON o.account_id = g.account_id AND o.order_id = g.order_id
        CROSS JOIN LATERAL (SELECT EXISTS (
          SELECT FROM order_events e WHERE e.shard = q.shard AND e.sequence = q.sequence) AS is_there) AS e
        CROSS JOIN LATERAL (SELECT EXISTS (
          SELECT FROM trades t WHERE t.shard = q.shard AND t.sequence = q.sequence) AS is_there) AS t
        WHERE k.shard IS NULL OR q.sequence > k.processed OR e.is_there OR t.is_there
          OR (q.resolved_at IS NULL AND (NOT o.is_open OR o.sequence <> q.sequence))
        """),
    AuditCheck(
      id: "E8", title: "commands out of quarantine came back as they were, and only those were refused",
      count: """
        SELECT (SELECT count(*) FROM quarantined_commands WHERE resolved_at IS NOT NULL)
          + (SELECT count(*) FROM command_log WHERE kind > \(LogColumns.Kind.mask))
        """,
      violations: """
        WITH \(kept)
        SELECT format('shard %s sequence %s', q.shard, q.sequence),
          CASE WHEN n.shard IS NULL THEN format('came back as sequence %s, which is not in the log', q.resolved_sequence)
            ELSE format('came back as sequence %s, which is another command', q.resolved_sequence) END
        FROM quarantined_commands q JOIN kept k USING (shard)
        LEFT JOIN command_log g ON g.shard = q.shard AND g.sequence = q.sequence
        LEFT JOIN command_log n ON n.shard = q.shard AND n.sequence = q.resolved_sequence
        WHERE q.resolved_at IS NOT NULL AND q.resolved_sequence >= k.first AND (n.shard IS NULL OR (q.sequence >= k.first
          AND (g.kind | CASE q.resolution WHEN 'refused' THEN \(LogColumns.Kind.refused) ELSE 0 END, g.side, g.order_type, g.time_in_force,
            g.self_trade_prevention, g.post_only, g.instrument_id, g.account_id, g.price, g.quantity, g.order_id, g.target,
            g.extra_hold) IS DISTINCT FROM
            (n.kind::integer, n.side, n.order_type, n.time_in_force, n.self_trade_prevention, n.post_only, n.instrument_id,
            n.account_id, n.price, n.quantity, n.order_id, n.target, n.extra_hold)
          OR (SELECT c::text FROM (SELECT \(LogColumns.conditions) FROM command_conditions c
              WHERE c.shard = g.shard AND c.sequence = g.sequence) AS c) IS DISTINCT FROM
            (SELECT c::text FROM (SELECT \(LogColumns.conditions) FROM command_conditions c
              WHERE c.shard = n.shard AND c.sequence = n.sequence) AS c)))
        UNION ALL
        SELECT format('shard %s sequence %s', n.shard, n.sequence), 'refused without having been in quarantine'
        FROM command_log n WHERE n.kind > \(LogColumns.Kind.mask) AND NOT EXISTS (
          SELECT FROM quarantined_commands q WHERE q.shard = n.shard AND q.resolved_sequence = n.sequence)
        UNION ALL
        SELECT format('shard %s sequence %s', shard, resolved_sequence), format('%s commands came back as this one', count(*))
        FROM quarantined_commands WHERE resolved_at IS NOT NULL GROUP BY shard, resolved_sequence HAVING count(*) > 1
        """),
    AuditCheck(
      id: "E12", title: "no shard stands still before commands that wait", count: "SELECT count(*) FROM shard_cursors",
      violations: """
        -- A shard that gets on moves its cursor every few seconds, however much waits behind it.
        SELECT format('shard %s', c.shard), format('%s commands wait behind sequence %s; none has been processed since %s',
          l.last_sequence - c.processed_sequence, c.processed_sequence, c.processed_at)
        FROM shard_cursors c JOIN shard_logs l USING (shard)
        LEFT JOIN command_log g ON g.shard = c.shard AND g.sequence = c.processed_sequence + 1
        WHERE l.last_sequence > c.processed_sequence AND c.processed_at < now() - interval '10 minutes'
          AND coalesce(g.accepted_at, '-infinity') < now() - interval '10 minutes'
        """),
  ]
}
