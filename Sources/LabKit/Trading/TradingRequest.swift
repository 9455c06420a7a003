package import HTTPLoad
package import Market

/// A call of the Trading API that a load sends.
package struct TradingRequest: Sendable, Equatable {
  /// Names the request among those in flight.
  package var token: UInt64
  /// The index of the account whose key signs it.
  package var account: Int
  package var call: TradingCall
}

/// The calls of the Trading API that loads need. Order identifiers are the gateway's own texts.
package enum TradingCall: Sendable, Equatable {
  case submit(LimitOrder)
  case replace(order: String, quantity: Int64, clientOrderID: String)
  case cancel(order: String)
  /// Looks an order up by the identifier its client gave it.
  case find(clientOrderID: String)
  /// Looks at something: an order, a list, the account.
  case read(target: String)
}

/// A limit order to be submitted.
package struct LimitOrder: Sendable, Equatable {
  package var symbol: String
  package var side: Side
  package var price: Price
  package var quantity: Int64
  /// What does not trade at once is dropped; otherwise it rests until the close.
  package var isImmediate: Bool
  package var clientOrderID: String
}

extension TradingCall {
  /// The call as it goes over the wire. Texts within must need no escaping.
  package func httpRequest(token: UInt64, headerLines: [UInt8], connection: Int? = nil) -> HTTPLoadRequest {
    var request: HTTPLoadRequest
    switch self {
    case .submit(let order):
      request = HTTPLoadRequest(method: "POST", target: "/v2/orders")
      request.body = Array(order.json.utf8)
    case .replace(let order, let quantity, let clientOrderID):
      request = HTTPLoadRequest(method: "PATCH", target: "/v2/orders/\(order)")
      request.body = Array(#"{"qty":"\#(quantity)","client_order_id":"\#(clientOrderID)"}"#.utf8)
    case .cancel(let order):
      request = HTTPLoadRequest(method: "DELETE", target: "/v2/orders/\(order)")
    case .find(let clientOrderID):
      request = HTTPLoadRequest(
        method: "GET", target: "/v2/orders:by_client_order_id?client_order_id=\(clientOrderID)")
    case .read(let target):
      request = HTTPLoadRequest(method: "GET", target: target)
    }
    request.headerLines = headerLines
    request.token = token
    request.connection = connection
    return request
  }
}

extension LimitOrder {
  fileprivate var json: String {
    #"{"symbol":"\#(symbol)","qty":"\#(quantity)","side":"\#(side == .buy ? "buy" : "sell")","type":"limit","#
      + #""time_in_force":"\#(isImmediate ? "ioc" : "day")","limit_price":"\#(price)","#
      + #""client_order_id":"\#(clientOrderID)"}"#
  }
}
