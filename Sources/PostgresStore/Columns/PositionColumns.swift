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
}
