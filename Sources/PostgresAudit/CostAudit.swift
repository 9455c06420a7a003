internal import Accounting
internal import Market
internal import Postgres

/// Invariant C for costs: every position is counted up again from its trades and grants, one after the other, and must cost to
/// the last digit what is stored.
///
/// A position is counted from its base: how it stood when it was first changed by a program that keeps costs exactly, or was
/// last empty. One whose base lies before the first day that is still here is not counted. What a position cost before that cannot be told from trades, because it followed from how they were settled
/// together; it is taken as it stood. Rows pass through memory in portions.
struct CostAudit {
  static let id = "C6"
  static let title = "positions cost what their trades and grants say, in order"
  /// No sum that is counted comes near: an honest ledger's numbers are far below.
  private static let bound: Int64 = 1 << 60

  let sampleLimit: Int

  /// A position as it is stored, and as it is counted up.
  private struct Count {
    var account: Int64
    var instrument: Int32
    var quantity: Int64
    var cost: Int64
    var lotCost: String
    var lotShares: Int64
    /// What has been counted; nil when the numbers make no sense.
    var counted: PositionCost?
  }

  /// Columns: the position with its lot and base, and of a movement shares, price and cost; no movement is NULL. The events of
  /// a trade's two orders tell its times in their accounts.
  private static let rows = """
    WITH \(kept), moved AS (
      SELECT t.account_id, t.instrument_id, e.event_at AS at, t.shares, t.price, NULL::bigint AS cost
      FROM (
        SELECT shard, sequence, ordinal, buy_order AS order_id, buyer AS account_id, instrument_id, quantity AS shares, price
        FROM trades
        UNION ALL
        SELECT shard, sequence, ordinal, sell_order, seller, instrument_id, -quantity, price FROM trades) AS t
      JOIN order_events e ON e.shard = t.shard AND e.sequence = t.sequence AND e.order_id = t.order_id
        AND e.ordinal BETWEEN t.ordinal AND t.ordinal + 1
      UNION ALL
      SELECT l.account_id, l.asset, j.created_at, l.amount, NULL, l.cost
      FROM journal_lines l JOIN journals j USING (journal_id)
      WHERE l.asset > 0 AND l.account_id > 0 AND j.is_ordered AND l.cost IS NOT NULL)
    SELECT p.account_id, p.instrument_id, p.quantity, p.cost, coalesce(p.lot_cost::text, ''), p.lot_shares,
      coalesce(p.base_cost, 0), coalesce(p.base_shares, 0), m.shares, m.price, m.cost
    FROM positions p JOIN kept_since k ON k.instrument_id = p.instrument_id
    LEFT JOIN moved m ON m.account_id = p.account_id AND m.instrument_id = p.instrument_id
      AND m.at > p.base_at
    WHERE p.lot_shares IS NOT NULL AND p.base_at >= k.since ORDER BY p.account_id, p.instrument_id, m.at
    """

  /// `kept_since`: from which moment on all trades of an instrument are here. Days may have been detached: then the log of its
  /// shard does not begin with the first row.
  private static let kept = """
    kept_since AS MATERIALIZED (
      SELECT i.instrument_id, CASE WHEN l.last_sequence = 0 OR g.first = 1 THEN '-infinity'
        ELSE coalesce(date_trunc('day', g.since), 'infinity') END AS since
      FROM instruments i JOIN shard_logs l USING (shard)
      LEFT JOIN (SELECT shard, min(sequence) AS first, min(accepted_at) AS since FROM command_log GROUP BY shard) AS g
        USING (shard))
    """

