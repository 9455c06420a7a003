/// What a request wants: a route and a method that go together.
enum Action: Hashable {
  case placeOrder
  case listOrders
  case cancelAllOrders
  case showOrder(String)
  case showOrderByClientID
  case cancelOrder(String)
  case replaceOrder(String)
  case showAccount
  case listPositions
  case showPosition(String)
  case closePosition(String)
  case closeAllPositions
  case listAssets
  case showAsset(String)
  case showClock
  case showCalendar
  case showStocks(StockRoute)
  case followTradeEvents

  /// - Throws: ``APIError/methodNotAllowed(_:)`` naming the methods that the route knows.
  init(_ route: Route, _ method: Method?) throws(APIError) {
    switch (route, method) {
    case (.orders, .post): self = .placeOrder
    case (.orders, .get): self = .listOrders
    case (.orders, .delete): self = .cancelAllOrders
    case (.orders, _): throw .methodNotAllowed("GET, HEAD, POST, DELETE")
    case (.order(let id), .get): self = .showOrder(id)
    case (.order(let id), .delete): self = .cancelOrder(id)
    case (.order(let id), .patch): self = .replaceOrder(id)
    case (.order, _): throw .methodNotAllowed("GET, HEAD, PATCH, DELETE")
    case (.orderByClientID, .get): self = .showOrderByClientID
    case (.account, .get): self = .showAccount
    case (.positions, .get): self = .listPositions
    case (.positions, .delete): self = .closeAllPositions
    case (.position(let name), .get): self = .showPosition(name)
    case (.position(let name), .delete): self = .closePosition(name)
    case (.positions, _), (.position, _): throw .methodNotAllowed("GET, HEAD, DELETE")
    case (.assets, .get): self = .listAssets
    case (.asset(let name), .get): self = .showAsset(name)
    case (.clock, .get): self = .showClock
    case (.calendar, .get): self = .showCalendar
    case (.stocks(let route), .get): self = .showStocks(route)
    case (.tradeEvents, .get): self = .followTradeEvents
    case (.stocks, _), (.dataStream, _), (.orderByClientID, _), (.account, _), (.assets, _), (.asset, _), (.clock, _),
      (.calendar, _), (.health, _), (.readiness, _), (.description, _), (.tradeSocket, _), (.tradeEvents, _):
      throw .methodNotAllowed("GET, HEAD")
    }
  }
}
