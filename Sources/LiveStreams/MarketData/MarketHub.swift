internal import ClientKit
internal import Lifecycle
internal import Market
internal import Ports
internal import Services

/// Brings live market data to the clients of a gateway: follows the shards' streams while somebody wants what is in them,
/// keeps a copy of each book that somebody follows, and tells bars when their minutes are over.
///
/// Nothing here waits for a client: what a client does not read in time is its stream's affair.
actor MarketHub {
  private enum Change {
    case subscribe(any StreamClient, StreamSubscriptions, added: StreamSubscriptions)
    case leave(any StreamClient)
  }

  /// Subscriptions that are not followed yet.
  private struct Arrival {
    var client: any StreamClient
    var all: StreamSubscriptions
    var added: StreamSubscriptions
    /// When they are confirmed even if what they begin with cannot be read.
    var deadline: ContinuousClock.Instant
  }

  /// A copy of a book.
  private struct Copy {
    var depth: MarketDepth?
    /// Clients that have not got the whole yet.
    var waiting: [any StreamClient] = []
    var isBroken = true
  }

  private let sources: MarketSources
  private let directory: InstrumentDirectory
  private let settings: MarketHubSettings
  private let troubles: PortTroubles
  private let clock: @Sendable () -> MarketClock
  private let now: @Sendable () -> Timestamp
  private let inbox = Lock([Change]())
  private let turnsWanted = BackgroundQueue<Once>()
  private let statusLooks = BackgroundQueue<Once>()

  private var table = SubscriptionTable()
  private var positions: [Shard: StreamPosition?] = [:]
  private var copies: [String: Copy] = [:]
  /// The last command of which each symbol's followers have heard.
  private var heard: [String: Sequence] = [:]
  private var schedule: BarSchedule
  /// How often it has looked.
  private(set) var turns = 0
  private var published: [Timestamp: [InstrumentID: Bar]] = [:]
  /// Books of which a copy is kept.
  var followedBooks: Int { copies.count }
  private var board = StatusBoard()
  private var arrivals: [Arrival] = []

  init(
    _ sources: MarketSources, _ directory: InstrumentDirectory, settings: MarketHubSettings = MarketHubSettings(),
    troubles: PortTroubles = PortTroubles { _ in },
    clock: @escaping @Sendable () -> MarketClock = { MarketClock(mode: .open) },
    now: @escaping @Sendable () -> Timestamp
  ) {
    self.sources = sources
    self.directory = directory
    self.settings = settings
    self.troubles = troubles
    self.clock = clock
    self.now = now
    schedule = BarSchedule(settings)
  }

  /// These are all subscriptions of a client from now on.
  nonisolated func subscribe(_ client: any StreamClient, _ all: StreamSubscriptions, added: StreamSubscriptions) {
    change(.subscribe(client, all, added: added))
  }

  /// Those of the symbols that no instrument has; nil when nobody can tell at present. `*` is one of all.
  nonisolated func unknown(among symbols: Set<String>) async -> Set<String>? {
    let named = symbols.subtracting(["*"])
    guard !named.isEmpty else { return [] }
    let table: InstrumentTable
    do {
      table = try await directory.table(now: now()) { table in named.allSatisfy { table.named($0) != nil } }
    } catch {
      return nil
    }
    return named.filter { table.named($0) == nil }
  }

  /// A client is gone.
  nonisolated func leave(_ client: any StreamClient) { change(.leave(client)) }

  private nonisolated func change(_ change: Change) {
    inbox.withLock { $0.append(change) }
    turnsWanted.add(sending: { [self] _ in await run() }) { $0.isDue = true }
  }

  /// Works as long as there are clients.
  private func run() async {
    while true {
      takeChanges()
      await takeArrivals()
      // A change that comes behind this look has it run again.
      if table.isEmpty, arrivals.isEmpty, inbox.withLock({ $0.isEmpty }) { return forget() }
      let pause = await turn()
      try? await Task.sleep(for: pause)
    }
  }

  private func forget() {
    (positions, copies, heard, published, arrivals) = ([:], [:], [:], [:], [])
    schedule = BarSchedule(settings)
    board = StatusBoard()
  }

  private func takeChanges() {
    let changes = inbox.withLock { inbox in
      defer { inbox = [] }
      return inbox
    }
    for change in changes {
      switch change {
      case .subscribe(let client, let all, let added):
        arrivals.append(
          Arrival(client: client, all: all, added: added, deadline: .now + settings.confirmationLimit))
      case .leave(let client):
        arrivals.removeAll { $0.client === client }
        set(nil, of: client)
      }
    }
  }

  /// Begins to follow what was subscribed to: first what it begins with is known, then it is promised.
  private func takeArrivals() async {
    guard !arrivals.isEmpty else { return }
    let isReady = await prepare(arrivals.reduce(into: [:]) { $0.merge($1.added) { $0.union($1) } })
    // Who has left meanwhile is in the inbox; who has come waits for the next turn.
    let taken = arrivals.prefix { isReady || $0.deadline <= .now }
    arrivals.removeFirst(taken.count)
    for arrival in taken {
      set(arrival.all, of: arrival.client)
      arrival.client.confirm(arrival.all)
      for symbol in arrival.added[.depth] ?? [] where arrival.all[.depth]?.contains(symbol) == true {
        copies[symbol, default: Copy()].waiting.append(arrival.client)
      }
    }
  }

  private func set(_ subscriptions: StreamSubscriptions?, of client: any StreamClient) {
    let unfollowed = (table.subscriptions(of: client)[.depth] ?? []).subtracting(subscriptions?[.depth] ?? [])
    table.set(subscriptions, of: client)
    for symbol in unfollowed {
      copies[symbol]?.waiting.removeAll { $0 === client }
      if !table.names(.depth, symbol) { copies[symbol] = nil }
    }
  }

  /// Finds out where new subscriptions begin: places in the shards' streams, how instruments trade, which minute it is.
  /// - Returns: Whether all of it is known.
  private func prepare(_ added: StreamSubscriptions) async -> Bool {
    func symbols(in channels: StreamChannel...) -> Set<String> {
      channels.reduce(into: []) { $0.formUnion(added[$1] ?? []) }
    }
    if !symbols(in: .bars, .dailyBars, .updatedBars).isEmpty { schedule.begin(now: now()) }
    let streamed = symbols(in: .trades, .quotes, .depth)
    let watched = symbols(in: .statuses, .lulds, .imbalances)
    guard !streamed.isEmpty || !watched.isEmpty else { return true }
    do {
      let instruments = try await directory.table(now: now())
      func named(_ symbols: Set<String>) -> [Instrument] {
        symbols.contains("*") ? instruments.instruments : symbols.compactMap { instruments.named($0) }
      }
      let unplaced = Set(named(streamed).map(\.shard)).filter { positions[$0].flatMap(\.self) == nil }
      if !unplaced.isEmpty, let state = sources.state {
        let ends = try await state.updates(after: Dictionary(uniqueKeysWithValues: unplaced.map { ($0, nil) }))
        for (shard, stretch) in ends { positions[shard] = stretch.position }
      }
      let unseen = board.unseen(Set(named(watched).map(\.id)))
      if !unseen.isEmpty { board.note(try await sources.reader.statuses(of: unseen.sorted())) }
      return true
    } catch {
      return false
    }
  }

  /// One look at everything.
  /// - Returns: How long to rest.
  private func turn() async -> Duration {
    let instruments = await troubles.attempt(.instruments) { () async throws(StoreError) in
      try await directory.table(now: now())
    }
    guard let instruments else { return settings.failurePause }
    defer { turns += 1 }
    var pause = settings.pollPeriod
    if !(await follow(instruments)) { pause = settings.failurePause }
    await copyBooks(instruments)
    await publishBars(instruments)
    if turns % settings.pollsPerStatus == 0 { pollStatuses(instruments) }
    return pause
  }

  // MARK: Streams

  /// Takes what has come. When it cannot, copies are made anew as soon as it can.
  private func follow(_ instruments: InstrumentTable) async -> Bool {
    let symbols = table.symbols(in: .trades, .quotes, .depth)
    let shards = symbols.map { Set($0.compactMap { instruments.named($0)?.shard }) } ?? instruments.shards
    positions = positions.filter { shards.contains($0.key) }
    for shard in shards where positions[shard] == nil { positions[shard] = .some(nil) }
    guard !shards.isEmpty else { return true }
    let stretches: [Shard: MarketStretch]?
    if let state = sources.state {
      stretches = await troubles.attempt(.marketStream) { () async throws(StreamError) in
        try await state.updates(after: positions)
      }
    } else {
      stretches = nil
    }
    guard let stretches else {
      positions = [:]
      for symbol in copies.keys { copies[symbol]!.isBroken = true }
      return sources.state == nil
    }
    for (shard, stretch) in stretches.sorted(by: { $0.key < $1.key }) {
      positions[shard] = stretch.position
      if stretch.isBroken {
        for symbol in copies.keys where instruments.named(symbol)?.shard == shard { copies[symbol]!.isBroken = true }
      }
      for entry in stretch.updates {
        guard let instrument = instruments.named(entry.symbol.description) else { continue }
        publish(entry.update, of: instrument)
      }
    }
    return true
  }

  private func publish(_ update: MarketUpdate, of instrument: Instrument) {
    let symbol = instrument.symbol.description
    let tape = MarketLetters.tape(of: instrument)
    let last = heard[symbol] ?? Sequence(rawValue: -1)
    // What comes twice is told once; a whole book from before starts anew.
    if update.sequence > last {
      table.send(
        update.trades.filter { $0.sequence > last }.map { .trade($0, symbol: symbol, tape: tape) }, .trades, symbol)
      if update.isQuoteNew { table.send([.quote(update.quote, symbol: symbol, tape: tape)], .quotes, symbol) }
    }
    if update.sequence > last || update.previous == nil { heard[symbol] = update.sequence }
    followBook(update, symbol)
  }

  private func followBook(_ update: MarketUpdate, _ symbol: String) {
    guard let copy = copies[symbol], !copy.isBroken, var depth = copy.depth else { return }
    let from = depth.sequence
    switch depth.follow(update) {
    case .known: return
    case .broken: copies[symbol]!.isBroken = true
    case .followed:
      copies[symbol]!.depth = depth
      let element: StreamElement =
        update.previous == nil ? .book(depth, symbol: symbol) : .change(update, from: from, symbol: symbol)
      // Who waits for the whole gets it later, with this change in it.
      table.send([element], .depth, symbol, except: copy.waiting)
    }
  }

  // MARK: Books

  /// Makes copies that are wanted or wrong; everybody who follows them begins anew from there.
  private func copyBooks(_ instruments: InstrumentTable) async {
    let due = copies.filter { $0.value.isBroken || !$0.value.waiting.isEmpty }.sorted { $0.key < $1.key }
    for (symbol, copy) in due.prefix(settings.booksPerTurn) {
      guard let instrument = instruments.named(symbol) else { continue }
      if sources.state != nil, copy.isBroken, positions[instrument.shard] == nil { continue }
      if copy.isBroken {
        guard let depth = await read(instrument) else { continue }
        guard copies[symbol] != nil else { continue }
        copies[symbol]!.depth = depth
        copies[symbol]!.isBroken = false
        copies[symbol]!.waiting = []
        table.send([.book(depth, symbol: symbol)], .depth, symbol)
      } else if let depth = copy.depth {
        copies[symbol]!.waiting = []
        table.send([.book(depth, symbol: symbol)], to: copy.waiting)
      }
    }
  }

  private func read(_ instrument: Instrument) async -> MarketDepth? {
    await sources.depth(of: instrument, troubles)
  }

  // MARK: Bars

  private func publishBars(_ instruments: InstrumentTable) async {
    let symbols = table.symbols(in: .bars, .dailyBars, .updatedBars)
    guard symbols?.isEmpty != true else {
      schedule = BarSchedule(settings)
      return
    }
    let ids = symbols.map { $0.compactMap { instruments.named($0)?.id } }
    for due in schedule.due(now: now()) {
      switch due {
      case .publish(let minute):
        guard let bars = await minuteBars(at: minute, of: ids) else { continue }
        published[minute] = bars
        publish(bars, .minute, .bars, instruments)
        await publishDays(of: bars.keys.sorted(), at: minute, instruments)
      case .review(let minute):
        let before = published.removeValue(forKey: minute) ?? [:]
        guard let bars = await minuteBars(at: minute, of: ids) else { continue }
        publish(bars.filter { before[$0.key] != $0.value }, .updated, .updatedBars, instruments)
      }
    }
  }

  private func minuteBars(at minute: Timestamp, of ids: [InstrumentID]?) async -> [InstrumentID: Bar]? {
    await troubles.attempt(.bars) { () async throws(StoreError) in
      try await sources.reader.minuteBars(at: minute, of: ids)
    }
  }

  private func publishDays(of ids: [InstrumentID], at minute: Timestamp, _ instruments: InstrumentTable) async {
    let followed = ids.filter { id in
      instruments[id].map { table.follows(.dailyBars, $0.symbol.description) } ?? false
    }
    guard !followed.isEmpty else { return }
    let start = BarFrame.day.start(of: minute)
    let span = MarketSpan(start: start, end: start, limit: followed.count)
    let page = await troubles.attempt(.bars) { () async throws(StoreError) in
      try await sources.reader.bars(of: followed, span, frame: .day)
    }
    guard let page else { return }
    let bars = page.parts.compactMap { part in part.rows.first.map { (part.instrument, $0) } }
    publish(Dictionary(bars, uniquingKeysWith: { $1 }), .day, .dailyBars, instruments)
  }

  private func publish(
    _ bars: [InstrumentID: Bar], _ type: StreamElement.StaticText, _ channel: StreamChannel,
    _ instruments: InstrumentTable
  ) {
    for (id, bar) in bars.sorted(by: { $0.key < $1.key }) {
      guard let symbol = instruments[id]?.symbol.description else { continue }
      table.send([.bar(bar, type: type, symbol: symbol)], channel, symbol)
    }
  }

  // MARK: Sessions, halts, bands, auctions

  /// Beside the looks at trades and quotes: answers may take longer than those may wait.
  private func pollStatuses(_ instruments: InstrumentTable) {
    statusLooks.add(sending: { [self] _ in
      await publishStatuses(instruments)
      // Looks that were due meanwhile are made by this one.
      _ = statusLooks.drop()
    }) { $0.isDue = true }
  }

  private func publishStatuses(_ instruments: InstrumentTable) async {
    let symbols = table.symbols(in: .statuses, .lulds, .imbalances)
    guard symbols?.isEmpty != true else {
      board = StatusBoard()
      return
    }
    let ids = symbols.map { $0.compactMap { instruments.named($0)?.id } }
    let statuses = await troubles.attempt(.statuses) { () async throws(StoreError) in
      try await sources.reader.statuses(of: ids)
    }
    guard let statuses else { return }
    let news = board.take(statuses)
    for (id, elements) in news.sorted(by: { $0.key < $1.key }) {
      guard let instrument = instruments[id] else { continue }
      let (symbol, tape) = (instrument.symbol.description, MarketLetters.tape(of: instrument))
      if let status = elements.status {
        table.send([.status(StatusCodes(status), at: status.since, symbol: symbol, tape: tape)], .statuses, symbol)
      }
      if let band = elements.band { table.send([.band(band, symbol: symbol, tape: tape)], .lulds, symbol) }
    }
    await publishAuctions(statuses, instruments)
  }

  private func publishAuctions(_ statuses: [InstrumentID: TradingStatus], _ instruments: InstrumentTable) async {
    let closing = closingCall
    let called = statuses.filter { id, status in
      guard let symbol = instruments[id]?.symbol.description, table.follows(.imbalances, symbol) else { return false }
      switch status.state {
      case .preOpen, .paused: return true
      case .halted: return status.collects
      case .open:
        guard status.phase.point != nil else { return false }
        return closing == .near || closing == .unknown && table.names(.imbalances, symbol)
      case .closed: return false
      }
    }
    // The next auction of who trades in between is another one: it is told from the beginning.
    guard !called.isEmpty else {
      _ = board.take([InstrumentID: MarketCall]())
      return
    }
    let calls = await troubles.attempt(.auctions) { () async throws(StoreError) in
      try await sources.reader.calls(of: called.keys.sorted())
    }
    guard let calls else { return }
    for (id, news) in board.take(calls).sorted(by: { $0.key < $1.key }) {
      guard let instrument = instruments[id] else { continue }
      let symbol = instrument.symbol.description
      table.send(
        [.imbalance(news, symbol: symbol, tape: MarketLetters.tape(of: instrument))], .imbalances, symbol)
    }
  }

  private enum ClosingCall {
    case far
    case near
    /// No clock says. Then it may be near, but whole books are read for those only whom somebody has named.
    case unknown
  }

  private var closingCall: ClosingCall {
    let clock = clock()
    switch clock.mode {
    case .open: return .far
    case .manual: return .unknown
    case .calendar, .simulated:
      let market = clock.marketTime(at: now())
      return clock.state(at: market).nextClose.span(since: market) <= settings.closingCall ? .near : .far
    }
  }
}
