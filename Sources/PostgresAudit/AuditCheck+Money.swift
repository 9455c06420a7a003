internal import Accounting
internal import Market
internal import PostgresStore

extension AuditCheck {
  /// Invariant C: what came in is what accounts hold, and nothing is below zero.
  static let money: [AuditCheck] = [
    AuditCheck(
      id: "C1", title: "journals sum to zero per asset", count: "SELECT count(*) FROM journals",
      violations: """
        SELECT format('journal %s', j.journal_id), CASE WHEN count(l.asset) = 0 THEN 'has no lines'
          ELSE format('asset %s sums to %s', l.asset, sum(l.amount)) END
        FROM journals j LEFT JOIN journal_lines l USING (journal_id)
        GROUP BY j.journal_id, l.asset HAVING count(l.asset) = 0 OR sum(l.amount) <> 0
        """),
    AuditCheck(
      id: "C2", title: "cash of accounts is the sum of their postings", count: "SELECT count(*) FROM accounts",
      violations: """
        WITH posted AS (
          SELECT account_id, sum(amount) AS cash FROM postings WHERE asset = \(cash) AND account_id > 0 GROUP BY account_id)
        SELECT format('account %s', coalesce(a.account_id, p.account_id)),
          format('cash %s, postings %s', coalesce(a.cash::text, 'of no account'), coalesce(p.cash, 0))
        FROM accounts a FULL JOIN posted p USING (account_id)
        WHERE a.cash IS DISTINCT FROM coalesce(p.cash, 0)
        """),
    AuditCheck(
      id: "C3", title: "positions are the sum of their postings", count: "SELECT count(*) FROM positions",
      violations: """
        WITH posted AS (
          SELECT account_id, asset AS instrument_id, sum(amount) AS quantity FROM postings
          WHERE asset <> \(cash) AND account_id > 0 GROUP BY account_id, asset)
        SELECT format('account %s instrument %s', account_id, instrument_id),
          format('quantity %s, postings %s', coalesce(p.quantity, 0), coalesce(s.quantity, 0))
        FROM positions p FULL JOIN posted s USING (account_id, instrument_id)
        WHERE coalesce(p.quantity, 0) <> coalesce(s.quantity, 0)
        """),
    AuditCheck(
      id: "C4", title: "no balance and no available balance is below zero",
      count: "SELECT (SELECT count(*) FROM accounts) + (SELECT count(*) FROM positions)",
      violations: """
        SELECT format('account %s', account_id), format('cash %s, held %s', cash, held)
        FROM accounts WHERE held < 0 OR cash < held
        UNION ALL
        SELECT format('account %s instrument %s', account_id, instrument_id),
          format('quantity %s, held %s, cost %s', quantity, held, cost)
        FROM positions WHERE held < 0 OR quantity < held OR cost < 0
        """),
    AuditCheck(
      id: "C5", title: "what came in from the house is what accounts hold, per asset",
      count: "SELECT count(*) FROM (SELECT \(cash) UNION SELECT instrument_id FROM positions) AS assets",
      violations: """
        WITH owed AS (
          SELECT asset, -sum(amount) AS amount FROM journal_lines WHERE account_id < 0 GROUP BY asset
        ), hold AS (
          SELECT \(cash) AS asset, sum(cash) AS amount FROM accounts
          UNION ALL SELECT instrument_id, sum(quantity) FROM positions GROUP BY instrument_id)
        SELECT CASE asset WHEN \(cash) THEN 'cash' ELSE format('instrument %s', asset) END,
          format('the house owes %s, accounts hold %s', coalesce(o.amount, 0), coalesce(h.amount, 0))
        FROM owed o FULL JOIN hold h USING (asset) WHERE coalesce(o.amount, 0) <> coalesce(h.amount, 0)
        """),
  ]

