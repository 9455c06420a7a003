package import JSON
package import HTTPLoad

/// A gateway as a load sees it: connections, the accounts' keys, and single questions in between.
package struct TradingClient: Sendable {
  /// The connections.
  private let http: HTTPLoadClient
  /// Where batches of completions arrive.
  package let mailbox: CompletionMailbox
  private let headers: [[UInt8]]

  /// How many accounts there are.
  package var accounts: Int { headers.count }

  /// Prepares connections; nothing is sent.
  ///
  /// - Parameters:
  ///   - queueLimit: requests under way at most.
  ///   - timeout: how long an answer may take.
  /// - Throws: when the host is not known or descriptors lack.
  package init(
    _ address: GatewayAddress, keys: [TradingKey], connections: Int, queueLimit: Int = 100_000,
    timeout: Duration = .seconds(30)
  ) throws(TradingClientError) {
    guard let numeric = address.resolved() else { throw .unknownHost(address.host) }
    var configuration = HTTPLoadClientConfiguration(port: address.port)
    configuration.address = numeric
    configuration.host = address.hostHeader
    configuration.connections = connections
    configuration.queueLimit = queueLimit
    configuration.timeout = timeout
    configuration.keepsHeaders = true
    let mailbox = CompletionMailbox()
    do {
      http = try HTTPLoadClient(configuration) { mailbox.put($0) }
    } catch {
      throw .cannotStart("\(error)")
    }
    self.mailbox = mailbox
    headers = keys.map(\.headerLines)
  }

  /// Sends requests without waiting; their completions come to ``mailbox``. No more than the queue's limit may be under way.
  ///
  /// - Parameter connection: the connection that all take; nil for any.
  package func send(_ requests: [TradingRequest], connection: Int? = nil) {
    guard !requests.isEmpty else { return }
    let taken = http.send(
      requests.map { $0.call.httpRequest(token: $0.token, headerLines: headers[$0.account], connection: connection) })
    precondition(taken == requests.count, "more requests are under way than the client holds")
  }

  /// Asks for something as one account, again while the gateway is not available.
  /// - Throws: what it answered instead.
  package func get(
    _ target: String, account: Int, attempts: Int = TradingClient.askLimit
  ) async throws(TradingClientError) -> JSONValue {
    try await ask(HTTPLoadRequest(method: "GET", target: target, headerLines: headers[account]), attempts: attempts)
  }

  /// Asks that all open orders of an account be canceled.
  /// - Throws: what the gateway answered instead.
  package func cancelAll(account: Int) async throws(TradingClientError) {
    let request = HTTPLoadRequest(method: "DELETE", target: "/v2/orders", headerLines: headers[account])
    _ = try await ask(request, attempts: Self.askLimit)
  }

  private func ask(_ request: HTTPLoadRequest, attempts: Int) async throws(TradingClientError) -> JSONValue {
    var attempt = 1
    while true {
      let failure: TradingClientError
      switch await outcome(of: request) {
      case .success(let reply) where reply.status == 200 || reply.status == 207:
        guard let answer = JSONValue.read(reply.body) else { throw .answered(reply.status, "no JSON") }
        return answer
      case .success(let reply):
        failure = .answered(reply.status, JSONValue.read(reply.body)?["message"]?.string ?? "no message")
        guard reply.status == 429 || reply.status >= 500 else { throw failure }
      case .failure(let reason): failure = .unreachable(reason)
      }
      guard attempt < attempts else { throw failure }
      try? await Task.sleep(for: .milliseconds(100 * attempt))
      attempt += 1
    }
  }

  /// Closes the connections; what is under way completes as stopped.
  package func stop() { http.stop() }

  private func outcome(of request: HTTPLoadRequest) async -> Result<HTTPReply, HTTPLoadFailure> {
    do throws(HTTPLoadFailure) { return .success(try await http.answer(to: request)) } catch { return .failure(error) }
  }

  /// How often a question is repeated: for about 20 seconds.
  package static let askLimit = 20
}

/// Why a gateway cannot be used.
package enum TradingClientError: Error, Equatable, CustomStringConvertible {
  /// The URL's host has no address.
  case unknownHost(String)
  /// The client itself cannot run; the text says why.
  case cannotStart(String)
  /// The gateway does not answer.
  case unreachable(HTTPLoadFailure)
  /// It answers with this status and message.
  case answered(Int, String)

  /// The failure in words.
  package var description: String {
    switch self {
    case .unknownHost(let host): "there is no host \(host)"
    case .cannotStart(let reason): reason
    case .unreachable: "no gateway answers there; is it running?"
    case .answered(401, _): "the gateway does not accept the first key (401); do the keys belong to this system?"
    case .answered(let status, let message): "the gateway answers \(status): \(message)"
    }
  }
}
