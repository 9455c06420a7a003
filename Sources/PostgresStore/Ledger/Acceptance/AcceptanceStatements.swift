internal import Lifecycle
internal import Market
internal import Postgres

/// The SQL of acceptance.
enum AcceptanceStatements {
  static let begin = PostgresStatement("begin", "BEGIN")
  static let commit = PostgresStatement("commit", "COMMIT")

  static let rollBack = PostgresStatement("entry_roll_back", "ROLLBACK")

  /// Before the counters of shards are moved: those are queued for by all gateways, and each passes them on with its commit.
  static let waitForCounters = PostgresStatement(
    "entry_wait", "SET LOCAL lock_timeout = '\(TimeLimits.lockTimeout.setting)'")

  static let lockAccounts = PostgresStatement(
    "entry_lock_accounts",
    """
    SELECT account_id, CASE WHEN status = \(AccountStatus.active.sql) AND suspended
      THEN \(AccountStatus.suspended.sql)::smallint ELSE status END, cash, held, last_submitted, keys_version
    FROM accounts
    WHERE account_id = ANY ($1::bigint[]) ORDER BY account_id FOR UPDATE
    """)

  static let lockPositions = PostgresStatement(
    "entry_lock_positions",
    """
    SELECT p.account_id, p.instrument_id, p.quantity, p.held
    FROM (
      SELECT DISTINCT k.account_id, k.instrument_id FROM unnest($1::bigint[], $2::integer[]) AS k (account_id, instrument_id)
    ) AS k
    JOIN positions p ON p.account_id = ANY (ARRAY[k.account_id]) AND p.instrument_id = k.instrument_id
    ORDER BY k.account_id, k.instrument_id FOR UPDATE OF p
    """)

  static let findKeys = PostgresStatement(
    "entry_find_keys",
    """
    SELECT u.account_id, u.digest, u.order_id, u.fingerprint
    FROM unnest($1::bigint[], $2::uuid[]) AS k (account_id, digest)
    JOIN order_keys u ON u.account_id = ANY (ARRAY[k.account_id]) AND u.digest = k.digest
    """)

  /// The names of the other orders of the classes of the named orders.
  static let findSiblings = PostgresStatement(
    "entry_find_siblings",
    """
    SELECT t.account_id, t.order_id FROM unnest($1::bigint[], $2::uuid[]) AS k (account_id, order_id)
    CROSS JOIN LATERAL (
      SELECT n.group_id FROM order_conditions n WHERE n.account_id = k.account_id AND n.order_id = k.order_id OFFSET 0) AS n
    CROSS JOIN LATERAL (
      SELECT * FROM order_conditions t WHERE t.account_id = k.account_id AND t.group_id = n.group_id OFFSET 0) AS t
    """)

  /// The operator's bounds for orders by account and instrument; with the price that collars are measured by. A collar is
  /// always an instrument's, so that its row brings the price along.
  static let findBounds = PostgresStatement(
    "entry_find_bounds",
    """
    SELECT b.account_id, b.instrument_id, b.max_quantity, b.max_notional, b.collar,
      CASE WHEN b.collar IS NOT NULL THEN coalesce(p.price, i.reference_price) END
    FROM order_bounds b
    LEFT JOIN last_prices p ON p.instrument_id = b.instrument_id
    LEFT JOIN instruments i ON i.instrument_id = b.instrument_id
    WHERE EXISTS (
      SELECT FROM unnest($1::bigint[], $2::integer[]) AS k (account_id, instrument_id) WHERE b.account_id IN (0, k.account_id) AND b.instrument_id IN (0, k.instrument_id))
    """)

  private static let immediate = TimeInForce.sql(where: \.isImmediate)

