internal import Accounting
internal import Market
internal import Ports
internal import Postgres

/// The SQL of finding orders by their names in the tables of their days. An identifier tells its day.
///
/// A statement that names the table of all days locks the tables of every day before it looks for a row, so that each day that
/// passes would make it dearer.
enum OrderStatements {
  /// Orders that are named, of one day. Parameters: accounts, identifiers.
  static func find(day: Day) -> PostgresStatement {
    PostgresStatement(
      "orders_find_\(day.compact)",
      """
      SELECT \(OrderColumns.list) FROM unnest($1::bigint[], $2::uuid[]) AS k (account_id, order_id)
      JOIN orders_\(day.compact) o ON o.account_id = ANY (ARRAY[k.account_id]) AND o.order_id = k.order_id
      \(OrderColumns.join)
      """)
  }

  /// Calls that find named orders, one a day. Names of days without a table are nobody's.
  static func find(_ names: some Collection<OrderName>, among days: Set<Day>) -> [PostgresCall] {
    byDay(names, among: days).map { day, names in PostgresCall(find(day: day), parameters(names)) }
  }

  /// Names by day, the earliest first, without those of days that have no table.
  static func byDay(_ names: some Collection<OrderName>, among days: Set<Day>) -> [(day: Day, names: [OrderName])] {
    var byDay: [Day: [OrderName]] = [:]
    for name in names {
      if let day = name.id.time?.day, days.contains(day) { byDay[day, default: []].append(name) }
    }
    return byDay.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  /// Names as parameters: accounts, identifiers.
  static func parameters(_ names: some Collection<OrderName>) -> [PostgresParameter] {
    [.int8Array(names.map(\.account.rawValue)), .uuidArray(names.map { ($0.id.high, $0.id.low) })]
  }

  /// The orders of answers to ``find(day:)``, by identifier.
  static func orders(_ answers: some Collection<PostgresRows>) throws(PostgresError) -> [OrderID: OrderRecord] {
    var orders: [OrderID: OrderRecord] = [:]
    for rows in answers {
      for row in 0..<rows.count {
        let order = try OrderColumns.read(rows, row)
        orders[order.id] = order
      }
    }
    return orders
  }
}
