import JSON
import HTTP
import Lifecycle
import Market
import Testing

@testable import LabKit

/// The fake exchange behind the Trading API's routes, on a real HTTP server.
final class FakeGateway: Sendable {
  struct State {
    var exchange = FakeExchange()
    var requests = 0
    /// Every so many requests the connection is dropped after the work was done; 0 never.
    var dropsEvery = 0
    /// Every so many requests are answered 429; 0 never.
    var throttlesEvery = 0
    var accounts: [String: Int] = [:]
  }

  let state = Lock(State())
  let keys: [TradingKey]

  init(accounts: Int) {
    keys = (0..<accounts).map { TradingKey(account: "a\($0)", key: "K\($0)", secret: "s\($0)") }
    let names = Dictionary(uniqueKeysWithValues: keys.enumerated().map { ($1.key, $0) })
    state.withLock { $0.accounts = names }
  }

  /// The keys as a file's text.
  var keyLines: String {
    keys.map { #"{"account_id":"\#($0.account)","key_id":"\#($0.key)","secret":"\#($0.secret)"}"# + "\n" }.joined()
  }

  /// Serves while `body` runs; hands it the gateway's URL.
  func serve(_ body: (String) async throws -> Void) async throws {
    var configuration = HTTPServerConfiguration()
    configuration.drainGrace = .milliseconds(1)
    let server = try HTTPServer(configuration: configuration) { [self] request in answer(request) }
    server.start()
    let outcome: Result<Void, any Error>
    do { outcome = .success(try await body("http://127.0.0.1:\(server.boundPort)")) } catch {
      outcome = .failure(error)
    }
    await server.drain(deadline: .seconds(1))
    try outcome.get()
  }

  private func answer(_ request: HTTPRequest) -> HTTPResponse {
    state.withLock { state in
      guard let account = state.accounts[request.header("APCA-API-KEY-ID") ?? ""] else {
        return Self.error(401, "request is not authorized")
      }
      if request.rawPath == "/v2/clock" {
        return Self.json(200, #"{"timestamp":"2026-01-02T15:00:00Z","is_open":true}"#)
      }
      if ["/v2/account", "/v2/positions"].contains(request.rawPath) { return Self.json(200, "{}") }
      if request.rawPath == "/v2/orders", request.method == "GET" {
        return Self.json(200, Self.list(state.exchange, request, account))
      }
      if request.rawPath == "/v2/orders", request.method == "DELETE" {
        for order in state.exchange.orders.values where order.account == account && order.isOpen {
          _ = state.exchange.handle(.cancel(order: order.id), account: account)
        }
        return Self.json(207, "[]")
      }
      state.requests += 1
      if state.throttlesEvery > 0, state.requests % state.throttlesEvery == 0 {
        var response = Self.error(429, "too many requests")
        response.headers.append(("Retry-After", "0"))
        return response
      }
      guard let call = Self.call(request) else { return Self.error(400, "request body format is invalid") }
      let answer = Self.response(to: state.exchange.handle(call, account: account))
      return state.dropsEvery > 0 && state.requests % state.dropsEvery == 0 ? .drop : answer
    }
  }

  private static func call(_ request: HTTPRequest) -> TradingCall? {
    let body = JSONValue.read(request.body)
    let last = request.rawPath.split(separator: "/").last.map(String.init) ?? ""
    switch request.method {
    case "DELETE": return .cancel(order: last)
    case "GET": return request.parameter("client_order_id").map { .find(clientOrderID: $0) }
    case "PATCH":
      guard let quantity = body?["qty"]?.wholeNumber, let client = body?["client_order_id"]?.string else { return nil }
      return .replace(order: last, quantity: quantity, clientOrderID: client)
    default:
      guard let symbol = body?["symbol"]?.string, let quantity = body?["qty"]?.wholeNumber,
        let side = body?["side"]?.string,
        let price = body?["limit_price"]?.string.flatMap({ Price($0) }), let client = body?["client_order_id"]?.string
      else { return nil }
      return .submit(
        LimitOrder(
          symbol: symbol, side: side == "buy" ? .buy : .sell, price: price, quantity: quantity,
          isImmediate: body?["time_in_force"]?.string == "ioc", clientOrderID: client))
    }
  }

  private static func response(to answer: TradingAnswer) -> HTTPResponse {
    switch answer {
    case .order(let id): json(200, #"{"legs":null,"id":"\#(id)","status":"accepted"}"#)
    case .accepted: HTTPResponse(status: 204)
    case .shown: json(200, "{}")
    case .duplicate: error(422, "client_order_id must be unique")
    case .tooEarly(let state): error(422, "cannot replace order in \(state) status")
    case .tooLate(let state): error(422, "order is already in \\\"\(state)\\\" state")
    case .notFound: error(404, "order not found")
    case .refused(let reason): error(422, String(reason.dropFirst(4)))
    case .throttled, .unavailable, .unknown: error(500, "internal server error")
    }
  }

  private static func list(_ exchange: FakeExchange, _ request: HTTPRequest, _ account: Int) -> String {
    var orders = exchange.orders.values.filter { $0.account == account }.sorted { number($0.id) < number($1.id) }
    if request.parameter("status") == "open" { orders = orders.filter(\.isOpen) }
    if let after = request.parameter("after_order_id") { orders = orders.filter { number($0.id) > number(after) } }
    if request.parameter("direction") == "desc" { orders.reverse() }
    let page = orders.prefix(Int(request.parameter("limit") ?? "50")!)
    return "[" + page.map(describe).joined(separator: ",") + "]"
  }

  private static func number(_ id: String) -> Int { Int(id.dropFirst())! }

  private static func describe(_ order: FakeExchange.Order) -> String {
    let filledAt = order.status == "filled" ? #""2026-01-02T15:00:01.000250Z""# : "null"
    return #"{"id":"\#(order.id)","client_order_id":"\#(order.client)","status":"\#(order.status)","#
      + #""side":"\#(order.side)","time_in_force":"\#(order.isImmediate ? "ioc" : "day")","#
      + #""filled_qty":"\#(order.filled)","submitted_at":"2026-01-02T15:00:01Z","filled_at":\#(filledAt)}"#
  }

  private static func error(_ status: Int, _ message: String) -> HTTPResponse {
    json(status, #"{"code":\#(status)10000,"message":"\#(message)"}"#)
  }

  private static func json(_ status: Int, _ text: String) -> HTTPResponse {
    HTTPResponse(status: status, headers: [("Content-Type", "application/json")], body: Array(text.utf8))
  }
}