  /// Counts all positions up.
  /// - Parameter begun: Told how many there are.
  func run(_ connection: inout PostgresConnection, begun: (Int) -> Void) throws(PostgresError) -> AuditResult {
    let counts = try connection.query(
      PostgresCall(
        PostgresStatement(
          "audit_count_costs",
          """
          WITH \(Self.kept)
          SELECT count(*) FILTER (WHERE lot_shares IS NOT NULL AND base_at >= since),
            count(*) FILTER (WHERE lot_shares IS NULL AND quantity > 0), count(*) FILTER (WHERE base_at < since)
          FROM positions JOIN kept_since USING (instrument_id)
          """)))
    var result = AuditResult(id: Self.id, title: Self.title, checked: Int(counts.int8(0, 0)))
    begun(result.checked)
    let unknown = counts.int8(0, 1)
    if unknown > 0 {
      result.notes.append(
        "\(unknown) positions have not changed since costs are kept exactly: theirs is taken as it stands")
    }
    let old = counts.int8(0, 2)
    if old > 0 {
      result.notes.append("\(old) positions go back to days that are not here any more: they are not counted")
    }
    let cursor = try AuditCursor("audit_costs", Self.rows, &connection)
    var count: Count?
    while true {
      let rows = try cursor.next(&connection)
      for row in 0..<rows.count {
        if count.map({ $0.account != rows.int8(row, 0) || $0.instrument != rows.int4(row, 1) }) ?? true {
          if let count { judge(count, &result) }
          count = Self.begin(rows, row)
        }
        count!.counted = count!.counted.flatMap { Self.move($0, rows, row) }
      }
      if rows.count < AuditCursor.portion { break }
    }
    if let count { judge(count, &result) }
    try cursor.close(&connection)
    return result
  }

  private static func begin(_ rows: PostgresRows, _ row: Int) -> Count {
    let (cost, shares) = (rows.int8(row, 6), rows.int8(row, 7))
    let isSane = (0...bound).contains(cost) && (0...bound).contains(shares)
    return Count(
      account: rows.int8(row, 0), instrument: rows.int4(row, 1), quantity: rows.int8(row, 2), cost: rows.int8(row, 3),
      lotCost: rows.text(row, 4), lotShares: rows.int8(row, 5),
      counted: isSane ? PositionCost(Quantity(rawValue: shares), for: Money(rawValue: cost)) : nil)
  }

  /// The position after a movement; nil when it cannot have been.
  private static func move(_ before: PositionCost, _ rows: PostgresRows, _ row: Int) -> PositionCost? {
    guard !rows.isNull(row, 8) else { return before }
    let shares = rows.int8(row, 8)
    guard (-bound...bound).contains(shares), (0...bound).contains(before.quantity.rawValue) else { return nil }
    var position = before
    guard shares > 0 else {
      position.sell(Quantity(rawValue: -shares))
      return position.quantity >= .zero ? position : nil
    }
    let value =
      rows.isNull(row, 10)
      ? Price(rawValue: rows.int8(row, 9)).cost(of: Quantity(rawValue: shares)) : Money(rawValue: rows.int8(row, 10))
    guard let value, (0...bound).contains(value.rawValue) else { return nil }
    position.buy(Quantity(rawValue: shares), for: value)
    return position
  }

  private func judge(_ count: Count, _ result: inout AuditResult) {
    let name = "account \(count.account) instrument \(count.instrument)"
    guard let counted = count.counted else {
      return result.add(
        AuditViolation(name: name, detail: "its trades and grants cannot have happened in their order"),
        limit: sampleLimit)
    }
    // How many shares there are is another check's, and so is a cost below zero.
    let hasItsCost =
      count.cost < 0 || counted.quantity.rawValue != count.quantity || counted.cost.rawValue == count.cost
    guard !hasItsCost || count.lotCost != counted.lotCost.description || count.lotShares != counted.lotShares.rawValue
    else { return }
    result.add(
      AuditViolation(
        name: name,
        detail: "cost \(count.cost), a lot of \(count.lotShares) for \(count.lotCost); its trades and grants say "
          + "\(counted.cost.rawValue), a lot of \(counted.lotShares) for \(counted.lotCost)"),
      limit: sampleLimit)
  }
}
