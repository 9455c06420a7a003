internal import HTTP
internal import Lifecycle
internal import Market

/// A client of the data stream and its WebSocket: ``DataStreamSession`` decides, this carries it out.
final class DataStreamConnection: HTTPStreamHandler, StreamClient {
  /// How long a client has to authenticate.
  static let authenticationLimit = Duration.seconds(10)

  /// What came of looking at credentials.
  enum Verdict {
    case account(AccountNumber)
    case wrong
    /// Nobody could tell.
    case unknown
  }

  private struct State {
    var session = DataStreamSession()
    var stream: HTTPStream?
    /// Whose it is, and counted for.
    var account: AccountNumber?
  }

  let format: StreamFormat
  private let hub: MarketHub
  private let census: StreamCensus
  private let known: Verdict?
  private let check: @Sendable (String, String) async -> Verdict
  private let state = Lock(State())

  /// - Parameters:
  ///   - known: What came of the credentials in the request's head; nil when there were none.
  ///   - check: Looks at credentials.
  init(
    format: StreamFormat, hub: MarketHub, census: StreamCensus, known: Verdict?,
    check: @escaping @Sendable (String, String) async -> Verdict
  ) {
    self.format = format
    self.hub = hub
    self.census = census
    self.known = known
    self.check = check
  }

  func opened(_ stream: HTTPStream) {
    state.withLock { state in
      state.stream = stream
      switch known {
      case .account(let account)?:
        let isCrowded = !enter(account, &state)
        carryOut(.opened(isAuthenticated: isCrowded ? nil : true), &state)
        if isCrowded { carryOut(.crowded, &state) }
      case .wrong?: carryOut(.opened(isAuthenticated: false), &state)
      case .unknown?, nil: carryOut(.opened(isAuthenticated: nil), &state)
      }
    }
    Task { [weak self] in
      try? await Task.sleep(for: Self.authenticationLimit)
      self?.handle(.outOfTime)
    }
  }

  func received(_ message: HTTPStreamMessage, from stream: HTTPStream) {
    handle(.said(StreamRequest(message.bytes, format)))
  }

  func drained(_ stream: HTTPStream) {}

  func closed(_ stream: HTTPStream, _ end: HTTPStreamEnd) {
    hub.leave(self)
    state.withLock { state in
      if let account = state.account { census.leave(account) }
      state.account = nil
      state.stream = nil
    }
  }

  func take(_ elements: [StreamElement], _ chunk: HTTPStreamChunk) {
    _ = state.withLock { $0.stream }?.send(chunk)
  }

  private func handle(_ event: DataStreamSession.Event) { state.withLock { carryOut(event, &$0) } }

  /// Under the lock, so that messages go out in the order of what they answer. Nothing here waits.
  private func carryOut(_ event: DataStreamSession.Event, _ state: inout State) {
    for step in state.session.handle(event) {
      switch step {
      case .send(let elements): state.stream?.send(format.message(elements))
      case .authenticate(let key, let secret): Task { await authenticate(key, secret) }
      case .subscribe(let all, let added): hub.subscribe(self, all, added: added)
      case .close: state.stream?.close(.policyViolation)
      }
    }
  }

  private func authenticate(_ key: String, _ secret: String) async {
    let verdict = await check(key, secret)
    state.withLock { state in
      switch verdict {
      case .wrong: carryOut(.authenticated(false), &state)
      case .unknown: carryOut(.authenticated(nil), &state)
      case .account(let account):
        guard state.stream != nil else { return }
        carryOut(enter(account, &state) ? .authenticated(true) : .crowded, &state)
      }
    }
  }

  private func enter(_ account: AccountNumber, _ state: inout State) -> Bool {
    guard census.enter(account) else { return false }
    state.account = account
    return true
  }
}
