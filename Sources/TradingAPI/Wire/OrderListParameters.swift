internal import APIKit
internal import ClientKit
internal import Market
internal import Ports
internal import Services

/// What a list of orders was asked for.
struct OrderListParameters {
  /// Most orders in a list.
  static let maximumLimit = 500

  /// Symbols, or nil for all.
  var symbols: [String]?
  /// Whether the classes of assets asked for include the only one there is.
  var includesEquities: Bool
  /// Whether legs are shown below their heads.
  let isNested: Bool
  private var scope: OrderQuery.Scope
  private var limit: Int
  private var ascending: Bool
  private var side: Side?
  private var after: OrderID?
  private var before: OrderID?

  /// Reads the query of `GET /v2/orders`.
  /// - Throws: ``APIError`` naming the first parameter that cannot be read.
  init(_ parameters: [(name: String, value: String)]) throws(APIError) {
    let values = QueryValues(parameters)
    scope = try values.word("status") { OrderQuery.Scope(rawValue: $0) } ?? .open
    limit = try values.integer("limit", in: 1...Self.maximumLimit) ?? 50
    ascending = try values.direction() == .ascending
    side = try values.word("side") { Side(wire: $0) }
    isNested = try values.flag("nested") ?? false
    symbols = values.list("symbols")
    includesEquities = values.list("asset_class").map { $0.contains("us_equity") || $0.contains("all") } ?? true
    // Identifiers sort by submission: times become bounds between identifiers. Both ends are exclusive.
    let later = try values.time("after").map { OrderID.lowest(at: $0.advanced(byMicroseconds: 1)) }
    let earlier = try values.time("until").map { OrderID.lowest(at: $0) }
    after = try Self.stricter(later, values.id("after_order_id"), max)
    before = try Self.stricter(earlier, values.id("before_order_id"), min)
  }

  /// The question to the reader, without symbols.
  func query(of account: AccountNumber) -> OrderQuery {
    var query = OrderQuery(account: account)
    query.scope = scope
    query.limit = limit
    query.ascending = ascending
    query.side = side
    query.after = after
    query.before = before
    query.nested = isNested
    return query
  }

  private static func stricter(_ a: OrderID?, _ b: OrderID?, _ choose: (OrderID, OrderID) -> OrderID) -> OrderID? {
    guard let a, let b else { return a ?? b }
    return choose(a, b)
  }
}
