internal import Market
internal import Postgres

/// The SQL of claiming, recovering and settling.
enum SettlingStatements {
  /// Characters of a reason that are kept: the server's messages may be of any length.
  static let reasonLimit = 1_000

  /// The row locks are the barrier: behind them, what earlier owners committed is final. A shard in the middle of an
  /// earlier owner's commit is left out, so that one frozen owner does not hold up the claims of others' shards.
  ///
  /// Claims that find a shard where the last one found it, with work to do, are counted.
  static let claim = PostgresStatement(
    "claim",
    """
    WITH free AS MATERIALIZED (
      SELECT shard FROM shard_cursors WHERE shard = ANY ($1::smallint[]) ORDER BY shard FOR UPDATE SKIP LOCKED
    ), claimed AS (
      UPDATE shard_cursors c SET epoch = c.epoch + 1, nonce = n.nonce, owner = $3::text, claimed_at = now()
      FROM free f JOIN unnest($1::smallint[], $2::bigint[]) AS n (shard, nonce) ON n.shard = f.shard
      WHERE c.shard = f.shard
      RETURNING c.shard, c.epoch, c.processed_sequence, c.processed_at
    ), counted AS (
      INSERT INTO shard_suspicions AS s (shard, sequence, claims, tries)
      SELECT c.shard, c.processed_sequence + 1, 1, 0 FROM claimed c JOIN shard_logs l ON l.shard = c.shard
      WHERE l.last_sequence > c.processed_sequence
      ON CONFLICT (shard) DO UPDATE SET sequence = excluded.sequence,
        claims = CASE WHEN s.sequence = excluded.sequence THEN s.claims + 1 ELSE 1 END,
        tries = CASE WHEN s.sequence = excluded.sequence THEN s.tries ELSE 0 END,
        reason = CASE WHEN s.sequence = excluded.sequence THEN s.reason END
    )
    SELECT shard, epoch, processed_sequence, processed_at FROM claimed
    """)

  /// Which claims nobody has made anew since.
  static let standingAmong = PostgresStatement(
    "standing_among",
    """
    SELECT c.shard FROM unnest($1::smallint[], $2::bigint[], $3::bigint[]) AS o (shard, epoch, nonce)
      CROSS JOIN LATERAL (
        SELECT shard FROM shard_cursors
        WHERE shard = o.shard AND epoch = o.epoch AND nonce = o.nonce) c
    """)

  static let bookCursor = PostgresStatement(
    "book_cursor", "SELECT processed_sequence FROM shard_cursors WHERE shard = $1::smallint")

  /// How many open orders a shard has, counted up to a bound. Parameters: shard, bound.
  static let bookLength = PostgresStatement(
    "book_length",
    "SELECT count(*) FROM (SELECT FROM open_orders WHERE shard = $1::smallint LIMIT $2::integer) AS p")

  /// The key of a shard's open orders that parts them in two halves. Parameter: shard.
  static let bookMiddle = PostgresStatement(
    "book_middle",
    """
    SELECT p.account_id, p.instrument_id, p.side::bigint & 65535, p.price, p.order_id
    FROM open_orders p WHERE p.shard = $1::smallint
    ORDER BY p.account_id, p.instrument_id, p.side, p.price, p.order_id
    OFFSET (SELECT count(*) / 2 FROM open_orders q WHERE q.shard = $1::smallint) LIMIT 1
    """)

  /// Makes a transaction's snapshot known to others.
  static let exportSnapshot = PostgresStatement("export_snapshot", "SELECT pg_export_snapshot()")

  /// The keys of a shard's open orders behind a key, in the order of their index; with their places in the log, what else the
  /// index tells, and whether they are in quarantine: then they stand before the cursor and in no book. The list of those is short
  /// and hashed once. Small numbers come in one column: each column costs the server as much as finding the row.
  ///
  /// Parameters: shard, account, instrument, side, price, order, most rows.
  static let bookPage = PostgresStatement(
    "book_page",
    """
    SELECT p.account_id, p.instrument_id,
      (p.side::bigint & 65535) + ((p.order_type::bigint & 65535) << 16) + ((p.time_in_force::bigint & 65535) << 32)
        + CASE WHEN (p.shard, p.sequence) IN (
          SELECT q.shard, q.sequence FROM quarantined_commands q WHERE q.resolved_at IS NULL) THEN 1::bigint << 48
          ELSE 0 END,
      p.price, p.order_id, p.sequence
    FROM open_orders p
    WHERE p.shard = $1::smallint AND (p.account_id, p.instrument_id, p.side, p.price, p.order_id)
      > ($2::bigint, $3::integer, $4::smallint, $5::bigint, $6::uuid)
    ORDER BY p.account_id, p.instrument_id, p.side, p.price, p.order_id LIMIT $7::integer
    """)

