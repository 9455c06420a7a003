internal import APIKit
package import ClientKit
internal import Digest
package import HTTP
internal import JSON
internal import Lifecycle
internal import Market
package import Ports
internal import Services

/// The Trading API: answers requests by handing orders in at acceptance and reading accounts.
///
/// It keeps no state that matters: any number of gateways give the same answers. What it shows is read from what is
/// committed, so a client reads what it has written.
package final class GatewayService: Sendable {
  private let foundation: ClientFoundation
  /// Places, replaces and cancels orders, and closes positions.
  let entry: OrderEntryService
  let reader: any AccountReader
  let accountStore: any AccountStore
  let market: MarketSources?
  /// Opens live streams; nil when there are none.
  let streams: (any LiveStreamDoors)?
  private let requestLimiter: ConcurrencyLimiter<AccountNumber>
  let now: @Sendable () -> Timestamp
  let random: @Sendable () -> UInt64
  let directory: InstrumentDirectory
  let assetsBody = AssetsBody()
  /// What accounts are and were worth.
  let portfolios: PortfolioService
  let troubles: PortTroubles
  private let limiter: KeyRateLimiter
  private let readiness: CoalescingCache<Bool, Bool>
  /// Why nothing is served at present; nil as a rule.
  private let closed = Lock<String?>(nil)
  /// Why it should not be sent requests at present, though it answers them; nil as a rule.
  private let doubt = Lock<String?>(nil)

  /// Makes a gateway.
  /// - Parameters:
  ///   - foundation: What it shares with the live streams.
  ///   - desk: Takes orders, cancels and replacements.
  ///   - keeper: The accounts' past, choices and lists.
  ///   - market: Where market data comes from; without, there is none.
  ///   - streams: Opens live streams; nil to serve none.
  ///   - random: 64 unpredictable bits.
  package init(
    _ foundation: ClientFoundation, acceptor: any OrderAcceptor, accountStore: any AccountStore,
    market: MarketSources? = nil,
    streams: (any LiveStreamDoors)? = nil, random: @escaping @Sendable () -> UInt64
  ) {
    self.foundation = foundation
    self.accountStore = accountStore
    self.market = market
    self.streams = streams
    self.random = random
    reader = foundation.reader
    directory = foundation.directory
    troubles = foundation.troubles
    now = foundation.now
    let configuration = foundation.configuration
    entry = OrderEntryService(
      acceptor: acceptor, reader: reader, catalog: directory, settings: configuration.entry, troubles: troubles,
      rules: { [clock = foundation.clock] in
        var rules = configuration.rules
        rules.hasAuctions = clock().mode != .open
        return rules
      }, keys: .sha256, now: now, random: random)
    requestLimiter = ConcurrencyLimiter(limit: configuration.requestsInFlightPerKey)
    portfolios = PortfolioService(history: accountStore)
    limiter = KeyRateLimiter(requestsPerMinute: configuration.requestsPerMinute)
    readiness = CoalescingCache(
      .init(lifetime: configuration.readinessLifetime, absentLifetime: 0, grace: 0, capacity: 1))
  }

  /// The market's hours as they are known now.
  var clock: MarketClock { foundation.clock() }

  private var configuration: GatewayConfiguration { foundation.configuration }
  private var authenticator: Authenticator { foundation.authenticator }

  /// Answers everything with 503 until ``open()``: what it needs is not there yet.
  /// - Parameter reason: Says so, and what to do.
  package func close(because reason: String) { closed.withLock { $0 = reason } }

  /// Says that it is not ready, though it goes on answering who asks; nil takes that back.
  package func doubt(because reason: String?) { doubt.withLock { $0 = reason } }

  /// Serves again.
  package func open() { closed.withLock { $0 = nil } }

  /// Why it is not ready; nil when it is.
  package func whyNotReady() async -> String? {
    if let reason = closed.withLock({ $0 }) { return reason }
    if let reason = doubt.withLock({ $0 }) { return reason }
    let isReachable = await troubles.attempt(.readiness) { () async throws(StoreError) in
      try await readiness.value(for: true, now: now()) { () async throws(StoreError) in
        _ = try await reader.lags()
        return true
      }
    }
    return isReachable == true ? nil : "database unreachable"
  }

  /// Looks a key up again before it is honoured: it may have been revoked or changed.
  package func forgetKey(_ keyID: String) {
    authenticator.forget(keyID)
    streams?.keysChanged()
  }

  /// Looks every key up again: changes may have been missed.
  package func forgetAllKeys() {
    authenticator.forgetAll()
    streams?.keysChanged()
  }

  /// Answers one request.
  package func handle(_ request: HTTPRequest) async -> HTTPResponse {
    let headers = RequestHeaders(request.headers)
    var response: HTTPResponse
    do throws(APIError) {
      response = try await answer(request, headers)
    } catch {
      response = error.response
    }
    if !response.dropsConnection { response.headers.append(("X-Request-ID", requestID(headers))) }
    return response
  }

  private func answer(_ request: HTTPRequest, _ headers: RequestHeaders) async throws(APIError) -> HTTPResponse {
    guard let match = Endpoint.tree.match(request.rawPath) else { throw .noEndpoint }
    guard request.body.count <= configuration.maximumBodyBytes else { throw .bodyTooLarge }
    if let reason = closed.withLock({ $0 }), !match.site.isServedClosed { throw .notReady(reason) }
    let endpoint = try match.site.endpoint(Method(request))
    let handler: Endpoint.Handler
    switch endpoint.access {
    case .open(let handler), .later(let handler): return try await handler(self)(request, headers)
    case .anyKey(let kept), .tradingKey(let kept): handler = kept
    }
    let caller = try await authenticator.caller(headers, peer: request.peer, now: now())
    guard requestLimiter.enter(caller.account) else {
      throw .busy(retryAfter: .seconds(1), reason: "requests_in_flight")
    }
    defer { requestLimiter.leave(caller.account) }
    let asked = EndpointRequest(request, headers, caller, endpoint, values: match.values)
    guard let verdict = limiter.admit(caller.keyID, own: caller.requestsPerMinute, now: now()) else {
      return try await permit(asked, handler)
    }
    return try await limited(verdict) { () async throws(APIError) in try await permit(asked, handler) }
  }

  /// Judges a request by its head, before a body of more than a few kilobytes is read: whoever may not send one sends none.
  /// - Parameter length: The announced length of the body; nil when nobody knows.
  package func judgeBody(of request: HTTPRequest, length: Int?) async -> HTTPBodyVerdict {
    let headers = RequestHeaders(request.headers)
    do throws(APIError) {
      guard let match = Endpoint.tree.match(request.rawPath) else { throw .noEndpoint }
      if let reason = closed.withLock({ $0 }) { throw .notReady(reason) }
      guard !match.site.isOpen else { throw .bodyTooLarge }
      let endpoint = try match.site.endpoint(Method(request))
      let caller = try await authenticator.caller(headers, peer: request.peer, now: now())
      guard endpoint.permits(caller.role) else { throw .readOnlyKey }
      guard length ?? 0 <= configuration.maximumBodyBytes else { throw .bodyTooLarge }
      return .take(limit: configuration.maximumBodyBytes)
    } catch {
      var response = error.response
      response.headers.append(("X-Request-ID", requestID(headers)))
      return .refuse(response)
    }
  }

  /// Performs what the key may do. A key that was looked up before one of the account's keys changed is looked up again,
  /// once: what was refused for that has stored nothing.
  private func permit(
    _ request: EndpointRequest, _ handler: Endpoint.Handler
  ) async throws(APIError) -> HTTPResponse {
    guard request.isPermitted else { throw .readOnlyKey }
    do throws(APIError) {
      return try await handler(self)(request)
    } catch {
      guard error.reason == APIError.staleCredential.reason else { throw error }
      authenticator.forget(request.caller.keyID)
      var again = request
      again.caller = try await authenticator.caller(request.headers, peer: request.http.peer, now: now())
      guard again.isPermitted else { throw .readOnlyKey }
      return try await handler(self)(again)
    }
  }

  /// Adds what a client may know about its bucket.
  private func limited(
    _ verdict: KeyRateLimiter.Verdict, _ body: () async throws(APIError) -> HTTPResponse
  ) async throws(APIError) -> HTTPResponse {
    var response: HTTPResponse
    do throws(APIError) {
      guard verdict.isAllowed else {
        throw .busy(retryAfter: verdict.retryAfter, reason: "rate_limit")
      }
      response = try await body()
    } catch {
      response = error.response
    }
    response.headers += [
      ("X-RateLimit-Limit", String(verdict.limit)), ("X-RateLimit-Remaining", String(verdict.remaining)),
      ("X-RateLimit-Reset", String((verdict.fullAt.rawValue + 999_999) / 1_000_000)),
    ]
    return response
  }

  /// The client's name for its request if it is harmless, or a fresh one.
  private func requestID(_ headers: RequestHeaders) -> String {
    if case .once(let given) = headers.requestID, (1...128).contains(given.utf8.count),
      given.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
    {
      return given
    }
    return UniqueID.random(high: random(), low: random()).description
  }
}
