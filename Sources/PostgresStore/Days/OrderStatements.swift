internal import Market
internal import Ports
internal import Postgres

/// The SQL of finding orders by their names in the tables of their days. An identifier tells its day.
enum OrderStatements {
  /// Orders that are named, of one day; nil goes through the table of all days, for identifiers that name none.
  static func find(day: Day?) -> PostgresStatement {
    let suffix = day.map { "_\($0.compact)" } ?? ""
    return PostgresStatement(
      "orders_find\(suffix)",
      """
      SELECT \(OrderColumns.list) FROM unnest($1::bigint[], $2::uuid[]) AS k (account_id, order_id)
      JOIN orders\(suffix) o ON o.account_id = ANY (ARRAY[k.account_id]) AND o.order_id = k.order_id
      \(OrderColumns.join)
      """)
  }

  /// The same, as a call.
  static func find(day: Day?, _ names: [OrderName]) -> PostgresCall { PostgresCall(find(day: day), parameters(names)) }

  /// Names as parameters: accounts, identifiers.
  static func parameters(_ names: some Collection<OrderName>) -> [PostgresParameter] {
    [.int8Array(names.map(\.account.rawValue)), .uuidArray(names.map { ($0.id.high, $0.id.low) })]
  }
}
