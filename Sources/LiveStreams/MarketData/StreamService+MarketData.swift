package import APIKit
package import ClientKit
package import HTTP
internal import Market

extension StreamService {
  /// `GET /v2/iex` and `/v2/sip`: there is one feed, whatever it is called.
  package func openDataStream(_ request: HTTPRequest, _ headers: RequestHeaders) async throws(APIError) -> HTTPResponse
  {
    guard let hub else { throw .noEndpoint }
    var known: DataStreamConnection.Verdict?
    if headers.keyID != .absent || headers.authorization != .absent {
      known = await verdict(headers, peer: request.peer)
      if case .unknown? = known { throw .unavailable }
    }
    let connection = DataStreamConnection(
      format: StreamFormat(request), hub: hub, limiter: limiter, budgets: messageBudgets, feed: feed, known: known
    ) { [self, peer = request.peer] key, secret in
      await verdict(RequestHeaders([("APCA-API-KEY-ID", key), ("APCA-API-SECRET-KEY", secret)]), peer: peer)
    }
    var isGuest = true
    if case .caller? = known { isGuest = false }
    return .webSocket(request, handler: connection, isGuest: isGuest)
  }

  private func verdict(_ headers: RequestHeaders, peer: String) async -> DataStreamConnection.Verdict {
    do throws(APIError) {
      return .caller(try await foundation.authenticator.caller(headers, peer: peer, now: foundation.now()))
    } catch {
      return error.status == 401 ? .wrong : .unknown
    }
  }
}
