internal import Market

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
      id: "E3", title: "each processed command left an event",
      count: """
        SELECT count(*) FROM command_log g JOIN shard_cursors c USING (shard) WHERE g.sequence <= c.processed_sequence
        """,
      violations: """
        SELECT format('shard %s sequence %s', g.shard, g.sequence), format('command of kind %s left no event', g.kind)
        FROM command_log g JOIN shard_cursors c USING (shard)
        WHERE g.sequence <= c.processed_sequence
          AND NOT EXISTS (SELECT FROM order_events e WHERE e.shard = g.shard AND e.sequence = g.sequence)
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
        WHERE kind NOT BETWEEN 0 AND 2 OR side NOT BETWEEN 0 AND 1 OR order_type NOT BETWEEN 0 AND 1
          OR time_in_force NOT BETWEEN 0 AND 3 OR self_trade_prevention NOT BETWEEN 0 AND 2
          OR CASE WHEN kind = 1 THEN target_sequence IS NULL OR target IS NOT NULL OR extra_hold IS NOT NULL
            ELSE price NOT BETWEEN 1 AND \(Price.maximum.rawValue)
              OR quantity NOT BETWEEN 1 AND \(Quantity.maximum.rawValue)
              OR (target IS NULL) <> (kind = 0) OR (target_sequence IS NULL) <> (kind = 0)
              OR (extra_hold IS NULL) <> (kind = 0) OR extra_hold < 0 END
          OR target_sequence NOT BETWEEN 1 AND sequence - 1
        """),
  ]
}
