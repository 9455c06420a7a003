internal import Market
internal import Postgres

/// The columns `max_quantity`, `max_notional` and `collar` of the operator's bounds.
enum BoundsColumns {
  static func read(_ rows: PostgresRows, _ row: Int, from first: Int) -> OrderBounds {
    OrderBounds(
      quantity: rows.isNull(row, first) ? nil : Quantity(rawValue: rows.int8(row, first)),
      notional: rows.isNull(row, first + 1) ? nil : Money(rawValue: rows.int8(row, first + 1)),
      collar: rows.isNull(row, first + 2) ? nil : Int64(rows.int4(row, first + 2)))
  }
}
