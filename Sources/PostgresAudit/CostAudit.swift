internal import Accounting
internal import Market
internal import Ports
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

  /// Counts all positions up.
  /// - Parameter begun: Told how many there are.
  func run(_ connection: inout PostgresConnection, begun: (Int) -> Void) throws(PostgresError) -> AuditResult {
    let counts = try connection.query(
      PostgresCall(AuditStatements.countCosts))
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
    let cursor = try AuditCursor("audit_costs", AuditStatements.costs, &connection)
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
