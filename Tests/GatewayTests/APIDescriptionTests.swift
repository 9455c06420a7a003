import HTTP
import JSON
import Testing

@testable import Gateway

/// The description of the API, compared with what the gateway does.
@Suite struct APIDescriptionTests {
  private let document: JSONValue

  init() throws { document = try JSONDocument(APIDescription.document).root }

  /// A path of a route as the description writes it. No `default`: a new route has to be described.
  private func template(_ route: Route) -> String {
    switch route {
    case .orders: "/v2/orders"
    case .order: "/v2/orders/{order_id}"
    case .orderByClientID: "/v2/orders:by_client_order_id"
    case .account: "/v2/account"
    case .positions: "/v2/positions"
    case .position: "/v2/positions/{symbol_or_asset_id}"
    case .assets: "/v2/assets"
    case .asset: "/v2/assets/{symbol_or_asset_id}"
    case .clock: "/v2/clock"
    case .calendar: "/v2/calendar"
    case .health: "/healthz"
    case .readiness: "/readyz"
    case .description: "/openapi.json"
    case .documentation: "/docs"
    case .empty(let list): list.path
    case .configurations: "/v2/account/configurations"
    case .portfolioHistory: "/v2/account/portfolio/history"
    case .activities: "/v2/account/activities"
    case .activitiesOfType: "/v2/account/activities/{activity_type}"
    case .watchlists: "/v2/watchlists"
    case .watchlist: "/v2/watchlists/{watchlist_id}"
    case .watchlistEntry: "/v2/watchlists/{watchlist_id}/{symbol}"
    case .watchlistByName: "/v2/watchlists:by_name"
    case .watchlistEntryByName: "/v2/watchlists:by_name/{symbol}"
    case .announcements: "/v2/corporate_actions/announcements"
    case .announcement: "/v2/corporate_actions/announcements/{announcement_id}"
    case .optionContracts: "/v2/options/contracts"
    case .optionContract: "/v2/options/contracts/{symbol_or_id}"
    case .tradeEvents: "/v2/events/trades"
    case .tradeSocket: "/stream"
    case .dataStream: "/v2/iex"
    case .stocks(let route): template(route)
    }
  }

  private func template(_ route: StockRoute) -> String {
    let path =
      switch route {
      case .history(let kind, nil): "\(kind.rawValue)"
      case .history(let kind, _?): "{symbol}/\(kind.rawValue)"
      case .latest(let kind, nil): "\(kind.rawValue)/latest"
      case .latest(let kind, _?): "{symbol}/\(kind.rawValue)/latest"
      case .auctions(nil): "auctions"
      case .auctions(_?): "{symbol}/auctions"
      case .snapshot(nil): "snapshots"
      case .snapshot(_?): "{symbol}/snapshot"
      case .depth: "{symbol}/depth"
      case .orderBook: "{symbol}/orderbook"
      case .indication: "{symbol}/indication"
      case .status: "{symbol}/status"
      case .conditions: "meta/conditions/{tick_type}"
      case .exchanges: "meta/exchanges"
      }
    return "/v2/stocks/\(path)"
  }

  /// Every path of the description with a value in the place of its parameters.
  private var described: [String: String] {
    let paths = Set(APIDescription.operations.map(\.path))
    return Dictionary(uniqueKeysWithValues: paths.map { ($0, $0.replacing(/\{[a-z_]+\}/, with: "value")) })
  }

  @Test func everyDescribedPathIsTheRouteOfItsName() throws {
    for (template, path) in described {
      let route = try #require(Route(rawPath: path), "\(path)")
      #expect(self.template(route) == template)
    }
  }

  /// WebSockets are told of in words only: the description's language has none.
  @Test func everyRouteIsDescribed() {
    let symbol = "value"
    let kinds = StockRoute.Kind.allCases
    let stocks: [StockRoute] =
      kinds.flatMap { [.history($0, nil), .history($0, symbol), .latest($0, nil), .latest($0, symbol)] } + [
        .snapshot(nil), .snapshot(symbol), .auctions(nil), .auctions(symbol), .depth(symbol), .orderBook(symbol),
        .indication(symbol), .status(symbol),
        .conditions("trade"), .exchanges,
      ]
    let routes: [Route] =
      [
        .orders, .order(symbol), .orderByClientID, .account, .configurations, .portfolioHistory, .activities,
        .activitiesOfType(symbol), .positions, .position(symbol), .assets, .asset(symbol), .clock, .calendar,
        .watchlists, .watchlist(symbol), .watchlistEntry(symbol, symbol: symbol), .watchlistByName,
        .watchlistEntryByName(symbol: symbol), .announcements, .announcement(symbol), .optionContracts,
        .optionContract(symbol), .tradeEvents, .health, .readiness, .description, .documentation,
      ] + stocks.map { .stocks($0) } + EmptyList.allCases.map { .empty($0) }
    #expect(Set(routes.map(template)) == Set(described.keys))
    for route in [Route.tradeSocket, .dataStream] {
      #expect(String(decoding: APIDescription.document, as: UTF8.self).contains(template(route)))
    }
  }

  /// A method is described where the route knows it, and only there.
  @Test func methodsAreThoseThatRoutesKnow() throws {
    for (template, path) in described {
      let route = try #require(Route(rawPath: path))
      let methods = Set(APIDescription.operations.filter { $0.path == template }.map(\.method))
      for method in Method.allCases {
        let isKnown = route.isOpen ? method == .get : (try? Action(route, method)) != nil
        #expect(methods.contains(method) == isKnown, "\(method) \(template)")
      }
    }
  }

  @Test func namesAreUniqueAndParametersOfPathsAreDescribed() {
    let operations = APIDescription.operations
    #expect(Set(operations.map(\.name)).count == operations.count)
    for operation in operations {
      let inPath = operation.path.matches(of: /\{([a-z_]+)\}/).map { String($0.1) }
      #expect(operation.parameters.filter { $0.place == .path }.map(\.name) == inPath, "\(operation.name)")
    }
  }

  /// Every reference leads to something.
  @Test func referencesLeadSomewhere() throws {
    let text = String(decoding: APIDescription.document, as: UTF8.self)
    for match in text.matches(of: /"\$ref":"#\/components\/([a-z]+)\/([A-Za-z0-9]+)"/) {
      #expect(document["components"]?[String(match.1)]?[String(match.2)] != nil, "\(match.0)")
    }
  }

  @Test func anybodyMayReadIt() async throws {
    let fixture = GatewayFixture()
    let answer = await fixture.gateway.handle(HTTPRequest(method: "GET", rawPath: "/openapi.json"))
    #expect(answer.status == 200 && answer.body == APIDescription.document)
    #expect(document["openapi"]?.string == "3.1.0")
    let refused = await fixture.gateway.handle(HTTPRequest(method: "POST", rawPath: "/openapi.json"))
    #expect(refused.status == 405)
  }
}
