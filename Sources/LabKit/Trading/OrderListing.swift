package import JSON
package import Market

/// An order as the gateway lists it.
package struct ListedOrder: Sendable, Equatable {
  package var id: String
  package var clientOrderID: String
  package var status: String
  package var side: Side
  package var isImmediate: Bool
  package var filled: Int64
  package var submittedAt: Timestamp
  package var filledAt: Timestamp?

  /// Reads an Order object; nil when a field is missing.
  init?(_ object: JSONValue) {
    guard let id = object["id"]?.string, let clientOrderID = object["client_order_id"]?.string,
      let status = object["status"]?.string, let side = object["side"]?.string,
      let filled = object["filled_qty"]?.wholeNumber,
      let submittedAt = object["submitted_at"]?.string.flatMap({ Timestamp($0) })
    else { return nil }
    self.id = id
    self.clientOrderID = clientOrderID
    self.status = status
    self.side = side == "buy" ? .buy : .sell
    self.isImmediate = object["time_in_force"]?.string == "ioc"
    self.filled = filled
    self.submittedAt = submittedAt
    self.filledAt = object["filled_at"]?.string.flatMap { Timestamp($0) }
  }

  /// The matcher has not taken it, or what was asked of it, up yet.
  package var isPending: Bool { status == "accepted" || status.hasPrefix("pending_") }
}

/// Reads accounts' orders page by page.
package struct OrderListing: Sendable {
  /// Orders a page: the protocol's maximum.
  static let pageSize = 500

  private let symbol: String
  private let get: @Sendable (_ target: String, _ account: Int) async throws(TradingClientError) -> JSONValue

  /// Lists one symbol's orders through `get`.
  package init(
    symbol: Symbol, get: @escaping @Sendable (String, Int) async throws(TradingClientError) -> JSONValue
  ) {
    self.symbol = symbol.description
    self.get = get
  }

  /// Whether the account's latest order is taken up: then so are all before it, for a symbol's commands have one order.
  package func isLatestTakenUp(account: Int) async throws(TradingClientError) -> Bool {
    let target = "/v2/orders?status=all&direction=desc&limit=1&symbols=\(symbol)"
    let latest = try await get(target, account).array?.first.flatMap { ListedOrder($0) }
    return latest.map { !$0.isPending } ?? true
  }

  /// Whether the account has no open order.
  package func isClear(account: Int) async throws(TradingClientError) -> Bool {
    try await get("/v2/orders?status=open&limit=1&symbols=\(symbol)", account).array?.isEmpty ?? true
  }

  /// Hands every order of the account that was submitted after `start` to `body`, oldest first.
  package func forEach(
    account: Int, after start: Timestamp, _ body: (ListedOrder) -> Void
  ) async throws(TradingClientError) {
    let query = "/v2/orders?status=all&direction=asc&limit=\(Self.pageSize)&symbols=\(symbol)"
    var target = query + "&after=\(start)"
    while true {
      let page = try await get(target, account)
      guard let elements = page.array else { throw .answered(200, "not a list of orders") }
      let orders = elements.compactMap { ListedOrder($0) }
      guard orders.count == elements.count else { throw .answered(200, "an order without the fields of an order") }
      orders.forEach(body)
      guard orders.count == Self.pageSize, let last = orders.last else { return }
      target = query + "&after_order_id=\(last.id)"
    }
  }
}
