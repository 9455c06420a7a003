internal import Market
internal import PostgresStore

/// One check in SQL: how many things it looks at, and which of them are wrong.
struct AuditCheck: Sendable {
  /// The letter of the design's invariant and a number: `A1`.
  let id: String
  /// What holds when all is well.
  let title: String
  /// A query for one `bigint`: how many things are checked.
  let count: String
  /// A query for rows of two texts: the name of what is wrong, and how.
  let violations: String

  /// All checks, in the order of the invariants.
  static let all = orders + fills + money + holds + log + marketDay + events
}

extension AuditCheck {
  /// Common table expressions that several checks begin with.
  ///
  /// `kept`: for each shard the first log row that is still here (days may have been detached) and both counters. What is
  /// older than the first kept row is out of reach of checks that need the log. `first_day`: the smallest identifier of an
  /// order that must still have its row. Both are materialized, or their look-ups would be made again for every row.
  static let kept = """
    kept AS MATERIALIZED (
      SELECT l.shard, l.last_sequence, coalesce(c.processed_sequence, 0) AS processed,
        coalesce((SELECT min(g.sequence) FROM command_log g WHERE g.shard = l.shard), l.last_sequence + 1) AS first
      FROM shard_logs l LEFT JOIN shard_cursors c USING (shard)
    )
    """

  /// `put_aside`: commands in quarantine. What they ask for has not happened, though the cursor has passed them; an order
  /// that has come out of quarantine bears the sequence of a later row.
  static let putAside = """
    put_aside AS MATERIALIZED (SELECT shard, sequence FROM quarantined_commands WHERE resolved_at IS NULL)
    """

  /// `exits`: open orders of classes that hold together, because they can trade their shares only once.
  static let exits = """
    exits AS MATERIALIZED (
      SELECT o.account_id, o.instrument_id, o.side, t.group_id, max(o.price) AS price, max(o.quantity - o.filled) AS leaves,
        bool_or(t.phase = \(OrderPhase.held.sql)) AS are_held
      FROM orders o JOIN order_conditions t ON t.account_id = o.account_id AND t.order_id = o.order_id
        JOIN shard_cursors c USING (shard)
      WHERE o.is_open AND t.role <> \(OrderRole.main.sql) AND (o.replaces IS NULL OR (o.sequence <= c.processed_sequence
        AND (o.shard, o.sequence) NOT IN (SELECT * FROM put_aside)))
      GROUP BY o.account_id, o.instrument_id, o.side, t.group_id)
    """

  /// Whether order `o` is an exit of a class.
  static let isExit = """
    EXISTS (SELECT FROM order_conditions t WHERE t.account_id = o.account_id AND t.order_id = o.order_id AND t.role <> \(OrderRole.main.sql))
    """

  static let firstDay = """
    first_day AS MATERIALIZED (
      SELECT lowest_order_id(date_trunc('day', min(accepted_at) AT TIME ZONE 'UTC') AT TIME ZONE 'UTC') AS id
      FROM command_log
    )
    """
}
