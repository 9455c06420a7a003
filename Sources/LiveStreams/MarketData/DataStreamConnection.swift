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
    /// Whether nothing that it says is heard any more.
    var isDeaf = false
    /// Ends it when it does not authenticate in time.
    var alarm: Alarm?
    /// Before anybody knows whose it is.
    var budget = MessageBudget()
  }

  let format: StreamFormat
  private let hub: MarketHub
  private let limiter: ConcurrencyLimiter<AccountNumber>
  private let budgets: MessageBudgets
  private let feed: TradeUpdateHub?
  private let known: Verdict?
  private let check: @Sendable (String, String) async -> Verdict
  private let state = Lock(State())
  private let inbox = BackgroundQueue<OneByOne<[UInt8]>>()
  private let credentials = BackgroundQueue<OneByOne<(key: String, secret: String)>>()

  /// - Parameters:
  ///   - feed: Ends the stream when its key ends.
  ///   - known: What came of the credentials in the request's head; nil when there were none.
  ///   - check: Looks at credentials.
  init(
    format: StreamFormat, hub: MarketHub, limiter: ConcurrencyLimiter<AccountNumber>, budgets: MessageBudgets,
    feed: TradeUpdateHub?, known: Verdict?,
    check: @escaping @Sendable (String, String) async -> Verdict
  ) {
    self.format = format
    self.hub = hub
    self.limiter = limiter
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
    let alarm = Alarm(after: Self.authenticationLimit) { [weak self] in self?.handle(.outOfTime) }
    state.withLock { state in
      if state.stream != nil { state.alarm = alarm }
    }
  }

  func received(_ message: HTTPStreamMessage, from stream: HTTPStream) {
    let isTaken = inbox.add(sending: { [self] in await deal(with: $0.first) }) { waiting in
      guard waiting.count < Self.inboxLimit else {
        waiting = OneByOne()
        return false
      }
      waiting.append(message.bytes)
      return true
    }
    if !isTaken { handle(.noisy) }
  }

  func drained(_ stream: HTTPStream) {}

  func closed(_ stream: HTTPStream, _ end: HTTPStreamEnd) {
    state.withLock { state in
      if let caller = state.caller { limiter.leave(caller.account) }
      state.caller = nil
      state.stream = nil
      state.alarm = nil
    }
    _ = inbox.drop()
    // Nothing is subscribed to behind this.
    hub.leave(self)
    feed?.later { [self] in $0.release(self) }
  }

  private func deal(with message: [UInt8]?) async {
    guard let message, !state.withLock({ $0.isDeaf }) else { return }
    // Paid for before it is read.
    guard take({ $0.take(bytes: message.count, now: $1) }) else { return turnDeaf() }
    let request = StreamRequest(message, format)
    let (symbols, isOpen) = state.withLock { state in
      (request.symbolCount + state.session.subscriptionCount, state.session.isOpen)
    }
    guard take({ $0.take(symbols: symbols, now: $1) }) else { return turnDeaf() }
    guard isOpen, case .subscribe(let wanted, _) = request else { return handle(.said(request)) }
    let named = wanted.values.reduce(into: Set<String>()) { $0.formUnion($1) }
    if let unknown = await hub.unknown(among: named) {
      handle(.said(request.without(unknown)))
    } else {
      handle(.troubled)
    }
  }

  /// It says more than it may: it is told so once, and what it says after that is let go of.
  private func turnDeaf() {
    state.withLock { $0.isDeaf = true }
    handle(.noisy)
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
      case .authenticate(let key, let secret):
        // Beside what else it says: that is answered meanwhile.
        credentials.add(sending: { [self] in
          if let given = $0.first { await authenticate(given.key, given.secret) }
        }) { $0.append((key, secret)) }
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
    guard limiter.enter(caller.account) else { return false }
    state.caller = caller
    state.stream?.admit()
    feed?.later { [self] feed in
      feed.hold(self)
      if self.state.withLock({ $0.stream == nil }) { feed.release(self) }
    }
    return true
  }
}
