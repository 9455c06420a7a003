internal import Market
internal import Postgres

/// The SQL of looking after commands in quarantine.
enum QuarantineStatements {
  /// Parameters: whether resolved ones are wanted too, most rows.
  static let list = PostgresStatement(
    "quarantine_list",
    """
    SELECT q.shard, q.sequence, q.quarantined_at, q.reason, q.tries, q.worker, q.epoch, q.resolution, q.resolved_at,
      q.resolved_sequence, q.note, g.kind, g.accepted_at, g.account_id, g.order_id, i.symbol, g.side, g.price, g.quantity,
      g.order_type
    FROM quarantined_commands q
    LEFT JOIN command_log g ON g.shard = ANY (ARRAY[q.shard]) AND g.sequence = q.sequence
    LEFT JOIN instruments i ON i.instrument_id = g.instrument_id
    WHERE q.resolved_at IS NULL OR $1::boolean ORDER BY q.quarantined_at, q.shard, q.sequence LIMIT $2::integer
    """)

  static let find = PostgresStatement(
    "quarantine_find",
    """
    SELECT g.kind, g.account_id, g.order_id, g.target
    FROM quarantined_commands q LEFT JOIN command_log g ON g.shard = ANY (ARRAY[q.shard]) AND g.sequence = q.sequence
    WHERE q.shard = $1::smallint AND q.sequence = $2::bigint
    """)

  private static let halts = LogColumns.ExchangeInstruction.halts
  private static let bands = LogColumns.ExchangeInstruction.bands

  /// Whether a halt or its end, or a band, has been followed by another for the same instrument. Behind ``MarketDayStatements/lockLog``
  /// nobody adds one.
  static let isOutdated = PostgresStatement(
    "quarantine_outdated",
    """
    SELECT EXISTS (
      SELECT FROM command_log g JOIN command_log o ON o.shard = g.shard AND o.instrument_id = g.instrument_id
      WHERE g.shard = $1::smallint AND g.sequence = $2::bigint AND g.kind = \(LogColumns.Kind.market.sql)
        AND o.kind = g.kind AND o.sequence > g.sequence
        AND (g.side IN (\(halts)) AND o.side IN (\(halts)) OR g.side IN (\(bands)) AND o.side IN (\(bands))))
    """)

  /// The barrier against acceptance: who asks for a change of an order locks its account first.
  static let lockAccount = PostgresStatement(
    "quarantine_lock_account", "SELECT FROM accounts WHERE account_id = $1::bigint FOR UPDATE")

  static let lock = PostgresStatement(
    "quarantine_lock",
    """
    SELECT resolution, resolved_sequence FROM quarantined_commands
    WHERE shard = $1::smallint AND sequence = $2::bigint FOR UPDATE
    """)

  static let findOrder = PostgresStatement(
    "quarantine_find_order",
    "SELECT is_open, sequence FROM orders WHERE account_id = $1::bigint AND order_id = $2::uuid")

  /// Appends the command to the log again: the same in everything but its place, its time, the place of the order that it
  /// refers to, and whether it is refused. The counter is locked last, as by acceptance.
  ///
  /// Parameters: shard, sequence, bits to set in `kind`, the place of the target or NULL, resolution, note.
  static let append = PostgresStatement(
    "quarantine_append",
    """
    WITH numbered AS (
      UPDATE shard_logs SET last_sequence = last_sequence + 1 WHERE shard = $1::smallint RETURNING last_sequence
    ), logged AS (
      INSERT INTO command_log (\(LogColumns.list))
      SELECT g.shard, g.kind | $3::smallint, g.side, g.order_type, g.time_in_force, g.self_trade_prevention, g.post_only,
        g.instrument_id, n.last_sequence, g.account_id, g.price, g.quantity, g.order_id, now(), g.target,
        coalesce($4::bigint, g.target_sequence), g.extra_hold
      FROM command_log g CROSS JOIN numbered n WHERE g.shard = $1::smallint AND g.sequence = $2::bigint
    ), conditioned AS (
      INSERT INTO command_conditions (shard, sequence, \(LogColumns.conditions))
      SELECT d.shard, n.last_sequence, d.stop_price, d.trail_amount, d.trail_fraction, d.mark_price, d.collar,
        d.order_class, d.profit_order, d.profit_price, d.loss_order, d.loss_type, d.loss_price, d.loss_stop,
        d.target_leg
      FROM command_conditions d CROSS JOIN numbered n
      WHERE d.shard = $1::smallint AND d.sequence = $2::bigint
    )
    UPDATE quarantined_commands q SET resolved_at = now(), resolution = $5::text, resolved_sequence = n.last_sequence,
      note = $6::text
    FROM numbered n WHERE q.shard = $1::smallint AND q.sequence = $2::bigint
    RETURNING q.resolved_sequence
    """)

  /// The order's key in the book and its place in the queue are those of the row that places it; so are those of the legs
  /// that it brings along.
  static let moveOrder = PostgresStatement(
    "quarantine_move_order",
    """
    UPDATE orders SET sequence = $3::bigint, priority = $3::bigint, updated_at = now()
    WHERE account_id = $1::bigint AND (order_id = $2::uuid OR order_id IN (
      SELECT t.order_id FROM order_conditions t
      WHERE t.account_id = $1::bigint AND t.group_id = $2::uuid AND t.leg > \(OrderRole.main.sql)))
    """)
}
