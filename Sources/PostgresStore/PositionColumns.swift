internal import Accounting
internal import Market
internal import Postgres

/// The columns that say what a position cost.
enum PositionColumns {
  /// Quantity, cost and lot of the table `p`.
  static let list = "p.quantity, p.cost, p.lot_cost::text, p.lot_shares"

  /// Reads ``list``, which begins at a column.
  static func cost(_ rows: PostgresRows, _ row: Int, from column: Int) -> PositionCost {
    let quantity = Quantity(rawValue: rows.int8(row, column))
    let whole = PositionCost(quantity, for: Money(rawValue: rows.int8(row, column + 1)))
    guard !rows.isNull(row, column + 2), !rows.isNull(row, column + 3),
      let lotCost = Int128(rows.text(row, column + 2))
    else { return whole }
    let shares = Quantity(rawValue: rows.int8(row, column + 3))
    return PositionCost(lotCost: lotCost, lotShares: shares, quantity: quantity) ?? whole
  }

  /// Assignments that fold executions into a row of the table `p`.
  ///
  /// What is known of a position by its cost and quantity alone, and an empty one, is the base from which the audit counts.
  /// - Parameters:
  ///   - runs: Executions, as `change_lot` takes them.
  ///   - since: The time of the account just before them.
  static func changed(runs: String, since: String) -> String {
    let begins = "p.lot_shares IS NULL OR p.quantity = 0"
    return """
      (quantity, cost, lot_cost, lot_shares) = (
        SELECT (n.lot).quantity, (n.lot).cost, (n.lot).lot_cost, (n.lot).lot_shares
        FROM (SELECT change_lot(p.lot_cost, p.lot_shares, p.quantity, p.cost, \(runs)) AS lot OFFSET 0) AS n),
      lot_changes = p.lot_changes + 1,
      base_cost = CASE WHEN \(begins) THEN p.cost ELSE p.base_cost END,
      base_shares = CASE WHEN \(begins) THEN p.quantity ELSE p.base_shares END,
      base_at = CASE WHEN \(begins) THEN \(since) ELSE p.base_at END
      """
  }
}
