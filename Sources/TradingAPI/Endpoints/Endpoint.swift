internal import APIKit
internal import ClientKit
internal import HTTP
internal import Ports

/// One thing that clients may ask for. Routing, the methods that a path knows, what a key may do and the description all
/// follow from the table of these, ``Endpoint/all``: nothing of an endpoint is written anywhere else.
final class Endpoint: Sendable {
  /// Answers a request that brings a key.
  typealias Handler = @Sendable (GatewayService) -> @Sendable (EndpointRequest) async throws(APIError) -> HTTPResponse
  /// Answers a request that brings none.
  typealias OpenHandler =
    @Sendable (GatewayService) -> @Sendable (HTTPRequest, RequestHeaders) async throws(APIError) -> HTTPResponse

  /// Who may ask, and what answers.
  enum Access: Sendable {
    /// Anybody, and also while the service is closed: it needs no store.
    case open(OpenHandler)
    /// Anybody: whoever opens a WebSocket proves on it who it is.
    case later(OpenHandler)
    /// Every key, those that only read among them.
    case anyKey(Handler)
    /// Keys that may trade.
    case tradingKey(Handler)
  }

  let method: Method
  /// With braces around its parameters: `/v2/orders/{order_id}`.
  let path: String
  /// Other paths to the same.
  let aliases: [String]
  let access: Access
  /// How it is described; nil for WebSockets, for which the description's language has no words.
  let operation: APIOperation?
  /// The names of the path's parameters, in order.
  let parameters: [String]

  init(
    _ method: Method, _ path: String, aliases: [String] = [], _ access: Access, _ operation: APIOperation? = nil
  ) {
    self.method = method
    self.path = path
    self.aliases = aliases
    self.access = access
    self.operation = operation
    parameters = path.split(separator: "/").filter { $0.first == "{" }.map { String($0.dropFirst().dropLast()) }
  }

  /// Whether keys of a role may ask for it.
  func permits(_ role: KeyRole) -> Bool {
    switch access {
    case .open, .later, .anyKey: true
    case .tradingKey: role == .trading
    }
  }

  /// Whether it is answered without a key, or before one is shown.
  var isOpen: Bool {
    switch access {
    case .open, .later: true
    case .anyKey, .tradingKey: false
    }
  }

  /// Whether it is answered while the service is closed.
  var isServedClosed: Bool { if case .open = access { true } else { false } }

  /// Whether it begins a WebSocket.
  var isSocket: Bool { if case .later = access { true } else { false } }

  /// The statuses of all refusals, in order.
  var refusals: [Int] {
    // A part of a path that is no name leads nowhere.
    Set((isOpen ? [] : [400, 401, 403, 404, 422, 429, 500, 503]) + (operation?.refusals ?? [])).sorted()
  }
}

extension Endpoint {
  /// The Trading API.
  static let all: [Endpoint] =
    orders + positions + accounts + watchlists + market + marketData + service + streams

  /// Finds endpoints by path.
  static let tree = EndpointTree(all)
}