  /// For each request: one open order of the same account on the other side (`side`) that it would trade with. Orders that
  /// wait outside the book are met when they enter it. The two must be able to meet (``TimeInForce/mayStand(before:)``); a
  /// market order stands only where orders are collected.
  ///
  /// Open buys hold cash and open sells hold shares, so one look at the account or the position spares most requests the
  /// search.
  static let findCrossings = PostgresStatement(
    "entry_find_crossings",
    """
    SELECT k.request, c.order_id
    FROM unnest($1::integer[], $2::smallint[], $3::bigint[], $4::integer[], $5::smallint[], $6::bigint[], $7::bigint[],
      $8::smallint[])
      AS k (request, shard, account_id, instrument_id, side, low, high, time_in_force)
    CROSS JOIN LATERAL (
      SELECT o.order_id FROM open_orders o
      WHERE o.shard = k.shard AND o.account_id = k.account_id AND o.instrument_id = k.instrument_id
        AND o.side = k.side AND o.price BETWEEN k.low AND k.high
        AND o.time_in_force NOT IN (\(immediate))
        AND (o.time_in_force = \(TimeInForce.cls.sql)) = (k.time_in_force = \(TimeInForce.cls.sql))
        AND NOT (o.time_in_force = \(TimeInForce.opg.sql) AND k.time_in_force IN (\(immediate)))
        AND (o.order_type <> \(OrderType.market.sql) OR EXISTS (
          SELECT FROM instrument_phases p WHERE p.instrument_id = ANY (ARRAY[k.instrument_id])
            AND (p.is_halted OR p.stage <> \(SessionStage.open.sql))))
        AND NOT EXISTS (
          SELECT FROM order_conditions t
          WHERE t.account_id = ANY (ARRAY[o.account_id]) AND t.order_id = o.order_id AND t.phase <> \(OrderPhase.working.sql))
      LIMIT 1) AS c
    WHERE CASE k.side
      WHEN \(Side.buy.sql) THEN
        EXISTS (SELECT FROM accounts a WHERE a.account_id = k.account_id AND a.held > 0)
      ELSE EXISTS (
        SELECT FROM positions p
        WHERE p.account_id = ANY (ARRAY[k.account_id]) AND p.instrument_id = k.instrument_id AND p.held > 0)
      END
    """)

  /// Instruments whose orders are collected, as far as their logs tell: what is accepted now comes behind that. It may be
  /// told otherwise until it is numbered; then it is rejected where it is carried out.
  static let findCollecting = PostgresStatement(
    "entry_find_collecting",
    """
    SELECT k.instrument_id FROM unnest($1::integer[]) AS k (instrument_id)
    WHERE EXISTS (
        SELECT FROM instruments i WHERE i.instrument_id = ANY (ARRAY[k.instrument_id]) AND i.halt_reason IS NOT NULL)
      OR EXISTS (
        SELECT FROM session_steps s
        WHERE s.instrument_id = ANY (ARRAY[k.instrument_id]) AND s.stage <> \(SessionStage.open.sql))
    """)

  static let findProcessed = PostgresStatement(
    "entry_find_processed", "SELECT shard, processed_sequence FROM shard_cursors WHERE shard = ANY ($1::smallint[])")

  static let holdCash = PostgresStatement(
    "entry_hold_cash",
    """
    UPDATE accounts a SET held = a.held + h.held, last_submitted = h.last_submitted
    FROM unnest($1::account_hold[]) AS h WHERE a.account_id = ANY (ARRAY[h.account_id])
    """)

  static let holdShares = PostgresStatement(
    "entry_hold_shares",
    """
    UPDATE positions p SET held = p.held + h.held
    FROM unnest($1::position_hold[]) AS h WHERE p.account_id = ANY (ARRAY[h.account_id]) AND p.instrument_id = h.instrument_id
    """)

  static let insertKeys = PostgresStatement(
    "entry_insert_keys",
    "INSERT INTO order_keys SELECT k.account_id, k.digest, k.order_id, k.fingerprint FROM unnest($1::order_keys[]) AS k"
  )

  static let insertConditions = PostgresStatement(
    "entry_insert_conditions", "INSERT INTO order_conditions SELECT c.* FROM unnest($1::order_conditions[]) AS c")

  /// Marks orders of one day.
  static func markPending(day: Day) -> PostgresStatement {
    PostgresStatement(
      "entry_mark_pending_\(day.compact)",
      """
      UPDATE orders_\(day.compact) o SET pending = m.pending
      FROM unnest($1::pending_mark[]) AS m WHERE o.account_id = ANY (ARRAY[m.account_id]) AND o.order_id = m.order_id AND coalesce(o.is_open, false)
      """)
  }

