public import Postgres

/// What must hold in the database of an exchange at rest, whatever happened to its processes.
public enum LedgerChecks {
  /// Counts violations, by what is violated; empty when all holds.
  public static func violations(_ connection: inout PostgresConnection) throws(PostgresError) -> [String: Int64] {
    var found: [String: Int64] = [:]
    for (number, check) in checks.enumerated() {
      let rows = try connection.query(PostgresCall(.init("check_\(number)", "SELECT count(*) FROM (\(check.sql)) v")))
      if rows.int8(0, 0) > 0 { found[check.fact] = rows.int8(0, 0) }
    }
    return found
  }

  /// How far one shard is.
  public struct Progress: Sendable {
    /// The shard.
    public var shard: Int16
    /// Its commands that are settled.
    public var settled: Int64
    /// Its commands that are accepted and not settled.
    public var lag: Int64
  }

  /// How far the shards are.
  public static func progress(_ connection: inout PostgresConnection) throws(PostgresError) -> [Progress] {
    let rows = try connection.query(
      PostgresCall(
        .init(
          "progress",
          """
          SELECT shard, processed_sequence, last_sequence - processed_sequence
          FROM shard_logs JOIN shard_cursors USING (shard) ORDER BY shard
          """)))
    return (0..<rows.count).map { Progress(shard: rows.int2($0, 0), settled: rows.int8($0, 1), lag: rows.int8($0, 2)) }
  }

  private static let checks: [(fact: String, sql: String)] = [
    (
      "a log has every number up to its last once",
      """
      SELECT FROM shard_logs l LEFT JOIN (
        SELECT shard, count(*) AS rows, count(DISTINCT sequence) AS numbers, max(sequence) AS last
        FROM command_log GROUP BY shard) c USING (shard)
      WHERE (coalesce(rows, 0), coalesce(numbers, 0), coalesce(last, 0))
        <> (l.last_sequence, l.last_sequence, l.last_sequence)
      """
    ),
    (
      "every command is settled",
      "SELECT FROM shard_logs JOIN shard_cursors USING (shard) WHERE last_sequence <> processed_sequence"
    ),
    (
      "every command left an event",
      """
      SELECT FROM command_log c
      WHERE kind & 3 <> 3
        AND NOT EXISTS (SELECT FROM order_events e WHERE e.shard = c.shard AND e.sequence = c.sequence)
      """
    ),
    (
      "every event belongs to one command and stands once",
      """
      SELECT FROM order_events e LEFT JOIN command_log c USING (shard, sequence)
      GROUP BY e.shard, e.sequence, e.ordinal HAVING count(*) <> 1 OR count(c.order_id) <> 1
      """
    ),
    (
      "held cash is what open buys may cost",
      """
      SELECT FROM accounts a WHERE held <> (
        SELECT coalesce(sum(price * (quantity - filled)), 0) FROM orders o
        WHERE o.is_open AND o.side = 0 AND o.account_id = a.account_id)
      """
    ),
    (
      "held shares are what open sells may deliver",
      """
      SELECT FROM positions p WHERE held <> (
        SELECT coalesce(sum(quantity - filled), 0) FROM orders o
        WHERE o.is_open AND o.side = 1 AND o.account_id = p.account_id AND o.instrument_id = p.instrument_id)
      """
    ),
    (
      "cash is the sum of its postings",
      "SELECT FROM accounts a WHERE cash <> (SELECT coalesce(sum(amount), 0) FROM postings p WHERE p.account_id = a.account_id AND asset = 0)"
    ),
    (
      "a position is the sum of its postings",
      """
      SELECT FROM positions q WHERE quantity <> (
        SELECT coalesce(sum(amount), 0) FROM postings p
        WHERE p.account_id = q.account_id AND p.asset = q.instrument_id)
      """
    ),
    (
      "an order has filled what its trades say, and no more than it asked for",
      """
      SELECT FROM orders o LEFT JOIN (
        SELECT id, sum(quantity) AS traded FROM (
          SELECT buy_order AS id, quantity FROM trades UNION ALL SELECT sell_order, quantity FROM trades) t
        GROUP BY id) t ON t.id = o.order_id
      WHERE o.filled <> coalesce(t.traded, 0) OR o.filled > o.quantity OR (o.is_open AND o.filled = o.quantity)
      """
    ),
    (
      "a client's name stands for one order",
      "SELECT FROM orders GROUP BY account_id, client_order_id HAVING count(*) > 1"
    ),
  ]
}
