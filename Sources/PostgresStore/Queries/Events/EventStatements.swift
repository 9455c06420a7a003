internal import Accounting
internal import Market
internal import Postgres

/// The SQL of accounts' events.
enum EventStatements {
  private static let executions = OrderEvent.Kind.executions
  private static let buy = Side.buy.sql

  /// Where the columns of an answer begin.
  enum Column {
    static let number = 0
    static let last = 1
    static let accountID = 2
    static let event = 3
    static let position = 16
    static let order = 17
  }

  /// On which days accounts have events behind some moments, about: a day of slack, see ``events(days:)``.
  /// Parameters: accounts, times.
  static let days = PostgresStatement(
    "account_event_days",
    """
    SELECT DISTINCT d.day - date '1970-01-01'
    FROM unnest($1::bigint[], $2::bigint[]) AS q (account_id, after) CROSS JOIN LATERAL (
      SELECT d.day FROM account_days d
      WHERE d.account_id = q.account_id AND d.day >= date '1970-01-01' + greatest((q.after / 86400000000)::integer - 1, 0) OFFSET 0) AS d
    """)

  /// Parameters: accounts, times, most events of each. One row an event, or one without an event for an account that has
  /// none; all of one moment.
  ///
  /// A day of slack between an event's time and the day whose table has it: clocks of workers differ. The position after an
  /// execution is today's without what came later: executions behind the portion, summed once an instrument, those within it
  /// by a window, and movements from outside.
  ///
  /// - Parameter days: Where events can be, a few; nil for the tables of all days.
  static func events(days: [Day]?) -> PostgresStatement {
    let source: String
    let name: String
    switch days {
    case nil: (source, name) = ("order_events", "")
    case []?: (source, name) = ("(SELECT * FROM order_events WHERE false)", "_none")
    case let days?:
      source = "(" + days.map { "SELECT * FROM order_events_\($0.compact)" }.joined(separator: " UNION ALL ") + ")"
      // The server keeps 63 bytes of a statement's name.
      name = days.map { "_" + String($0.rawValue, radix: 36) }.joined()
    }
    return PostgresStatement("account_events\(name)", events(from: source))
  }

  private static func events(from source: String) -> String {
    """
    WITH asked AS MATERIALIZED (
      SELECT q.number, q.account_id, 'epoch'::timestamptz + q.after * interval '1 microsecond' AS after
      FROM unnest($1::bigint[], $2::bigint[]) WITH ORDINALITY AS q (account_id, after, number)
    ),
    told AS MATERIALIZED (
      SELECT q.number, e.* FROM asked q CROSS JOIN LATERAL (
        SELECT * FROM \(source) AS e
        WHERE e.account_id = q.account_id AND e.event_at > q.after AND e.occurred_at > q.after - interval '1 day'
        ORDER BY e.event_at LIMIT $3::integer) AS e
    ),
    ends AS MATERIALIZED (
      SELECT t.number, t.account_id, t.instrument_id,
        coalesce((SELECT p.quantity FROM positions p
          WHERE p.account_id = t.account_id AND p.instrument_id = t.instrument_id), 0)
        - coalesce((SELECT sum(CASE f.side WHEN \(buy) THEN f.quantity ELSE -f.quantity END) FROM \(source) AS f
          WHERE f.account_id = t.account_id AND f.event_at > max(t.event_at)
            AND f.occurred_at > max(t.event_at) - interval '1 day'
            AND f.instrument_id = t.instrument_id AND f.kind IN (\(executions))), 0) AS quantity
      FROM told t WHERE t.kind IN (\(executions)) GROUP BY t.number, t.account_id, t.instrument_id
    )
    SELECT q.number, a.last_event, a.public_id, e.shard, e.kind, e.reason, e.side, e.ordinal, e.instrument_id, e.sequence,
      e.price, e.quantity, e.filled, e.filled_value, e.leaves, e.event_at,
      (CASE WHEN e.kind IN (\(executions)) THEN
        (SELECT n.quantity FROM ends n WHERE n.number = e.number AND n.instrument_id = e.instrument_id)
        - coalesce(sum(CASE WHEN e.kind NOT IN (\(executions)) THEN 0
          WHEN e.side = \(buy) THEN e.quantity ELSE -e.quantity END)
          OVER later, 0)
        - coalesce((SELECT sum(l.amount) FROM journal_lines l JOIN journals j ON j.journal_id = ANY (ARRAY[l.journal_id])
          WHERE l.account_id = e.account_id AND l.asset = e.instrument_id AND j.created_at > e.event_at), 0)
        END)::bigint,
      e.order_id
    FROM asked q JOIN accounts a ON a.account_id = ANY (ARRAY[q.account_id])
    LEFT JOIN told e ON e.number = q.number
    WINDOW later AS (PARTITION BY e.number, e.instrument_id ORDER BY e.event_at DESC
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
    ORDER BY q.number, e.event_at
    """
  }

  /// Parameters: accounts, times.
  static let news = PostgresStatement(
    "accounts_with_news",
    """
    SELECT a.account_id FROM unnest($1::bigint[], $2::bigint[]) AS q (account_id, after)
    JOIN accounts a ON a.account_id = ANY (ARRAY[q.account_id])
    WHERE a.last_event > 'epoch'::timestamptz + q.after * interval '1 microsecond'
    """)

  static let keyStates = PostgresStatement(
    "key_standings",
    """
    SELECT k.key_id, a.status FROM api_keys k JOIN accounts a ON a.account_id = ANY (ARRAY[k.account_id])
    WHERE k.key_id = ANY (string_to_array($1::text, E'\\n')) AND k.revoked_at IS NULL
    """)
}
