internal import Accounting
internal import Lifecycle
internal import LiveStreams
internal import Market
internal import Ports
internal import Services

/// What a client sees of its account's stream of events, held against what is committed.
///
/// It may begin at the account's first event and go on behind its last one whenever the connection breaks (server-sent
/// events), or begin anew with each connection (WebSockets). Either way it sees its own account's events, every one of them
/// from where it began, once and in order.
final class StreamClient: Sendable {
  private struct State {
    var connection: StreamConnection?
    /// The last event that it has.
    var cursor: Timestamp?
    /// Where its account's events ended when this connection began, while it has seen none.
    var floor: Timestamp?
    var count = 0
    var faults: [String] = []
    /// Times of events that a restored backup did not have.
    var gone: Set<Timestamp> = []
  }

  let account: AccountNumber
  let resumes: Bool
  private let database: MemoryDatabase
  private let state: Lock<State>

  init(of account: AccountNumber, resumes: Bool, database: MemoryDatabase) {
    self.account = account
    self.resumes = resumes
    self.database = database
    state = Lock(State(cursor: resumes ? Timestamp(rawValue: 0) : nil))
  }

  /// What was wrong so far.
  var faults: [String] { state.withLock { $0.faults } }
  /// How many events it has seen.
  var count: Int { state.withLock { $0.count } }

  /// A new connection takes the place of the one before.
  /// - Returns: The last event that the client has; nil to begin with what comes.
  func connected(_ connection: StreamConnection) -> Timestamp? {
    state.withLock { state in
      state.connection = connection
      guard !resumes else { return state.cursor }
      (state.cursor, state.floor) = (nil, nil)
      return nil
    }
  }

  func began(_ connection: StreamConnection) {
    let end = database.state.stories[account]?.last?.at ?? Timestamp(rawValue: 0)
    state.withLock { state in
      if state.connection === connection, state.cursor == nil, state.floor == nil { state.floor = end }
    }
  }

  func took(_ events: [EncodedEvent], by connection: StreamConnection) {
    let content = database.state
    state.withLock { state in
      guard state.connection === connection else { return }
      for event in events { look(event.id, content, &state) }
    }
  }

  private func look(_ id: EventID, _ content: DatabaseState, _ state: inout State) {
    state.count += 1
    func complain(_ what: String) { state.faults.append("a stream of account \(account) \(what): \(id.at)") }
    guard id.account == account else { return complain("has an event of account \(id.account)") }
    if let cursor = state.cursor, id.at <= cursor { return complain("has an event twice or out of order") }
    guard !state.gone.contains(id.at) else {
      state.cursor = id.at
      return
    }
    let place = content.place(after: id.at.advanced(byMicroseconds: -1), in: account)
    if content.stories[account]?.indices.contains(place) != true || content.stories[account]![place].at != id.at {
      return complain("has an event that is not there")
    }
    // Who begins now may be told of a little more than what was missing.
    if let next = next(behind: state.cursor ?? state.floor, content), state.cursor == nil ? next < id.at : next != id.at
    {
      complain("misses the event of \(next) before")
    }
    state.cursor = id.at
  }

  /// The first event behind a time that says something to clients.
  private func next(behind time: Timestamp?, _ content: DatabaseState) -> Timestamp? {
    guard let time, let story = content.stories[account] else { return nil }
    return story[content.place(after: time, in: account)...].first { instructed in
      instructed.event.kind != .cancelRejected || content.account(instructed)?.saysNothing == false
    }?.at
  }

  /// A backup has been restored that has other events.
  func restored(before: DatabaseState, after: DatabaseState) {
    let kept = Set((after.stories[account] ?? []).map(\.at))
    let gone = (before.stories[account] ?? []).map(\.at).filter { !kept.contains($0) }
    state.withLock { $0.gone.formUnion(gone) }
  }

  /// Whether it has everything that there is.
  func isCaughtUp(_ content: DatabaseState) -> Bool {
    let (connection, place) = state.withLock { ($0.connection, $0.cursor ?? $0.floor) }
    guard let connection, connection.isOpen, let place else { return false }
    return next(behind: place, content) == nil
  }
}

/// A client's connection to a gateway: now and then its client reads slowly, so that it takes nothing for a while.
final class StreamConnection: EventStream {
  /// Events that find room.
  private static let room = 4

  private struct State {
    var follower: UInt64?
    var waiting = 0
    var isClosed = false
  }

  let client: StreamClient
  let keyID: String
  private let gateway: SimulatedProcess
  private let feed: TradeUpdateHub
  private let isSlow: @Sendable () -> Duration?
  private let state = Lock(State())

  init(
    _ client: StreamClient, to feed: TradeUpdateHub, of gateway: SimulatedProcess,
    isSlow: @escaping @Sendable () -> Duration?
  ) {
    self.client = client
    self.feed = feed
    self.gateway = gateway
    self.isSlow = isSlow
    keyID = "key-\(client.account)"
  }

  /// Whether the gateway still sends.
  var isOpen: Bool { !gateway.isDead && !state.withLock { $0.isClosed } }

  func open() async {
    let place = client.connected(self)
    await feed.hold(self)
    let follower = await feed.follow(client.account, from: place.map { .after($0) } ?? .now, until: nil, by: self)
    state.withLock { $0.follower = follower }
    if follower == nil { revoked() }
  }

  func close() async {
    let follower = state.withLock { state in
      state.isClosed = true
      return state.follower
    }
    if let follower { await feed.leave(follower) }
    await feed.release(self)
  }

  var hasRoom: Bool { state.withLock { $0.waiting < Self.room } }
  /// Followers of WebSockets are closed when they do not keep up, which these do.
  var dropsWhenFull: Bool { !client.resumes }

  func began() { if isOpen { client.began(self) } }

  func take(_ events: [EncodedEvent]) {
    guard isOpen else { return }
    client.took(events, by: self)
    guard !dropsWhenFull, let pause = isSlow() else { return }
    let isFull = state.withLock { state in
      let had = state.waiting
      state.waiting += Self.room
      return had == 0
    }
    guard isFull else { return }
    Task {
      try? await Task.sleep(for: pause)
      state.withLock { $0.waiting = 0 }
      if let follower = state.withLock({ $0.follower }) { await feed.drained(follower) }
    }
  }

  func finished() { revoked() }
  func revoked() { state.withLock { $0.isClosed = true } }
}
