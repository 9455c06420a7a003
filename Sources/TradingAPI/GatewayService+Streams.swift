internal import APIKit
internal import ClientKit
internal import HTTP

extension GatewayService {
  /// `GET /stream`
  func openTradeSocket(_ request: HTTPRequest, _ headers: RequestHeaders) throws(APIError) -> HTTPResponse {
    guard let streams else { throw .noEndpoint }
    return try streams.openTradeSocket(request)
  }

  /// `GET /v2/events/trades`
  func followTradeEvents(_ request: EndpointRequest) throws(APIError) -> HTTPResponse {
    guard let streams else { throw .noEndpoint }
    return try streams.followTradeEvents(request.http, request.caller)
  }

  /// `GET /v2/iex`
  func openDataStream(
    _ request: HTTPRequest, _ headers: RequestHeaders
  ) async throws(APIError) -> HTTPResponse {
    guard let streams else { throw .noEndpoint }
    return try await streams.openDataStream(request, headers)
  }
}
