internal import APIKit

extension Endpoint {
  /// WebSockets. The description tells of them in words only.
  static let streams: [Endpoint] = [
    // One client's library appends a slash and follows no redirect.
    Endpoint(.get, "/stream", aliases: ["/stream/"], .later(GatewayService.openTradeSocket)),
    // There is one feed, whatever it is called.
    Endpoint(.get, "/v2/iex", aliases: ["/v2/sip"], .later(GatewayService.openDataStream)),
  ]
}