  /// Invariant D: holds are what open orders require, to the cent.
  ///
  /// A replacement that is not processed yet, or in quarantine, holds nothing of its own but what was taken beyond the old
  /// order's hold. The exits of a class hold together: the dearer one's money, or the shares that they share; while they
  /// wait for an entry that buys, the shares that it has bought.
  static let holds: [AuditCheck] = [
    AuditCheck(
      id: "D1", title: "cash held is what open buys require", count: "SELECT count(*) FROM accounts",
      violations: """
        WITH \(putAside), \(exits),
        required AS (SELECT account_id, sum(amount) AS held FROM (
          SELECT account_id, price::numeric * leaves AS amount FROM exits WHERE side = \(Side.buy.sql)
          UNION ALL
          SELECT o.account_id, o.price::numeric * (o.quantity - o.filled)
          FROM orders o JOIN shard_cursors c USING (shard)
          WHERE o.is_open AND o.side = \(Side.buy.sql) AND NOT \(isExit) AND (o.replaces IS NULL OR (o.sequence <= c.processed_sequence
            AND (o.shard, o.sequence) NOT IN (SELECT * FROM put_aside)))
          UNION ALL
          SELECT g.account_id, g.extra_hold FROM command_log g JOIN shard_cursors c USING (shard)
          WHERE \(LogColumns.kind(of: "g")) = \(LogColumns.Kind.replace.sql) AND g.side = \(Side.buy.sql) AND (g.sequence > c.processed_sequence
            OR (g.shard, g.sequence) IN (SELECT * FROM put_aside))) AS holds GROUP BY account_id)
        SELECT format('account %s', account_id),
          format('held %s, open orders require %s', coalesce(a.held, 0), coalesce(r.held, 0))
        FROM accounts a FULL JOIN required r USING (account_id) WHERE coalesce(a.held, 0) <> coalesce(r.held, 0)
        """),
    AuditCheck(
      id: "D2", title: "shares held are what open sells require", count: "SELECT count(*) FROM positions",
      violations: """
        WITH \(putAside), \(exits),
        required AS (SELECT account_id, instrument_id, sum(amount) AS held FROM (
          SELECT x.account_id, x.instrument_id, CASE WHEN x.are_held AND e.is_there THEN e.filled ELSE x.leaves END AS amount
          FROM exits x CROSS JOIN LATERAL (
            SELECT count(*) > 0 AS is_there, coalesce(max(o.filled), 0) AS filled
            FROM order_conditions t JOIN orders o ON o.account_id = t.account_id AND o.order_id = t.order_id
              JOIN shard_cursors c USING (shard)
            WHERE t.account_id = x.account_id AND t.group_id = x.group_id AND t.role = \(OrderRole.main.sql) AND o.is_open
              AND (o.replaces IS NULL OR (o.sequence <= c.processed_sequence
                AND (o.shard, o.sequence) NOT IN (SELECT * FROM put_aside)))) AS e
          WHERE x.side = \(Side.sell.sql)
          UNION ALL
          SELECT o.account_id, o.instrument_id, o.quantity - o.filled
          FROM orders o JOIN shard_cursors c USING (shard)
          WHERE o.is_open AND o.side = \(Side.sell.sql) AND NOT \(isExit) AND (o.replaces IS NULL OR (o.sequence <= c.processed_sequence
            AND (o.shard, o.sequence) NOT IN (SELECT * FROM put_aside)))
          UNION ALL
          SELECT g.account_id, g.instrument_id, g.extra_hold FROM command_log g JOIN shard_cursors c USING (shard)
          WHERE \(LogColumns.kind(of: "g")) = \(LogColumns.Kind.replace.sql) AND g.side = \(Side.sell.sql) AND (g.sequence > c.processed_sequence
            OR (g.shard, g.sequence) IN (SELECT * FROM put_aside))) AS holds
          GROUP BY account_id, instrument_id)
        SELECT format('account %s instrument %s', account_id, instrument_id),
          format('held %s, open orders require %s', coalesce(p.held, 0), coalesce(r.held, 0))
        FROM positions p FULL JOIN required r USING (account_id, instrument_id)
        WHERE coalesce(p.held, 0) <> coalesce(r.held, 0)
        """),
    AuditCheck(
      id: "D3", title: "replacements were covered by what was held for them",
      count: """
        SELECT count(*) FROM command_log g JOIN shard_cursors c USING (shard)
        WHERE g.kind = \(LogColumns.Kind.replace.sql) AND g.sequence <= c.processed_sequence
        """,
      violations: """
        SELECT g.order_id::text, format('replaced %s at %s, which held too little with %s more: %s at %s', e.quantity, e.price,
          g.extra_hold, n.quantity, n.price)
        FROM command_log g
        JOIN order_events e ON e.shard = g.shard AND e.sequence = g.sequence AND e.ordinal = 0 AND e.kind = \(OrderEvent.Kind.replaced.sql)
        JOIN order_events n ON n.shard = g.shard AND n.sequence = g.sequence AND n.ordinal = 1 AND n.kind = \(OrderEvent.Kind.new.sql)
        WHERE g.kind = \(LogColumns.Kind.replace.sql)
          AND NOT EXISTS (
            SELECT FROM order_conditions t WHERE t.account_id = g.account_id AND t.order_id = g.order_id AND t.role <> \(OrderRole.main.sql))
          AND (g.extra_hold < 0 OR CASE g.side
          WHEN \(Side.buy.sql) THEN e.price::numeric * e.quantity + g.extra_hold < n.price::numeric * n.quantity
          ELSE e.quantity + g.extra_hold < n.quantity END)
        """),
  ]

  /// The asset that is cash.
  private static let cash = Journal.cash
}
