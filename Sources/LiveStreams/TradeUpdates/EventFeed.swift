internal import Accounting
package import ClientKit
internal import HTTP
internal import JSON
internal import Lifecycle
package import Market
package import Ports
package import Services

/// Brings accounts' events from the ledger to the clients that follow them: the loop around ``EventHub``.
///
/// Nudges make it look at once; without any it looks now and then, so Redis decides how soon events come and never whether.
package actor EventFeed {
  /// What a stream's thread, which may not wait, asks of the feed.
  typealias Request = @Sendable (isolated EventFeed) -> Void

  private let news: any AccountEventReader
  private let history: any AccountEventReader
  private let nudges: (any EventNudges)?
  private let directory: InstrumentDirectory
  private let meter: (any EventFeedMeter)?
  private let troubles: PortTroubles
  private let clock: @Sendable () -> MarketClock
  private let now: @Sendable () -> Timestamp
  private let random: @Sendable () -> UInt64
  let settings: EventFeedSettings
  private var hub = EventHub()
  private var streams: [EventHub.FollowerID: any EventStream] = [:]
  /// WebSockets that have not proved yet whose they are, with the time by which they must.
  private var strangers: [ObjectIdentifier: (socket: TradeSocket, deadline: Timestamp)] = [:]
  /// Streams of all kinds whose clients have proved a key.
  private var keyed: [ObjectIdentifier: any KeyedStream] = [:]
  /// How each of their keys stood at the last look.
  private var standings: [String: KeyStanding] = [:]
  private var looksAtKeys = false
  private var looksAtKeysAgain = false
  private let keyLooks = BackgroundQueue<Once>()
  private let requests = BackgroundQueue<[Request]>()
  private var waiters: [EventHub.Lane: CheckedContinuation<Void, Never>] = [:]
  private var isStopping = false

  /// Makes a feed; ``run()`` brings it to life.
  /// - Parameters:
  ///   - news: Reads for those who wait for news; a session that nothing else holds up.
  ///   - history: Reads for those who catch up.
  ///   - nudges: Tells of news; nil to rely on looking.
  ///   - clock: The market's hours as they are known now.
  ///   - random: Any bits, for pauses after failures.
  package init(
    news: any AccountEventReader, history: any AccountEventReader, nudges: (any EventNudges)?,
    accounts: any AccountReader, configuration: GatewayConfiguration = GatewayConfiguration(),
    settings: EventFeedSettings = EventFeedSettings(), meter: (any EventFeedMeter)? = nil,
    troubles: PortTroubles = PortTroubles { _ in },
    clock: @escaping @Sendable () -> MarketClock = { MarketClock(mode: .open) },
    now: @escaping @Sendable () -> Timestamp, random: @escaping @Sendable () -> UInt64 = { .random(in: 0 ... .max) }
  ) {
    self.news = news
    self.history = history
    self.nudges = nudges
    self.settings = settings
    self.meter = meter
    self.troubles = troubles
    self.clock = clock
    self.now = now
    self.random = random
    directory = InstrumentDirectory(
      reader: accounts, instrumentLifetime: configuration.instrumentLifetime,
      priceLifetime: configuration.priceLifetime)
  }

  /// Serves until the task is cancelled.
  package func run() async {
    var loops: [@Sendable () async -> Void] = EventHub.Lane.allCases.map { lane in { await self.read(lane) } }
    loops.append { await self.look() }
    if let nudges { loops.append { await nudges.follow { accounts in await self.nudged(accounts) } } }
    await withTaskCancellationHandler {
      await LoopGroup.run(loops)
    } onCancel: {
      later { $0.stop() }
    }
  }

  /// Has something done soon, in the order in which it is asked for: for those who may not wait.
  nonisolated func later(_ request: @escaping Request) {
    requests.add(sending: { [self] in await carryOut($0) }) { $0.append(request) }
  }

  private func carryOut(_ requests: [Request]) {
    for request in requests { request(self) }
  }

  // MARK: Followers

  /// Begins to send an account's events to a stream; nil when the account has too many.
  package func follow(
    _ account: AccountNumber, from start: EventHub.Start, until: Timestamp?, by stream: any EventStream
  ) -> EventHub.FollowerID? {
    guard settings.streamsPerAccount == 0 || hub.count(of: account) < settings.streamsPerAccount else { return nil }
    let id = hub.follow(account, from: start, until: until)
    streams[id] = stream
    wakeAll()
    return id
  }

  /// A stream is gone.
  package func leave(_ id: EventHub.FollowerID) {
    hub.leave(id)
    streams[id] = nil
  }

  /// A stream has room again.
  package func drained(_ id: EventHub.FollowerID) {
    hub.drained(id)
    wakeAll()
  }

  /// A WebSocket is open and has to prove whose it is.
  func expect(_ socket: TradeSocket) {
    let deadline = now().advanced(by: settings.authenticationLimit)
    strangers[ObjectIdentifier(socket)] = (socket, deadline)
  }

  /// It has, or is gone.
  func settle(_ socket: TradeSocket) { strangers[ObjectIdentifier(socket)] = nil }

  /// A stream is open whose client has proved a key: it ends when the key does.
  package func hold(_ stream: any KeyedStream) { keyed[ObjectIdentifier(stream)] = stream }

  /// It is gone.
  package func release(_ stream: any KeyedStream) { keyed[ObjectIdentifier(stream)] = nil }

  // MARK: Reading

  private func nudged(_ accounts: [AccountNumber]) {
    hub.nudged(accounts)
    wakeAll()
  }

  private func read(_ lane: EventHub.Lane) async {
    let reader = lane == .news ? news : history
    var retry = PortRetry(backoff)
    while !isStopping, !Task.isCancelled {
      let questions = hub.questions(lane, limit: settings.accountsAtOnce)
      guard !questions.isEmpty else {
        await withCheckedContinuation { waiters[lane] = $0 }
        continue
      }
      do throws(LedgerError) {
        let answers = try await reader.events(questions, limit: settings.eventsAtOnce)
        let instruments = try await instruments(of: answers)
        hand(out: hub.answered(answers, in: lane, now: now()), instruments)
        retry.succeeded()
        troubles.succeeded(.news)
      } catch {
        hub.failed(lane)
        meter?.readingFailed()
        troubles.failed(.news, error)
        try? await Task.sleep(for: retry.failed(now: ContinuousClock().now, random: random()))
      }
    }
  }

  private func instruments(of answers: [EventAnswer]) async throws(LedgerError) -> InstrumentTable {
    try await directory.table(now: now()) { table in
      answers.allSatisfy { $0.events.allSatisfy { table[$0.event.instrument] != nil } }
    }
  }

  private func hand(out outcome: EventHub.Outcome, _ instruments: InstrumentTable) {
    // Who has come to the end begins before it gets news; history has no such mark.
    for id in outcome.arrived { streams[id]?.began() }
    for delivery in outcome.deliveries {
      let encoded = delivery.events.compactMap { event in
        instruments[event.event.instrument].flatMap { EncodedEvent(event, $0, clock()) }
      }
      for id in delivery.followers {
        guard let stream = streams[id] else { continue }
        stream.take(encoded)
        if !stream.dropsWhenFull && !stream.hasRoom { hub.filled(id) }
      }
      meter?.sent(events: encoded.count * delivery.followers.count)
      guard delivery.isNews else { continue }
      let time = now()
      for event in delivery.events { meter?.delivered(after: time.span(since: event.at)) }
    }
    for id in outcome.finished { streams.removeValue(forKey: id)?.finished() }
    wakeAll()
  }

  // MARK: Looking

  private var backoff: Backoff { Backoff(base: .milliseconds(20), ceiling: settings.retryCeiling) }

  private func look() async {
    var retry = PortRetry(backoff)
    var pause = settings.pollPeriod
    while !isStopping, !Task.isCancelled {
      try? await Task.sleep(for: pause)
      pause = settings.pollPeriod
      dismissStrangers()
      let hasLooked = await lookForNews()
      let hasEnded = await endRevoked()
      if hasLooked, hasEnded {
        retry.succeeded()
      } else {
        pause += retry.failed(now: ContinuousClock().now, random: random())
      }
    }
  }

  /// - Returns: Whether everybody could be looked after.
  private func lookForNews() async -> Bool {
    defer { wakeAll() }
    for portion in hub.inquiry(now: now()).portions(of: settings.inquiryLimit) {
      let accounts = await troubles.attempt(.news) { () async throws(LedgerError) in
        try await history.accountsWithNews(portion)
      }
      guard let accounts else { return false }
      hub.nudged(accounts)
    }
    return true
  }

  private func dismissStrangers() {
    let now = now()
    for (id, stranger) in strangers where stranger.deadline < now {
      strangers[id] = nil
      stranger.socket.dismiss()
    }
  }

  /// Ends the streams of keys that are no longer valid now rather than at the next look.
  nonisolated func keysChanged() {
    keyLooks.add(sending: { [self] _ in _ = await endRevoked() }) { $0.isDue = true }
  }

  /// Ends the streams of keys that are no longer valid, and those that were open when their account was blocked: who
  /// opens one afterwards may look, like by any other question.
  /// - Returns: Whether all keys could be asked about.
  private func endRevoked() async -> Bool {
    // A change that is heard of during a look may have come too late for it.
    looksAtKeysAgain = true
    guard !looksAtKeys else { return true }
    looksAtKeys = true
    defer { looksAtKeys = false }
    var hasLooked = true
    while looksAtKeysAgain {
      looksAtKeysAgain = false
      hasLooked = await lookAtKeys()
    }
    return hasLooked
  }

  private func lookAtKeys() async -> Bool {
    let byKey = Dictionary(grouping: keyed.values, by: \.keyID)
    standings = standings.filter { byKey[$0.key] != nil }
    for portion in byKey.keys.sorted().portions(of: settings.inquiryLimit) {
      let found = await troubles.attempt(.keys) { () async throws(LedgerError) in
        try await history.standings(of: portion)
      }
      // Looked at again by the next look; nothing is known meanwhile.
      guard let found else { return false }
      for key in portion {
        let before = standings.updateValue(found[key] ?? .revoked, forKey: key)
        guard let now = standings[key], now == .revoked || now == .blocked && before == .valid else { continue }
        for stream in byKey[key] ?? [] { end(stream) }
      }
    }
    return true
  }

  private func end(_ stream: any KeyedStream) {
    keyed[ObjectIdentifier(stream)] = nil
    for (id, follower) in streams where follower === stream {
      hub.leave(id)
      streams[id] = nil
    }
    stream.revoked()
  }

  private func wakeAll() {
    for waiter in waiters.values { waiter.resume() }
    waiters = [:]
  }

  private func stop() {
    isStopping = true
    wakeAll()
  }
}

extension EncodedEvent {
  /// Writes an event; nil for one that tells clients nothing.
  fileprivate init?(_ event: AccountEvent, _ instrument: Instrument, _ clock: MarketClock) {
    guard !event.saysNothing else { return nil }
    id = event.id
    var writer = JSONWriter(capacity: 1_400)
    writer.tradeEvent(event, instrument, clock)
    line = .event(writer.bytes, id: event.id.description)
    if event.event.kind.hasOlderWord {
      writer = JSONWriter(capacity: 1_400)
      writer.tradeEvent(event, instrument, clock, words: .oldest)
    }
    message = TradeSocketProtocol.tradeUpdate(writer.bytes)
  }
}

extension Array {
  /// The elements in pieces of at most so many.
  fileprivate func portions(of size: Int) -> [[Element]] {
    stride(from: 0, to: count, by: size).map { Array(self[$0..<Swift.min($0 + size, count)]) }
  }
}
