package import APIKit
internal import Accounting
package import ClientKit
package import HTTP
internal import Market
internal import Services

extension StreamService {
  /// `GET /stream`: a WebSocket on which the client proves who it is and then gets its account's events from then on.
  package func openTradeSocket(_ request: HTTPRequest) throws(APIError) -> HTTPResponse {
    guard let feed else { throw .noEndpoint }
    return .webSocket(
      request,
      handler: TradeSocket(feed: feed) { [peer = request.peer] keyID, secret in
        await self.verdict(keyID, secret, peer: peer)
      }, isGuest: true)
  }

  private func verdict(_ keyID: String, _ secret: String, peer: String) async -> TradeSocket.Verdict {
    do throws(APIError) {
      return .account(
        try await foundation.authenticator.caller(
          keyID: keyID, secret: secret, peer: peer, now: foundation.now()
        ).account)
    } catch {
      return error.status == 401 ? .wrong : .unknown
    }
  }

  /// `GET /v2/events/trades`: the account's events as server-sent events, from a place that the client names or from now on.
  ///
  /// `since` and `until` are times and inclusive; `since_id` and `Last-Event-ID` name the last event that the client has,
  /// `until_id` the last that it wants.
  package func followTradeEvents(_ request: HTTPRequest, _ caller: Caller) throws(APIError) -> HTTPResponse {
    guard let feed else { throw .noEndpoint }
    let values = QueryValues(request.query)
    let since = try values.time("since").map { $0.advanced(byMicroseconds: -1) }
    // Two names of the same: events are named by ULIDs here.
    let sinceID = try values.word(values.text("since_ulid") == nil ? "since_id" : "since_ulid") { EventID($0)?.at }
    let lastID = request.header("Last-Event-ID").flatMap { EventID($0)?.at }
    let until = try values.time("until")
    let untilID = try values.word(values.text("until_ulid") == nil ? "until_id" : "until_ulid") { EventID($0)?.at }
    // Where several are given, the narrower one counts; a client that reconnects goes on where it was.
    let start = lastID ?? [since, sinceID].compactMap(\.self).max()
    let end = [until, untilID].compactMap(\.self).min()
    return .eventStream(
      handler: EventLineStream(
        caller.account, keyID: caller.keyID, from: start.map { .after($0) } ?? .now, until: end, feed: feed))
  }
}
