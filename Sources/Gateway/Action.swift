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
  case showConfiguration
  case changeConfiguration
  case showHistory
  case listActivities(type: String?)
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
  case listWatchlists
  case createWatchlist
  case watchlist(String, WatchlistVerb)
  case watchlistByName(WatchlistVerb)
  case listAnnouncements
  case showAnnouncement(String)
  case listOptionContracts
  case showOptionContract(String)
  case showNothing(EmptyList)

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
    case (.configurations, .get): self = .showConfiguration
    case (.configurations, .patch): self = .changeConfiguration
    case (.configurations, _): throw .methodNotAllowed("GET, HEAD, PATCH")
    case (.portfolioHistory, .get): self = .showHistory
    case (.activities, .get): self = .listActivities(type: nil)
    case (.activitiesOfType(let type), .get): self = .listActivities(type: type)
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
    case (.watchlists, .get): self = .listWatchlists
    case (.watchlists, .post): self = .createWatchlist
    case (.watchlists, _): throw .methodNotAllowed("GET, HEAD, POST")
    case (.watchlist(let id), let method):
      guard let verb = WatchlistVerb(method) else { throw .methodNotAllowed("GET, HEAD, POST, PUT, DELETE") }
      self = .watchlist(id, verb)
    case (.watchlistByName, let method):
      guard let verb = WatchlistVerb(method) else { throw .methodNotAllowed("GET, HEAD, POST, PUT, DELETE") }
      self = .watchlistByName(verb)
    case (.watchlistEntry(let id, let symbol), .delete): self = .watchlist(id, .remove(symbol: symbol))
    case (.watchlistEntryByName(let symbol), .delete): self = .watchlistByName(.remove(symbol: symbol))
    case (.watchlistEntry, _), (.watchlistEntryByName, _): throw .methodNotAllowed("DELETE")
    case (.announcements, .get): self = .listAnnouncements
    case (.announcement(let id), .get): self = .showAnnouncement(id)
    case (.optionContracts, .get): self = .listOptionContracts
    case (.optionContract(let name), .get): self = .showOptionContract(name)
    case (.empty(let list), .get): self = .showNothing(list)
    case (.stocks, _), (.dataStream, _), (.orderByClientID, _), (.account, _), (.portfolioHistory, _),
      (.activities, _), (.activitiesOfType, _), (.assets, _), (.asset, _), (.clock, _), (.calendar, _),
      (.announcements, _), (.announcement, _), (.optionContracts, _), (.optionContract, _), (.health, _),
      (.readiness, _), (.description, _), (.documentation, _), (.tradeSocket, _), (.tradeEvents, _), (.empty, _):
      throw .methodNotAllowed("GET, HEAD")
    }
  }

  /// Whether it only looks: all that a read-only key may do.
  var onlyReads: Bool {
    switch self {
    case .listOrders, .showOrder, .showOrderByClientID, .showAccount, .showConfiguration, .showHistory,
      .listActivities, .listPositions, .showPosition, .listAssets, .showAsset, .showClock, .showCalendar,
      .followTradeEvents, .showStocks,
      .listWatchlists, .listAnnouncements, .showAnnouncement, .listOptionContracts, .showOptionContract, .showNothing:
      return true
    case .watchlist(_, let verb), .watchlistByName(let verb): return verb == .show
    case .placeOrder, .cancelAllOrders, .cancelOrder, .replaceOrder, .changeConfiguration, .closePosition,
      .closeAllPositions, .createWatchlist:
      return false
    }
  }
}

extension WatchlistVerb {
  /// What a method means for a list.
  fileprivate init?(_ method: Method?) {
    switch method {
    case .get: self = .show
    case .put: self = .replace
    case .post: self = .add
    case .delete: self = .delete
    case .patch, nil: return nil
    }
  }
}
