internal import ClientKit
internal import HTTP
internal import Lifecycle
internal import Market

/// A client of the data stream and its WebSocket: ``DataStreamSession`` decides, this carries it out.
///
/// What the client says is read on a task of its own, one message after the other: the thread that all streams share only
/// takes it in.
final class DataStreamConnection: HTTPStreamHandler, StreamClient, KeyedStream {
  /// How long a client has to authenticate.
  static let authenticationLimit = Duration.seconds(10)
  /// Messages that wait to be dealt with at most.
  private static let inboxLimit = 64

  /// What came of looking at credentials.
  enum Verdict {
    case caller(Caller)
    case wrong
    /// Nobody could tell.
    case unknown
  }

  private struct State {
    var session = DataStreamSession()
    var stream: HTTPStream?
    /// Whose it is, and counted for.
    var caller: Caller?
    var inbox: [[UInt8]] = []
    var isWorking = false
    /// Before anybody knows whose it is.
    var budget = MessageBudget()
  }

  let format: StreamFormat
  private let hub: MarketHub
  private let census: Census<AccountNumber>
  private let budgets: MessageBudgets
  private let feed: EventFeed?
  private let known: Verdict?
  private let check: @Sendable (String, String) async -> Verdict
  private let state = Lock(State())

  /// - Parameters:
  ///   - feed: Ends the stream when its key ends.
  ///   - known: What came of the credentials in the request's head; nil when there were none.
  ///   - check: Looks at credentials.
  init(
    format: StreamFormat, hub: MarketHub, census: Census<AccountNumber>, budgets: MessageBudgets,
    feed: EventFeed?, known: Verdict?,
    check: @escaping @Sendable (String, String) async -> Verdict
  ) {
    self.format = format
    self.hub = hub
    self.census = census
    self.budgets = budgets
    self.feed = feed
    self.known = known
    self.check = check
  }

  // MARK: The client's side

  func opened(_ stream: HTTPStream) {
    state.withLock { state in
      state.stream = stream
      switch known {
      case .caller(let caller)?:
        let isCrowded = !enter(caller, &state)
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
    let begins = state.withLock { state in
      guard state.inbox.count < Self.inboxLimit else {
        state.inbox = []
        carryOut(.noisy, &state)
        return false
      }
      state.inbox.append(message.bytes)
      defer { state.isWorking = true }
      return !state.isWorking
    }
    if begins { Task { await work() } }
  }

  func drained(_ stream: HTTPStream) {}

  func closed(_ stream: HTTPStream, _ end: HTTPStreamEnd) {
    state.withLock { state in
      if let caller = state.caller { census.leave(caller.account) }
      state.caller = nil
      state.stream = nil
      state.inbox = []
    }
    // Nothing is subscribed to behind this.
    hub.leave(self)
    if let feed { Task { await feed.release(self) } }
  }

  private func work() async {
    while true {
      let next: [UInt8]? = state.withLock { state in
        guard !state.inbox.isEmpty else {
          state.isWorking = false
          return nil
        }
        return state.inbox.removeFirst()
      }
      guard let next else { return }
      // Paid for before it is read.
      guard take({ $0.take(bytes: next.count, now: $1) }) else { return handle(.noisy) }
      let request = StreamRequest(next, format)
      let (symbols, isOpen) = state.withLock { state in
        (request.symbolCount + state.session.subscriptionCount, state.session.isOpen)
      }
      guard take({ $0.take(symbols: symbols, now: $1) }) else { return handle(.noisy) }
      guard isOpen, case .subscribe(let wanted, _) = request else {
        handle(.said(request))
        continue
      }
      let named = wanted.values.reduce(into: Set<String>()) { $0.formUnion($1) }
      if let unknown = await hub.unknown(among: named) {
        handle(.said(request.without(unknown)))
      } else {
        handle(.troubled)
      }
    }
  }

  private func take(_ take: (inout MessageBudget, Int64) -> Bool) -> Bool {
    let now = HostClock.monotonicNanoseconds()
    guard let account = state.withLock({ $0.caller?.account }) else {
      return state.withLock { take(&$0.budget, now) }
    }
    return budgets.take(account, now: now) { take(&$0, now) }
  }

  // MARK: The hub's and the feed's side

  func take(_ elements: [StreamElement], _ chunk: HTTPStreamChunk) {
    _ = state.withLock { $0.stream }?.send(chunk)
  }

  func confirm(_ subscriptions: StreamSubscriptions) { handle(.subscribed(subscriptions)) }

  var keyID: String { state.withLock { $0.caller?.keyID } ?? "" }

  func revoked() {
    state.withLock { $0.stream }?.close(.policyViolation, reason: "the key is no longer valid")
  }

  // MARK: Decisions

  private func handle(_ event: DataStreamSession.Event) { state.withLock { carryOut(event, &$0) } }

  /// Under the lock, so that messages go out in the order of what they answer. Nothing here waits.
  private func carryOut(_ event: DataStreamSession.Event, _ state: inout State) {
    for step in state.session.handle(event) {
      switch step {
      case .send(let elements): state.stream?.send(format.message(elements))
      case .authenticate(let key, let secret): Task { await authenticate(key, secret) }
      case .subscribe(let all, let added): if state.stream != nil { hub.subscribe(self, all, added: added) }
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
      case .caller(let caller):
        guard state.stream != nil else { return }
        carryOut(enter(caller, &state) ? .authenticated(true) : .crowded, &state)
      }
    }
  }

  private func enter(_ caller: Caller, _ state: inout State) -> Bool {
    guard census.enter(caller.account) else { return false }
    state.caller = caller
    state.stream?.admit()
    if let feed {
      Task {
        await feed.hold(self)
        if self.state.withLock({ $0.stream == nil }) { await feed.release(self) }
      }
    }
    return true
  }
}
