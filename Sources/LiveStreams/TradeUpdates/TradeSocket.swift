internal import HTTP
internal import Lifecycle
internal import Market
internal import Services

/// A client's WebSocket of trade updates. Its messages are dealt with one after the other.
final class TradeSocket: HTTPStreamHandler, EventStream {
  /// Messages that wait to be dealt with at most.
  private static let inboxLimit = 16

  /// Whose the client is.
  enum Verdict: Hashable, Sendable {
    /// This account's.
    case account(AccountNumber)
    /// Nobody's: the key or its secret is wrong.
    case wrong
    /// Nobody can tell at present.
    case unknown
  }

  private struct State {
    var stream: HTTPStream?
    var script = TradeSocketProtocol()
    var isClosed = false
    var credentials: (keyID: String, account: AccountNumber)?
    var follower: TradeUpdateFeed.FollowerID?
  }

  private let feed: TradeUpdateHub
  private let authenticate: @Sendable (_ keyID: String, _ secret: String) async -> Verdict
  private let state = Lock(State())
  private let inbox = BackgroundQueue<OneByOne<[UInt8]>>()

  init(
    feed: TradeUpdateHub, authenticate: @escaping @Sendable (_ keyID: String, _ secret: String) async -> Verdict
  ) {
    self.feed = feed
    self.authenticate = authenticate
  }

  // MARK: The client's side

  func opened(_ stream: HTTPStream) {
    state.withLock { $0.stream = stream }
    feed.later { [self] in $0.expect(self) }
  }

  func received(_ message: HTTPStreamMessage, from stream: HTTPStream) {
    let isTaken = inbox.add(sending: { [self] in await deal(with: $0.first, stream) }) { waiting in
      guard waiting.count < Self.inboxLimit else { return false }
      waiting.append(message.bytes)
      return true
    }
    if !isTaken { stream.close(.policyViolation, reason: "too many messages") }
  }

  func drained(_ stream: HTTPStream) {}

  func closed(_ stream: HTTPStream, _ end: HTTPStreamEnd) {
    let follower = state.withLock { state in
      state.isClosed = true
      state.stream = nil
      return state.follower
    }
    _ = inbox.drop()
    feed.later { [self] feed in
      feed.settle(self)
      feed.release(self)
      if let follower { feed.leave(follower) }
    }
  }

  private func deal(with message: [UInt8]?, _ stream: HTTPStream) async {
    guard let message else { return }
    switch state.withLock({ $0.script.receive(message) }) {
    case .authenticate(let keyID, let secret): await authenticate(keyID, secret, stream)
    case .listen: await listen(stream)
    case .stop: await stop(stream)
    case .answer(let chunk): stream.send(chunk)
    case .ignore: break
    }
  }

  private func authenticate(_ keyID: String, _ secret: String, _ stream: HTTPStream) async {
    let verdict = await authenticate(keyID, secret)
    await feed.settle(self)
    switch verdict {
    case .account(let account):
      let answer = state.withLock { state in
        state.credentials = (keyID, account)
        return state.script.authenticated(true)
      }
      stream.send(answer)
      stream.admit()
      await feed.hold(self)
      if state.withLock({ $0.isClosed }) { await feed.release(self) }
    case .wrong:
      stream.send(state.withLock { $0.script.authenticated(false) })
      stream.close(.policyViolation, reason: "unauthorized")
    // A client that is told that its key is wrong may give up for good; this one is to come again.
    case .unknown: stream.close(.tryAgainLater, reason: "keys cannot be looked up at present")
    }
  }

  private func listen(_ stream: HTTPStream) async {
    let (account, isFollowing) = state.withLock { ($0.credentials?.account, $0.follower != nil) }
    guard let account else { return }
    guard !isFollowing else {
      stream.send(TradeSocketProtocol.listening(true))
      return
    }
    guard let follower = await feed.follow(account, from: .now, until: nil, by: self) else {
      return stream.close(.policyViolation, reason: "the account has too many streams")
    }
    let isGone = state.withLock { state in
      if !state.isClosed { state.follower = follower }
      return state.isClosed
    }
    if isGone { await feed.leave(follower) }
  }

  private func stop(_ stream: HTTPStream) async {
    let follower = state.withLock { state in
      defer { state.follower = nil }
      return state.follower
    }
    if let follower { await feed.leave(follower) }
    stream.send(TradeSocketProtocol.listening(false))
  }

  // MARK: The feed's side

  var keyID: String { state.withLock { $0.credentials?.keyID ?? "" } }
  var hasRoom: Bool { true }
  var dropsWhenFull: Bool { true }

  private var stream: HTTPStream? { state.withLock { $0.stream } }

  func began() { stream?.send(TradeSocketProtocol.listening(true)) }

  func take(_ events: [EncodedEvent]) {
    guard let stream else { return }
    for event in events { stream.send(event.message) }
  }

  func finished() {}

  func revoked() { stream?.close(.policyViolation, reason: "the key is no longer valid") }

  /// It has not proved in time whose it is, as far as the feed knows.
  func dismiss() {
    // The feed may have heard of the proof before it heard that one was due: two tasks told it.
    let isUnauthenticated = state.withLock { $0.credentials == nil }
    if isUnauthenticated { stream?.close(.policyViolation, reason: "no authentication in time") }
  }
}