  /// Numbers the rows and stores them: the last step of the transaction, because from here on the counters are locked.
  ///
  /// Rows go straight into a day's tables, which spares the routing; nil goes through the parents.
  /// - Parameter isConditional: Whether some log rows have conditions beside them: a third array of rows.
  static func number(day: Day?, isConditional: Bool) -> PostgresStatement {
    let suffix = day.map { "_\($0.compact)" } ?? ""
    let (shards, counts) = isConditional ? ("$4", "$5") : ("$3", "$4")
    let conditions =
      isConditional
      ? """
      , conditioned AS (
        INSERT INTO command_conditions
        SELECT d.shard, n.base + d.sequence, d.stop_price, d.trail_amount, d.trail_fraction, d.mark_price, d.collar,
          d.order_class, d.profit_order, d.profit_price, d.loss_order, d.loss_type, d.loss_price, d.loss_stop, d.target_leg
        FROM unnest($3::command_conditions[]) AS d JOIN numbered n ON n.shard = d.shard
      )
      """ : ""
    return PostgresStatement(
      "entry_number\(isConditional ? "_conditional" : "")\(suffix)",
      """
      WITH numbered AS (
        UPDATE shard_logs s SET last_sequence = s.last_sequence + c.rows
        FROM unnest(\(shards)::smallint[], \(counts)::integer[]) AS c (shard, rows) WHERE s.shard = c.shard
        RETURNING s.shard, s.last_sequence - c.rows AS base
      ), logged AS (
        INSERT INTO command_log\(suffix)
        SELECT e.shard, e.kind, e.side, e.order_type, e.time_in_force, e.self_trade_prevention, e.post_only,
          e.instrument_id, n.base + e.sequence, e.account_id, e.price, e.quantity, e.order_id, e.accepted_at, e.target,
          e.target_sequence, e.extra_hold
        FROM unnest($1::command_log[]) AS e JOIN numbered n ON n.shard = e.shard
      ), placed AS (
        INSERT INTO orders\(suffix)
        SELECT o.account_id, o.order_id, o.instrument_id, o.shard, o.side, o.order_type, o.time_in_force,
          o.self_trade_prevention, o.post_only, o.is_open, o.status, o.pending, n.base + o.sequence,
          n.base + o.priority, o.price, o.quantity, o.filled, o.filled_value, o.updated_at, o.closed_at, o.replaces,
          o.replaced_by, o.client_order_id
        FROM unnest($2::orders[]) AS o JOIN numbered n ON n.shard = o.shard
      )\(conditions)
      SELECT shard, base, \(RestorationStatements.scalar) FROM numbered
      """)
  }

  static let heldAccounts = PostgresStatement(
    "entry_held_accounts",
    """
    WITH free AS MATERIALIZED (
      SELECT account_id FROM accounts WHERE account_id = ANY ($1::bigint[]) ORDER BY account_id FOR UPDATE SKIP LOCKED)
    SELECT a.account_id FROM accounts a
    WHERE a.account_id = ANY ($1::bigint[]) AND NOT EXISTS (SELECT FROM free f WHERE f.account_id = a.account_id)
    """)

  static let heldPositions = PostgresStatement(
    "entry_held_positions",
    """
    WITH named AS MATERIALIZED (
      SELECT k.account_id, k.instrument_id FROM unnest($1::bigint[], $2::integer[]) AS k (account_id, instrument_id)
    ), free AS MATERIALIZED (
      SELECT p.account_id, p.instrument_id
      FROM named n JOIN positions p ON p.account_id = ANY (ARRAY[n.account_id]) AND p.instrument_id = n.instrument_id
      ORDER BY n.account_id, n.instrument_id FOR UPDATE OF p SKIP LOCKED)
    SELECT n.account_id FROM named n
    WHERE EXISTS (
        SELECT FROM positions p WHERE p.account_id = n.account_id AND p.instrument_id = n.instrument_id OFFSET 0)
      AND NOT EXISTS (SELECT FROM free f WHERE f.account_id = n.account_id AND f.instrument_id = n.instrument_id)
    """)

  static func heldOrders(day: Day) -> PostgresStatement {
    let table = "orders_\(day.compact)"
    return PostgresStatement(
      "entry_held_\(table)",
      """
      WITH named AS MATERIALIZED (
        SELECT o.account_id, o.order_id, o.instrument_id FROM unnest($1::bigint[], $2::uuid[]) AS k (account_id, order_id)
        JOIN \(table) o ON o.account_id = ANY (ARRAY[k.account_id]) AND o.order_id = k.order_id
      ), free AS MATERIALIZED (
        SELECT o.account_id, o.order_id
        FROM named n JOIN \(table) o ON o.account_id = ANY (ARRAY[n.account_id]) AND o.order_id = n.order_id
        ORDER BY n.account_id, n.order_id FOR UPDATE OF o SKIP LOCKED
      ), sold AS MATERIALIZED (
        SELECT p.account_id, p.instrument_id
        FROM (SELECT DISTINCT account_id, instrument_id FROM named) n
        JOIN positions p ON p.account_id = ANY (ARRAY[n.account_id]) AND p.instrument_id = n.instrument_id
        ORDER BY n.account_id, n.instrument_id FOR UPDATE OF p SKIP LOCKED)
      SELECT n.account_id FROM named n
      WHERE NOT EXISTS (SELECT FROM free f WHERE f.account_id = n.account_id AND f.order_id = n.order_id)
        OR EXISTS (
          SELECT FROM positions p WHERE p.account_id = ANY (ARRAY[n.account_id]) AND p.instrument_id = n.instrument_id
            AND NOT EXISTS (SELECT FROM sold s WHERE s.account_id = p.account_id AND s.instrument_id = p.instrument_id))
      """)
  }
}

extension Day {
  /// `20260102`: the suffix of a day's tables.
  var compact: String { description.filter { $0 != "-" } }
}
