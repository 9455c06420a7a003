internal import Accounting
package import ClientKit
internal import HTTP
internal import JSON
internal import Lifecycle
package import Market
package import Ports
package import Services

/// Brings accounts' events from the ledger to the clients that follow them: the loop around ``TradeUpdateFeed``.
///
/// Wake-ups make it look at once; without any it looks now and then, so Redis decides how soon events come and never whether.
package actor TradeUpdateHub {
  /// What a stream's thread, which may not wait, asks of the feed.
  typealias Request = @Sendable (isolated TradeUpdateHub) -> Void

  private let news: any AccountEventReader
  private let backlog: any AccountEventReader
  private let wakeUps: (any EventWakeUps)?
  private let directory: InstrumentDirectory
  private let meter: (any TradeUpdateHubMeter)?
  private let troubles: PortTroubles
  private let clock: @Sendable () -> MarketClock
  private let now: @Sendable () -> Timestamp
  private let random: @Sendable () -> UInt64
  let settings: TradeUpdateHubSettings
  private var feed = TradeUpdateFeed()
  private var streams: [TradeUpdateFeed.FollowerID: any EventStream] = [:]
  /// WebSockets that have not proved yet whose they are, with the time by which they must.
  private var unauthenticated: [ObjectIdentifier: (socket: TradeSocket, deadline: Timestamp)] = [:]
  /// Streams of all kinds whose clients have proved a key.
  private var keyed: [ObjectIdentifier: any KeyedStream] = [:]
  /// How each of their keys stood at the last look.
  private var keyStates: [String: KeyState] = [:]
  private var isPollingKeys = false
  private var pollsKeysAgain = false
  private let keyLooks = BackgroundQueue<Once>()
  private let requests = BackgroundQueue<[Request]>()
  private var waiters: [TradeUpdateFeed.Track: CheckedContinuation<Void, Never>] = [:]
  private var isStopping = false

  /// Makes a feed; ``run()`` brings it to life.
  /// - Parameters:
  ///   - news: Reads for those who wait for news; a session that nothing else holds up.
  ///   - history: Reads for those who catch up.
  ///   - wake-ups: Tells of news; nil to rely on looking.
  ///   - clock: The market's hours as they are known now.
  ///   - random: Any bits, for pauses after failures.
  package init(
    news: any AccountEventReader, backlog: any AccountEventReader, wakeUps: (any EventWakeUps)?,
    accounts: any AccountReader, configuration: GatewayConfiguration = GatewayConfiguration(),
    settings: TradeUpdateHubSettings = TradeUpdateHubSettings(), meter: (any TradeUpdateHubMeter)? = nil,
    troubles: PortTroubles = PortTroubles { _ in },
    clock: @escaping @Sendable () -> MarketClock = { MarketClock(mode: .open) },
    now: @escaping @Sendable () -> Timestamp, random: @escaping @Sendable () -> UInt64 = { .random(in: 0 ... .max) }
  ) {
    self.news = news
    self.backlog = backlog
    self.wakeUps = wakeUps
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

  /// Serves until the task is canceled.
  package func run() async {
    var loops: [@Sendable () async -> Void] = TradeUpdateFeed.Track.allCases.map { track in { await self.read(track) } }
    loops.append { await self.poll() }
    if let wakeUps { loops.append { await wakeUps.follow { accounts in await self.notified(accounts) } } }
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
    _ account: AccountNumber, from start: TradeUpdateFeed.Start, until: Timestamp?, by stream: any EventStream
  ) -> TradeUpdateFeed.FollowerID? {
    guard settings.streamsPerAccount == 0 || feed.count(of: account) < settings.streamsPerAccount else { return nil }
    let id = feed.follow(account, from: start, until: until)
    streams[id] = stream
    wakeAll()
    return id
  }

  /// A stream is gone.
  package func leave(_ id: TradeUpdateFeed.FollowerID) {
    feed.leave(id)
    streams[id] = nil
  }

  /// A stream has room again.
  package func drained(_ id: TradeUpdateFeed.FollowerID) {
    feed.drained(id)
    wakeAll()
  }

  /// A WebSocket is open and has to prove whose it is.
  func expect(_ socket: TradeSocket) {
    let deadline = now().advanced(by: settings.authenticationLimit)
    unauthenticated[ObjectIdentifier(socket)] = (socket, deadline)
  }

  /// It has, or is gone.
  func settle(_ socket: TradeSocket) { unauthenticated[ObjectIdentifier(socket)] = nil }

  /// A stream is open whose client has proved a key: it ends when the key does.
  package func hold(_ stream: any KeyedStream) { keyed[ObjectIdentifier(stream)] = stream }

  /// It is gone.
  package func release(_ stream: any KeyedStream) { keyed[ObjectIdentifier(stream)] = nil }

  // MARK: Reading

  private func notified(_ accounts: [AccountNumber]) {
    feed.notified(accounts)
    wakeAll()
  }

  private func read(_ track: TradeUpdateFeed.Track) async {
    let reader = track == .news ? news : backlog
    var retry = PortRetry(backoff)
    while !isStopping, !Task.isCancelled {
      let questions = feed.questions(track, limit: settings.accountsAtOnce)
      guard !questions.isEmpty else {
        await withCheckedContinuation { waiters[track] = $0 }
        continue
      }
      do throws(StoreError) {
        let answers = try await reader.events(questions, limit: settings.eventsAtOnce)
        let instruments = try await instruments(of: answers)
        hand(out: feed.answered(answers, in: track, now: now()), instruments)
        retry.succeeded()
        troubles.succeeded(.news)
      } catch {
        feed.failed(track)
        meter?.readingFailed()
        troubles.failed(.news, error)
        try? await Task.sleep(for: retry.failed(now: ContinuousClock().now, random: random()))
      }
    }
  }

  private func instruments(of answers: [EventAnswer]) async throws(StoreError) -> InstrumentTable {
    try await directory.table(now: now()) { table in
      answers.allSatisfy { $0.events.allSatisfy { table[$0.event.instrument] != nil } }
    }
  }

  private func hand(out outcome: TradeUpdateFeed.Outcome, _ instruments: InstrumentTable) {
    // Who has come to the end begins before it gets news; history has no such mark.
    for id in outcome.arrived { streams[id]?.began() }
    for delivery in outcome.deliveries {
      let encoded = delivery.events.compactMap { event in
        instruments[event.event.instrument].flatMap { EncodedEvent(event, $0, clock()) }
      }
      for id in delivery.followers {
        guard let stream = streams[id] else { continue }
        stream.take(encoded)
        if !stream.dropsWhenFull && !stream.hasRoom { feed.filled(id) }
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

  private func poll() async {
    var retry = PortRetry(backoff)
    var pause = settings.pollPeriod
    while !isStopping, !Task.isCancelled {
      try? await Task.sleep(for: pause)
      pause = settings.pollPeriod
      dismissUnauthenticated()
      let hasPolled = await pollForNews()
      let hasEnded = await endRevoked()
      if hasPolled, hasEnded {
        retry.succeeded()
      } else {
        pause += retry.failed(now: ContinuousClock().now, random: random())
      }
    }
  }

  /// - Returns: Whether everybody could be looked after.
  private func pollForNews() async -> Bool {
    defer { wakeAll() }
    for portion in feed.inquiry(now: now()).portions(of: settings.inquiryLimit) {
      let accounts = await troubles.attempt(.news) { () async throws(StoreError) in
        try await backlog.accountsWithNews(portion)
      }
      guard let accounts else { return false }
      feed.notified(accounts)
    }
    return true
  }

  private func dismissUnauthenticated() {
    let now = now()
    for (id, pending) in unauthenticated where pending.deadline < now {
      unauthenticated[id] = nil
      pending.socket.dismiss()
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
    pollsKeysAgain = true
    guard !isPollingKeys else { return true }
    isPollingKeys = true
    defer { isPollingKeys = false }
    var hasPolled = true
    while pollsKeysAgain {
      pollsKeysAgain = false
      hasPolled = await pollKeys()
    }
    return hasPolled
  }

  private func pollKeys() async -> Bool {
    let byKey = Dictionary(grouping: keyed.values, by: \.keyID)
    keyStates = keyStates.filter { byKey[$0.key] != nil }
    for portion in byKey.keys.sorted().portions(of: settings.inquiryLimit) {
      let found = await troubles.attempt(.keys) { () async throws(StoreError) in
        try await backlog.keyStates(of: portion)
      }
      // Looked at again by the next look; nothing is known meanwhile.
      guard let found else { return false }
      for key in portion {
        let before = keyStates.updateValue(found[key] ?? .revoked, forKey: key)
        guard let now = keyStates[key], now == .revoked || now == .blocked && before == .valid else { continue }
        for stream in byKey[key] ?? [] { end(stream) }
      }
    }
    return true
  }

  private func end(_ stream: any KeyedStream) {
    keyed[ObjectIdentifier(stream)] = nil
    for (id, follower) in streams where follower === stream {
      feed.leave(id)
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
