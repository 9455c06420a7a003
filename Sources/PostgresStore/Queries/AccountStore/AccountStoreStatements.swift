internal import Accounting
internal import Market
internal import Postgres

/// The SQL of what accounts have beside money and orders.
enum AccountStoreStatements {
  private static let executions = OrderEvent.Kind.executions
  private static let buy = Side.buy.sql

  static let configuration = PostgresStatement(
    "keep_configuration",
    """
    SELECT a.suspended, c.day_trade_check, c.pattern_day_trader_check, c.confirms_trades, c.no_exception_entry
    FROM accounts a LEFT JOIN account_configurations c ON c.account_id = a.account_id WHERE a.account_id = $1::bigint
    """)

  /// Changes what is given and leaves the rest as it stands when the row's lock is there: changes of different choices at
  /// one time all come true. Parameters: account, then each choice or NULL.
  static let changeConfiguration = PostgresStatement(
    "keep_change_configuration",
    """
    WITH changed AS (
      UPDATE accounts SET suspended = coalesce($2::boolean, suspended) WHERE account_id = $1::bigint
      RETURNING account_id, suspended),
    kept AS (
      INSERT INTO account_configurations AS c
        (account_id, day_trade_check, pattern_day_trader_check, confirms_trades, no_exception_entry)
      SELECT account_id, coalesce($3::text, 'both'), coalesce($4::text, 'both'), coalesce($5::text, 'all'),
        coalesce($6::boolean, false)
      FROM changed
      ON CONFLICT (account_id) DO UPDATE SET day_trade_check = coalesce($3::text, c.day_trade_check),
        pattern_day_trader_check = coalesce($4::text, c.pattern_day_trader_check),
        confirms_trades = coalesce($5::text, c.confirms_trades),
        no_exception_entry = coalesce($6::boolean, c.no_exception_entry)
      RETURNING c.day_trade_check, c.pattern_day_trader_check, c.confirms_trades, c.no_exception_entry)
    SELECT changed.suspended, kept.* FROM changed CROSS JOIN kept
    """)

  /// Executions of one day, by span and asset. Parameters: account, moments, the last event that counts.
  static func executed(day: Day) -> PostgresStatement {
    PostgresStatement(
      "keep_executed_\(day.compact)",
      """
      SELECT width_bucket(e.occurred_at, $2::timestamptz[]) - 1, l.asset, sum(l.amount)::bigint,
        sum(CASE WHEN l.asset > 0 THEN greatest(l.amount, 0) ELSE 0 END)::bigint,
        sum(CASE WHEN l.asset > 0 AND l.amount > 0 THEN e.price * e.quantity ELSE 0 END)::bigint
      FROM order_events_\(day.compact) e \(assets)
      WHERE e.account_id = $1::bigint AND e.kind IN (\(executions)) AND e.occurred_at >= ($2::timestamptz[])[1]
        AND e.event_at >= ($2::timestamptz[])[1] AND e.event_at <= $3::timestamptz
      GROUP BY 1, 2
      """)
  }

  /// What an execution moves: cash (0) and shares.
  private static let assets = """
    CROSS JOIN LATERAL (VALUES
        (0, CASE e.side WHEN \(buy) THEN -e.price * e.quantity ELSE e.price * e.quantity END),
        (e.instrument_id, CASE e.side WHEN \(buy) THEN e.quantity ELSE -e.quantity END)) AS l (asset, amount)
    """

  /// Journal lines, by span and asset; those of a program that took no time under the account's lock all count.
  /// Parameters: as those of ``executed(day:)``.
  static let journaled = PostgresStatement(
    "keep_journaled",
    """
    SELECT width_bucket(j.created_at, $2::timestamptz[]) - 1, l.asset, sum(l.amount)::bigint, 0::bigint, 0::bigint
    FROM journal_lines l JOIN journals j ON j.journal_id = ANY (ARRAY[l.journal_id])
    WHERE l.account_id = $1::bigint AND j.created_at >= ($2::timestamptz[])[1]
      AND (j.created_at <= $3::timestamptz OR NOT j.is_ordered)
    GROUP BY 1, 2, l.amount < 0
    """)

  /// The same as ``executed(day:)`` in one span, behind an event.
  /// Parameters: account, moment, time of the event, the last event that counts.
  static func recentlyExecuted(day: Day) -> PostgresStatement {
    PostgresStatement(
      "keep_recent_\(day.compact)",
      """
      SELECT 0, l.asset, sum(l.amount)::bigint,
        sum(CASE WHEN l.asset > 0 THEN greatest(l.amount, 0) ELSE 0 END)::bigint,
        sum(CASE WHEN l.asset > 0 AND l.amount > 0 THEN e.price * e.quantity ELSE 0 END)::bigint, max(e.event_at)
      FROM order_events_\(day.compact) e \(assets)
      WHERE e.account_id = $1::bigint AND e.kind IN (\(executions)) AND e.occurred_at >= $2::timestamptz
        AND e.event_at > $3::timestamptz AND e.event_at <= $4::timestamptz
      GROUP BY l.asset
      """)
  }

