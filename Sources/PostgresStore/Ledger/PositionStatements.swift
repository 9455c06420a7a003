/// Parts of the SQL that changes positions.
enum PositionStatements {
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
