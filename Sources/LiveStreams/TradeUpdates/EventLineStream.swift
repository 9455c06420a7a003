internal import HTTP
internal import Lifecycle
internal import Market
internal import Services

/// A client's stream of server-sent events. It is read from the ledger as fast as the client reads it.
final class EventLineStream: HTTPStreamHandler, EventStream {
  private struct State {
    var stream: HTTPStream?
    var isClosed = false
    var follower: TradeUpdateFeed.FollowerID?
  }

  let keyID: String
  private let account: AccountNumber
  private let start: TradeUpdateFeed.Start
  private let until: Timestamp?
  private let feed: TradeUpdateHub
  private let state = Lock(State())

  init(
    _ account: AccountNumber, keyID: String, from start: TradeUpdateFeed.Start, until: Timestamp?, feed: TradeUpdateHub
  ) {
    self.account = account
    self.keyID = keyID
    self.start = start
    self.until = until
    self.feed = feed
  }

  func opened(_ stream: HTTPStream) {
    state.withLock { $0.stream = stream }
    feed.later { [self] feed in
      feed.hold(self)
      guard let follower = feed.follow(account, from: start, until: until, by: self) else { return stream.close() }
      let isGone = state.withLock { state in
        state.follower = follower
        return state.isClosed
      }
      guard isGone else { return }
      feed.leave(follower)
      feed.release(self)
    }
  }

  func received(_ message: HTTPStreamMessage, from stream: HTTPStream) {}

  func drained(_ stream: HTTPStream) {
    guard let follower = state.withLock({ $0.follower }) else { return }
    feed.later { $0.drained(follower) }
  }

  func closed(_ stream: HTTPStream, _ end: HTTPStreamEnd) {
    let follower = state.withLock { state in
      state.isClosed = true
      state.stream = nil
      return state.follower
    }
    feed.later { [self] feed in
      if let follower { feed.leave(follower) }
      feed.release(self)
    }
  }

  var hasRoom: Bool { stream?.hasRoom ?? true }
  var dropsWhenFull: Bool { false }

  private var stream: HTTPStream? { state.withLock { $0.stream } }

  func began() { stream?.send(.comment("caught up")) }

  func take(_ events: [EncodedEvent]) {
    guard let stream else { return }
    for event in events { stream.send(event.line) }
  }

  func finished() { stream?.close() }

  func revoked() { stream?.close() }
}