  /// The latest trades of instruments. Parameter: instruments.
  static let lastPrices = PostgresStatement(
    "keep_last_prices",
    "SELECT p.instrument_id, p.price, p.traded_at FROM last_prices p WHERE p.instrument_id = ANY ($1::integer[])")

  /// The last price of a day before each of some moments, or NULL. Parameters: instruments, moments, one to one.
  static func prices(day: Day) -> PostgresStatement {
    PostgresStatement(
      "keep_prices_\(day.compact)",
      """
      SELECT (
        SELECT t.price FROM trades_\(day.compact) t WHERE t.instrument_id = k.instrument_id AND t.traded_at < k.moment
        ORDER BY t.traded_at DESC, t.sequence DESC, t.ordinal DESC LIMIT 1)
      FROM unnest($1::integer[], $2::timestamptz[]) WITH ORDINALITY AS k (instrument_id, moment, place) ORDER BY k.place
      """)
  }

  /// Parameters: account, shard, sequence, ordinal.
  static func eventMoment(day: Day) -> PostgresStatement {
    PostgresStatement(
      "keep_event_moment_\(day.compact)",
      """
      SELECT event_at FROM order_events_\(day.compact)
      WHERE shard = $2::smallint AND sequence = $3::bigint AND ordinal = $4::integer AND account_id = $1::bigint
        AND kind IN (\(executions))
      """)
  }

  static let journalMoment = PostgresStatement(
    "keep_journal_moment",
    """
    SELECT j.created_at FROM journal_lines l JOIN journals j ON j.journal_id = ANY (ARRAY[l.journal_id])
    WHERE l.journal_id = $2::bigint AND l.account_id = $1::bigint AND l.asset = $3::integer
    """)

  /// Executions of one day.
  /// Parameters: account, exclusive bounds, place behind which to go on (moment, shard, sequence, ordinal), limit.
  static func fills(day: Day, ascending: Bool) -> PostgresStatement {
    let (sign, word) = ascending ? (">", "ASC") : ("<", "DESC")
    return PostgresStatement(
      "keep_fills_\(word.lowercased())_\(day.compact)",
      """
      SELECT e.shard, e.sequence, e.ordinal, e.event_at, e.order_id, e.instrument_id, e.side, e.price, e.quantity,
        e.filled, e.leaves
      FROM order_events_\(day.compact) e
      WHERE e.account_id = $1::bigint AND e.kind IN (\(executions))
        AND e.event_at > $2::timestamptz AND e.event_at < $3::timestamptz
        AND (e.event_at, e.shard, e.sequence, e.ordinal)
          \(sign) ($4::timestamptz, $5::smallint, $6::bigint, $7::integer)
        AND ($9::uuid IS NULL OR e.order_id = $9::uuid)
      ORDER BY e.event_at \(word), e.shard \(word), e.sequence \(word), e.ordinal \(word) LIMIT $8::integer
      """)
  }

  /// Parameters: account, exclusive bounds, place behind which to go on (moment, journal, asset), limit, whether deposits,
  /// withdrawals and shares are wanted.
  static func journals(ascending: Bool) -> PostgresStatement {
    let (sign, word) = ascending ? (">", "ASC") : ("<", "DESC")
    return PostgresStatement(
      "keep_journals_\(word)",
      """
      SELECT l.journal_id, l.asset, j.created_at, l.amount
      FROM journal_lines l JOIN journals j ON j.journal_id = ANY (ARRAY[l.journal_id])
      WHERE l.account_id = $1::bigint AND j.created_at > $2::timestamptz AND j.created_at < $3::timestamptz
        AND (j.created_at, l.journal_id, l.asset) \(sign) ($4::timestamptz, $5::bigint, $6::integer)
        AND CASE WHEN l.asset > 0 THEN $10::boolean WHEN l.amount < 0 THEN $9::boolean ELSE $8::boolean END
      ORDER BY j.created_at \(word), l.journal_id \(word), l.asset \(word) LIMIT $7::integer
      """)
  }

  static let ping = PostgresStatement("ping", "SELECT 1")

  /// Changes of keys are notified by a trigger.
  static let listenToKeys = "LISTEN buttonwood_keys"
}
