package import APIKit
package import HTTP

/// The streams that clients may open: the trading API hands requests for them on.
package protocol LiveStreamDoors: Sendable {
  /// `GET /stream`: a WebSocket with an account's events, on which the client proves who it is.
  func openTradeSocket(_ request: HTTPRequest) throws(APIError) -> HTTPResponse
  /// `GET /v2/events/trades`: a caller's events as server-sent events.
  func followTradeEvents(_ request: HTTPRequest, _ caller: Caller) throws(APIError) -> HTTPResponse
  /// `GET /v2/iex`: a WebSocket with market data.
  func openDataStream(_ request: HTTPRequest, _ headers: RequestHeaders) async throws(APIError) -> HTTPResponse
  /// A key has ended or changed: streams of keys that are no longer valid end now.
  func keysChanged()
}