  /// The prices of the latest trades of all instruments of the shards: what stops are measured by. Read in the snapshot
  /// of ``bookPage``, because a last price belongs to the same moment as the orders.
  static let bookPrices = PostgresStatement(
    "book_prices",
    """
    SELECT i.shard, p.instrument_id, p.price FROM last_prices p JOIN instruments i USING (instrument_id)
    WHERE i.shard = ANY ($1::smallint[])
    """)

  /// How the shards' instruments trade; of the same moment.
  static let bookPhases = PostgresStatement(
    "book_phases",
    """
    SELECT i.shard, p.instrument_id, p.day - date '1970-01-01', p.stage, p.is_halted, \(PhaseColumns.band),
      p.limit_edge
    FROM instrument_phases p JOIN instruments i USING (instrument_id) WHERE i.shard = ANY ($1::smallint[])
    """)
  static let bookInstruments = PostgresStatement(
    "book_instruments", "SELECT instrument_id FROM instruments WHERE shard = ANY ($1::smallint[]) ORDER BY 1")
  static let beginSnapshot = PostgresStatement("begin_snapshot", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
  static let commit = PostgresStatement("commit_snapshot", "COMMIT")

  static let lastSequences = PostgresStatement(
    "last_sequences", "SELECT shard, last_sequence FROM shard_logs WHERE shard = ANY ($1::smallint[])")

  static let attempts = PostgresStatement(
    "shard_standing",
    """
    SELECT l.last_sequence, s.claims, s.tries, s.reason
    FROM shard_logs l LEFT JOIN shard_suspicions s ON s.shard = l.shard AND s.sequence = $2::bigint
    WHERE l.shard = $1::smallint
    """)

  /// Commands that later ones may refer to: once a resolution has been processed, none can follow.
  static let quarantined = PostgresStatement(
    "shard_quarantined",
    """
    SELECT sequence FROM quarantined_commands
    WHERE shard = $1::smallint AND (resolved_at IS NULL OR resolved_sequence > $2::bigint)
    """)

  /// Fenced as a settlement is. A noted try makes the next claim a careful one, whatever happens.
  static let recordAttempt = PostgresStatement(
    "note_try",
    """
    WITH owned AS (
      SELECT c.shard FROM shard_cursors c
      WHERE c.shard = $1::smallint AND c.epoch = $2::bigint AND c.nonce = $3::bigint
        AND c.processed_sequence = $4::bigint - 1 FOR NO KEY UPDATE)
    INSERT INTO shard_suspicions AS s (shard, sequence, claims, tries) SELECT shard, $4::bigint, 1, 1 FROM owned
    ON CONFLICT (shard) DO UPDATE SET sequence = excluded.sequence, claims = greatest(s.claims, 1),
      tries = CASE WHEN s.sequence = excluded.sequence THEN s.tries + 1 ELSE 1 END,
      reason = CASE WHEN s.sequence = excluded.sequence THEN s.reason END
    RETURNING s.tries
    """)

  static let noteFailure = PostgresStatement(
    "note_failure",
    """
    UPDATE shard_suspicions SET reason = left($3::text, \(reasonLimit))
    WHERE shard = $1::smallint AND sequence = $2::bigint
    """)

  static let withdrawTry = PostgresStatement(
    "withdraw_try",
    """
    UPDATE shard_suspicions SET tries = tries - 1
    WHERE shard = $1::smallint AND sequence = $2::bigint AND tries > 0
    """)

  /// Behind ``moveCursors``, so owner and epoch are those of who settles.
  static let quarantine = PostgresStatement(
    "settle_quarantine",
    """
    INSERT INTO quarantined_commands (shard, sequence, quarantined_at, reason, tries, worker, epoch)
    SELECT c.shard, $2::bigint, $3::timestamptz, left($4::text, \(reasonLimit)), $5::integer, c.owner, c.epoch
    FROM shard_cursors c WHERE c.shard = $1::smallint
    """)

  /// Of one day's orders.
  static func takeMarks(day: Day) -> PostgresStatement {
    PostgresStatement(
      "settle_marks_\(day.compact)",
      """
      UPDATE orders_\(day.compact) o SET pending = \(PendingChange.none.sql), updated_at = $3::timestamptz
      FROM unnest($1::bigint[], $2::uuid[]) AS k (account_id, order_id)
      WHERE o.account_id = ANY (ARRAY[k.account_id]) AND o.order_id = k.order_id AND coalesce(o.is_open, false)
      """)
  }

  static let moveCursors = PostgresStatement(
    "settle_move_cursors", "SELECT move_cursors($1::shard_fence[], $2::timestamptz)")

  /// Accounts whose money or orders change. Under each row's lock its events get the next times: as many microseconds, the
  /// last of which stays in the row. The moment of the settlement is the earliest that may be given out.
  static let changeAccounts = PostgresStatement(
    "settle_accounts",
    """
    UPDATE accounts a SET cash = a.cash + c.cash, held = a.held + c.held,
      last_event = CASE WHEN c.events = 0 THEN a.last_event
        ELSE greatest(a.last_event + interval '1 microsecond', $2::timestamptz)
          + (c.events - 1) * interval '1 microsecond' END
    FROM unnest($1::account_change[]) AS c WHERE a.account_id = ANY (ARRAY[c.account_id])
    """)

  /// Positions that were traded, each folded over its executions in their order. Runs behind ``changeAccounts``: an account's
  /// row holds the lock under which its positions change, and the time that the settlement has come to.
  static let changePositions = PostgresStatement(
    "settle_positions",
    """
    UPDATE positions p SET held = p.held + c.held,
      \(PositionStatements.changed(runs: "c.runs", since: """
        (SELECT a.last_event - c.events * interval '1 microsecond' FROM accounts a
                WHERE a.account_id = ANY (ARRAY[c.account_id]))
        """))
    FROM unnest($1::position_update[]) AS c
    WHERE p.account_id = ANY (ARRAY[c.account_id]) AND p.instrument_id = c.instrument_id
    """)

  /// Positions of which only holds change.
  static let changeHeldShares = PostgresStatement(
    "settle_held_shares",
    """
    UPDATE positions p SET held = p.held + c.held
    FROM unnest($1::position_update[]) AS c
    WHERE p.account_id = ANY (ARRAY[c.account_id]) AND p.instrument_id = c.instrument_id
    """)

  /// Positions that a purchase opens. Runs before ``changePositions``, which then finds every row.
  static let openPositions = PostgresStatement(
    "settle_open_positions",
    """
    INSERT INTO positions (account_id, instrument_id, quantity)
    SELECT c.account_id, c.instrument_id, 0 FROM unnest($1::position_update[]) AS c
    WHERE NOT EXISTS (
      SELECT FROM positions p WHERE p.account_id = c.account_id AND p.instrument_id = c.instrument_id OFFSET 0)
    ON CONFLICT DO NOTHING
    """)

  static let changePrices = PostgresStatement(
    "settle_prices",
    """
    INSERT INTO last_prices SELECT c.instrument_id, c.price, $2::timestamptz FROM unnest($1::price_change[]) AS c
    ON CONFLICT (instrument_id) DO UPDATE SET price = excluded.price, traded_at = excluded.traded_at
    """)

  static let changePhases = PostgresStatement(
    "settle_phases",
    """
    INSERT INTO instrument_phases AS p (instrument_id, day, stage, is_halted, changed_at, band_reference,
      band_previous_close, band_tier, band_is_near_close, band_lower, band_upper, band_since, limit_edge, limit_since)
    SELECT c.instrument_id, date '1970-01-01' + c.day, c.stage, c.is_halted, $2::timestamptz, c.band_reference,
      c.band_previous_close, c.band_tier, c.band_is_near_close, c.band_lower, c.band_upper, $2::timestamptz,
      c.limit_edge, CASE WHEN c.begins_limit THEN $2::timestamptz END
    FROM unnest($1::phase_report[]) AS c
    ON CONFLICT (instrument_id) DO UPDATE SET day = excluded.day, stage = excluded.stage,
      is_halted = excluded.is_halted, changed_at = excluded.changed_at, band_reference = excluded.band_reference,
      band_previous_close = excluded.band_previous_close, band_tier = excluded.band_tier,
      band_is_near_close = excluded.band_is_near_close, band_lower = excluded.band_lower,
      band_upper = excluded.band_upper,
      band_since = CASE WHEN p.band_reference = excluded.band_reference THEN p.band_since ELSE excluded.band_since END,
      limit_edge = excluded.limit_edge,
      limit_since = CASE WHEN excluded.limit_edge IS NOT NULL THEN coalesce(
        excluded.limit_since, CASE WHEN p.limit_edge = excluded.limit_edge THEN p.limit_since END, $2::timestamptz) END
    """)

  /// Order rows of one day's table.
  static func changeOrders(day: Day) -> PostgresStatement {
    PostgresStatement(
      "settle_orders_\(day.compact)",
      """
      UPDATE orders_\(day.compact) o SET
        status = c.status, is_open = c.is_open, filled = c.filled, filled_value = c.filled_value,
        priority = c.priority, replaced_by = c.replaced_by,
        pending = CASE WHEN c.clears_pending THEN \(PendingChange.none.sql)::smallint ELSE o.pending END,
        updated_at = $2::timestamptz, closed_at = CASE WHEN c.is_open THEN NULL ELSE $2::timestamptz END
      FROM unnest($1::order_change[]) AS c WHERE o.account_id = ANY (ARRAY[c.account_id]) AND o.order_id = c.order_id
      """)
  }

  static let changeConditions = PostgresStatement(
    "settle_conditions",
    """
    UPDATE order_conditions t SET phase = c.phase, activation = c.activation, stop_price = c.stop_price,
      mark_price = c.mark_price
    FROM unnest($1::conditions_change[]) AS c WHERE t.account_id = ANY (ARRAY[c.account_id]) AND t.order_id = c.order_id
    """)

  /// Exits of a class whose shares the other exit has traded, of one day.
  static func changeQuantities(day: Day) -> PostgresStatement {
    PostgresStatement(
      "settle_quantities_\(day.compact)",
      """
      UPDATE orders_\(day.compact) o SET quantity = c.quantity, updated_at = $2::timestamptz
      FROM unnest($1::quantity_change[]) AS c
      WHERE o.account_id = ANY (ARRAY[c.account_id]) AND o.order_id = c.order_id AND o.quantity <> c.quantity
      """)
  }

  static func insertTrades(day: Day) -> PostgresStatement {
    PostgresStatement(
      "settle_trades_\(day.compact)",
      """
      INSERT INTO trades_\(day.compact)
      SELECT t.shard, t.taker_side, t.ordinal, t.sequence, t.instrument_id, t.buy_order, t.buyer, t.sell_order, t.seller,
        t.price, t.quantity, t.traded_at
      FROM unnest($1::trades[]) AS t
      """)
  }

  /// Runs behind ``changeAccounts``. A row comes with the time that it would have if its account's last event fell on the
  /// moment of the settlement.
  static func insertEvents(day: Day) -> PostgresStatement {
    PostgresStatement(
      "settle_events_\(day.compact)",
      """
      INSERT INTO order_events_\(day.compact)
      SELECT e.shard, e.kind, e.reason, e.side, e.ordinal, e.instrument_id, e.sequence, e.account_id, e.order_id, e.price,
        e.quantity, e.filled, e.leaves, e.occurred_at, e.filled_value, a.last_event - (e.occurred_at - e.event_at)
      FROM unnest($1::order_events[]) AS e LEFT JOIN accounts a ON a.account_id = ANY (ARRAY[e.account_id])
      """)
  }

  /// The rows of open orders of a day, by keys. Parameters: accounts, identifiers; each row says which of these it is.
  static func bookRows(day: Day) -> PostgresStatement {
    PostgresStatement(
      "book_rows_\(day.compact)",
      """
      SELECT k.place, (o.self_trade_prevention::bigint & 65535) + ((o.status::bigint & 65535) << 16)
          + ((o.pending::bigint & 65535) << 32) + CASE WHEN o.post_only THEN 1::bigint << 48 ELSE 0 END,
        o.priority, o.quantity, o.filled, o.filled_value, o.updated_at, o.replaces, o.client_order_id,
        \(ConditionColumns.list)
      FROM unnest($1::bigint[], $2::uuid[]) WITH ORDINALITY AS k (account_id, order_id, place)
      JOIN orders_\(day.compact) o ON o.account_id = ANY (ARRAY[k.account_id]) AND o.order_id = k.order_id
      \(OrderColumns.join)
      """)
  }

  /// Makes a snapshot that another transaction has told of this one's. The name stands in the text: the command takes no
  /// parameters. It has to be looked at before.
  static func takeSnapshot(_ name: String) -> String { "SET TRANSACTION SNAPSHOT '\(name)'" }
}
