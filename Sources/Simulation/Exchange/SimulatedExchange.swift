internal import Accounting
internal import Lifecycle
internal import Market
internal import Ports
internal import Services
internal import Sharding

/// How a schedule ended.
package struct SimulationResult: Sendable {
  /// What was wrong; empty when nothing was.
  package var faults: [String] = []
  /// What happened, in order, if it was asked for.
  package var trace: [String] = []
  /// What came about, by name.
  package var marks: [String: Int] = [:]
  /// Requests that were answered.
  package var answered = 0
  /// Jobs that ran.
  package var steps = 0
  /// How long it took by the virtual clock.
  package var span = Duration.zero
  /// A digest of everything that happened.
  package var digest: UInt64 = 0xCBF2_9CE4_8422_2325
}

/// A whole exchange (gateways' acceptors, workers, a leader, the market's clock) over stores in memory, under the load and the
/// faults that a seed draws, until everything is settled.
final class SimulatedExchange: Sendable {
  /// How long everything may take to settle when the faults are over. Long enough for the longest pauses of the product,
  /// which are those of a worker that has set several commands aside one after the other.
  static let patience = Duration.seconds(240)

  struct State {
    var result = SimulationResult()
    var workers: [SimulatedWorker] = []
    var retired: [SimulatedWorker] = []
    var gateways: [SimulatedGateway] = []
    var born = 0
    var isOver = false
    /// Orders that clients were told of.
    var acknowledged: [OrderID: AccountNumber] = [:]
    /// Orders that a restored backup did not have: whoever restores one says so.
    var gone: Set<OrderID> = []
    /// What workers told of shards where nobody dies and no store fails.
    var plannedMoves: [WorkerEvent] = []
    var poisoned: Set<String> = []
    var kills = 0
    var watchers: [Task<Void, Never>] = []
  }

  let swarm: Swarm
  let environment: Environment
  let database: MemoryDatabase
  let redis: MemoryRedis
  private let checks: ExchangeChecks
  let shards: [Shard]
  let instruments: [InstrumentID: Shard]
  let accounts: [AccountNumber]
  let state = Lock(State())
  let clients: [StreamClient]
  private let overseer: SimulatedOperator
  private let isTraced: Bool
  private let began: ContinuousClock.Instant
  let now: @Sendable () -> Timestamp
  /// How far the clock of the host is off that is looked at from.
  let clockSkew: Lock<Duration>
  /// When every schedule begins.
  private static let epoch = Timestamp("2026-01-05T14:30:00Z")!

  init(seed: UInt64, without missing: Guard?, isTraced: Bool) {
    var random = SeededGenerator(seed: seed)
    let swarm = Swarm(&random)
    self.swarm = swarm
    self.isTraced = isTraced
    shards = (0..<Int16(swarm.shards)).map { Shard(rawValue: $0) }
    accounts = (1...4 as ClosedRange<Int64>).map { AccountNumber(rawValue: $0) }
    instruments = Dictionary(
      uniqueKeysWithValues: (0..<swarm.instruments).map {
        (InstrumentID(rawValue: Int32($0) + 1), Shard(rawValue: Int16($0 % swarm.shards)))
      })
    var content = DatabaseState(
      instruments: instruments, accounts: accounts, cash: .dollars(5_000), shares: Quantity(rawValue: 300))
    for account in accounts { content.apiKeys["key-\(account)"] = account }
    for instrument in instruments.keys.sorted() where swarm.tier != nil {
      content.listings[instrument]!.tier = swarm.tier
      content.listings[instrument]!.reference = Price(rawValue: 100_000)
    }
    let (began, epoch) = (ContinuousClock().now, Self.epoch)
    let now: @Sendable () -> Timestamp = {
      let (seconds, attoseconds) = (ContinuousClock().now - began).components
      return epoch.advanced(byMicroseconds: seconds * 1_000_000 + attoseconds / 1_000_000_000_000)
    }
    self.began = began
    self.now = now
    content.clockReading = now
    content.resumptionPart = 2
    let checks = ExchangeChecks(content)
    self.checks = checks
    let database = MemoryDatabase(content, without: missing) { checks.saw($0, $1) }
    self.database = database
    let redis = MemoryRedis(without: missing)
    self.redis = redis
    let environment = Environment(seed: random.next())
    self.environment = environment
    clients = (0..<swarm.followers).map { [accounts] in
      StreamClient(of: accounts[$0 % accounts.count], resumes: !random.oneIn(3), database: database)
    }
    let skew = Lock(Duration.zero)
    clockSkew = skew
    overseer = SimulatedOperator(
      database: database, redis: redis, in: environment, now: now, skew: { skew.withLock { $0 } })
  }

  // MARK: The schedule

  func run() async -> SimulationResult {
    note(
      "\(swarm.workers) workers, \(swarm.gateways) gateways, \(swarm.shards) shards, \(swarm.faults.count) faults on")
    environment.database = swarm.database
    environment.redis = swarm.redis
    for _ in 0..<swarm.gateways { addGateway() }
    for _ in 0..<swarm.workers { addWorker() }
    let watchers =
      clients.map { client in Task { await self.follow(client) } }
      + [Task { await self.overseer.watch { self.found($0) } }]
    state.withLock { $0.watchers = watchers }
    await withTaskGroup(of: Void.self) { group in
      for client in 0..<swarm.clients { group.addTask { await self.trade(client) } }
      group.addTask { await self.makeTrouble() }
    }
    await settle()
    return await end()
  }

  /// The faults are over: everything must be settled within a bound, and nothing may have been lost.
  private func settle() async {
    environment.database = Weather()
    environment.redis = Weather()
    redis.fill(false)
    database.releaseAll()
    database.cure()
    calm()
    state.withLock { $0.workers }.forEach { $0.process.thaw() }
    if !state.withLock({ state in state.workers.contains { !$0.process.isDead } }) { addWorker() }
    note("the faults are over")
    let over = ContinuousClock().now
    let deadline = over + Self.patience
    var nextRetry = ContinuousClock().now
    while !isSettled(since: over) {
      if ContinuousClock().now >= nextRetry {
        retryQuarantined()
        nextRetry = ContinuousClock().now + .seconds(10)
      }
      guard ContinuousClock().now < deadline else {
        let content = database.state
        let stands = shards.map { "\($0): \(content.shards[$0]!.processed) of \(content.shards[$0]!.last)" }
        let hidden = swarm.showsMarket ? instruments.keys.sorted().filter { !showsBook(of: $0, content) } : []
        let waiting =
          hidden.map { book(of: $0, content) }
          + clients.filter { !$0.isCaughtUp(content) }.map { "a stream of \($0.account)" }
        let findings = (overseer.findings(after: over) ?? []).map(\.code.rawValue)
        fault("not settled \(Self.patience) after the faults: \((stands + waiting + findings).joined(separator: ", "))")
        return
      }
      try? await Task.sleep(for: .milliseconds(200))
    }
    mark("settled")
  }

  private func isSettled(since over: ContinuousClock.Instant) -> Bool {
    let content = database.state
    guard content.shards.values.allSatisfy({ $0.processed == $0.last }) else { return false }
    guard content.auctions.values.allSatisfy({ $0.auction == nil }), content.instructed.values.allSatisfy(\.isCleared)
    else {
      return false
    }
    // A pause that is over must end, though the next may begin.
    let late = now().advanced(byMicroseconds: -10_000_000)
    guard content.listings.values.allSatisfy({ $0.pausedUntil.map { $0 > late } ?? true }) else { return false }
    if swarm.showsMarket {
      guard instruments.keys.allSatisfy({ showsBook(of: $0, content) }) else { return false }
    }
    return overseer.findings(after: over)?.isEmpty == true && clients.allSatisfy { $0.isCaughtUp(content) }
  }

  /// Whether everybody is shown an instrument's book as it stands; of one in which nothing stands nothing need be shown.
  private func showsBook(of instrument: InstrumentID, _ content: DatabaseState) -> Bool {
    let (depth, shown) = (content.depth(of: instrument), redis.depth(of: instrument))
    return (shown?.bids ?? []) == depth.bids && (shown?.asks ?? []) == depth.asks
  }

  /// For people: what is shown of a book, and what stands in it.
  private func book(of instrument: InstrumentID, _ content: DatabaseState) -> String {
    func text(_ depth: MarketDepth?) -> String {
      guard let depth else { return "nothing" }
      let levels = [depth.bids, depth.asks].map { $0.map { "\($0.size) at \($0.price)" }.joined(separator: ", ") }
      return "\(depth.sequence): \(levels.joined(separator: " / "))"
    }
    return
      "the book of \(instrument) (\(text(content.depth(of: instrument)))) is shown as \(text(redis.depth(of: instrument)))"
  }

  private func end() async -> SimulationResult {
    state.withLock { $0.isOver = true }
    let (workers, gateways) = state.withLock { ($0.workers + $0.retired, $0.gateways) }
    for worker in workers where worker.process.isDead { worker.process.bury() }
    for worker in workers { worker.service.stop() }
    for worker in workers { await worker.task.value }
    for gateway in gateways { await gateway.stop() }
    overseer.stop()
    for watcher in state.withLock({ $0.watchers }) { await watcher.value }
    let content = database.state
    for fault in checks.faults + checks.finalFaults(content) + lostOrders(content) + wronged(content) + freed()
      + clients.flatMap(\.faults)
    {
      self.fault(fault)
    }
    for (name, rows) in content.shards.sorted(by: { $0.key < $1.key }) {
      note("shard \(name): \(rows.log.count) commands, \(rows.trades.count) trades, epoch \(rows.epoch)")
      if !rows.trades.isEmpty { mark("traded") }
      if rows.epoch > 1 { mark("changed hands") }
      if !rows.quarantined.isEmpty { mark("quarantined") }
    }
    return state.withLock { state in
      state.result.span = ContinuousClock().now - began
      return state.result
    }
  }

  /// Orders whose clients were told of them and that are not there.
  private func lostOrders(_ content: DatabaseState) -> [String] {
    let (acknowledged, gone) = state.withLock { ($0.acknowledged, $0.gone) }
    return acknowledged.sorted { $0.key < $1.key }.filter { !gone.contains($0.key) }.compactMap { id, account in
      content.orders[id]?.account == account ? nil : "order \(id) was acknowledged and is not there"
    }
  }

  /// Shards that nobody held between two owners, though nobody let them go: a planned move hands them from one to the next.
  /// (A claim that its worker gives up when it is told to stop has an epoch, but no owner.)
  private func freed() -> [String] {
    var (owned, released): ([Shard: Set<Epoch>], [Shard: Set<Epoch>]) = ([:], [:])
    let (moves, stopped) = state.withLock { ($0.plannedMoves, Set($0.retired.map(\.id))) }
    for move in moves {
      switch move {
      case .claimed(let shard, let epoch, _, _): owned[shard, default: []].insert(epoch)
      case .released(let shard, let epoch): released[shard, default: []].insert(epoch)
      // Who is told to stop while a shard is on its way to it may let it go.
      case .handedOver(let shard, let epoch, let successor) where stopped.contains(successor):
        released[shard, default: []].insert(epoch)
      default: break
      }
    }
    return moves.compactMap { move in
      guard case .claimed(let shard, let epoch, _, cause: .free) = move else { return nil }
      let last = Epoch(rawValue: epoch.rawValue - 1)
      guard owned[shard]?.contains(last) == true, released[shard]?.contains(last) != true else { return nil }
      return "shard \(shard) was free before epoch \(epoch), though all went by plan"
    }
  }

  /// Commands that were set aside though nothing was wrong with them.
  private func wronged(_ content: DatabaseState) -> [String] {
    let (poisoned, kills) = state.withLock { ($0.poisoned, $0.kills) }
    // Whoever dies of a command leaves a mark against it; many deaths by chance may condemn one that is innocent.
    guard kills < 3 else { return [] }
    return content.shards.sorted { $0.key < $1.key }.flatMap { shard, rows in
      rows.quarantined.keys.sorted().filter { !poisoned.contains("\(shard)-\($0)") }
        .map { "command \(shard)-\($0) was set aside without a fault of its own" }
    }
  }

  // MARK: Processes

  func addWorker() {
    let name = state.withLock { state in
      state.born += 1
      return "worker-\(state.born)"
    }
    let worker = SimulatedWorker(
      name, shards: shards, database: database, redis: redis, in: environment,
      probe: SimulatedProbe { [weak self] in await self?.health(of: $0) ?? .refused }, showsMarket: swarm.showsMarket,
      settings: settings,
      now: now, report: { [weak self] in self?.heard($0, from: name) })
    state.withLock { $0.workers.append(worker) }
  }

  private var settings: ExecutionSettings {
    var settings = ExecutionSettings()
    settings.market = MarketDirector(
      mode: swarm.clockSpeed != nil ? .simulated : swarm.hasDays ? .manual : .open, speed: swarm.clockSpeed ?? 1,
      marketStart: swarm.marketStart)
    // Slower rhythms than a real exchange's: whoever only looks and finds nothing takes most of the time of a schedule.
    settings.readWait = .milliseconds(200)
    settings.silencePeriod = .milliseconds(400)
    settings.pollPeriod = .milliseconds(250)
    settings.marketPeriod = .milliseconds(500)
    settings.handOverPoll = .milliseconds(25)
    settings.housekeepingPeriod = .seconds(20)
    settings.housekeepingRetry = .seconds(2)
    settings.market.limits.auctionPart = 2
    settings.market.limits.expiry.ordersOfPart = 2
    settings.market.limits.expiry.ordersOfShard = 4
    settings.quarantinePause = .seconds(5)
    settings.claimCeiling = .seconds(5)
    settings.drainLimit = .seconds(5)
    return settings
  }

  private func health(of worker: WorkerID) async -> Membership.Answer {
    guard let found = state.withLock({ state in state.workers.first { $0.id == worker } }) else { return .refused }
    if found.process.isDead { return .refused }
    guard found.process.isRunning else { return .unwell }
    return await found.service.isWell() ? .healthy : .unwell
  }

  private func addGateway() {
    state.withLock { state in
      state.gateways.append(
        SimulatedGateway(
          "gateway-\(state.gateways.count + 1)", database: database, redis: redis, in: environment,
          now: now))
    }
  }

  // MARK: Clients

  private func trade(_ client: Int) async {
    var random = environment.draw { SeededGenerator(seed: $0.next()) }
    var requests = RandomRequests(
      accounts: accounts, shards: instruments,
      .init(isConditional: swarm.isConditional, hasDays: swarm.hasDays, step: swarm.tier == nil ? 100 : 1_500),
      client: client)
    for _ in 0..<swarm.requests / swarm.clients {
      let target = database.state.orders.values.sorted { $0.id < $1.id }
        .filter { $0.status.isOpen || random.oneIn(8) }.randomElement(using: &random)
      await submit(requests.next(target: target, &random))
      try? await Task.sleep(for: .milliseconds(Int.random(in: 0...120, using: &random)))
    }
  }

  /// Asks until somebody answers, as clients do who retry with the same keys.
  private func submit(_ request: AcceptanceRequest) async {
    for attempt in 0..<20 {
      let gateways = state.withLock { $0.gateways }
      let reply = await environment.draw { $0.pick(gateways) }.submit(request)
      switch reply {
      case .answered(.accepted(let order)), .answered(.repeated(let order)):
        acknowledge([order] + order.legs)
        if case .answered(.repeated) = reply { mark("repeated") }
        return note("\(request.word) → \(order.id) \(order.status)")
      case .answered(.cancelAccepted): return note("\(request.word) → accepted")
      case .answered(.refused(let reason)):
        mark("refused")
        return note("\(request.word) → refused: \(reason)")
      case .outcomeUnknown:
        mark("outcome unknown")
      // A cancel has no key: whoever asks again is told that it is on its way, or that the order has closed.
      case .busy, .unavailable, .accountHeld, nil: mark("not answered")
      }
      note("\(request.word) → \(reply.map { "\($0)" } ?? "no answer"), attempt \(attempt + 1)")
      try? await Task.sleep(for: .milliseconds(200))
    }
  }

  /// Follows an account's events over one connection after the other.
  private func follow(_ client: StreamClient) async {
    var connections = 0
    while !state.withLock({ $0.isOver }) {
      let gateways = state.withLock { $0.gateways }
      let gateway = environment.draw { $0.pick(gateways) }
      let connection = StreamConnection(client, to: gateway.feed, of: gateway.process) { [swarm, environment] in
        environment.happens(swarm.followersPause) ? environment.span(upTo: .milliseconds(400)) : nil
      }
      await connection.open()
      connections += 1
      if connections > 1, client.count > 0 { mark(client.resumes ? "stream resumed" : "stream opened again") }
      while connection.isOpen, !state.withLock({ $0.isOver }) {
        try? await Task.sleep(for: .milliseconds(250))
        if environment.happens(swarm.followersPause * 8) { break }
      }
      await connection.close()
      try? await Task.sleep(for: .milliseconds(20))
    }
  }

  private func acknowledge(_ orders: [OrderRecord]) {
    state.withLock { state in
      state.result.answered += 1
      for order in orders { state.acknowledged[order.id] = order.account }
    }
  }

  // MARK: What happens

  private func found(_ findings: [Finding]) {
    for finding in findings { mark("found \(finding.code.rawValue)") }
  }

  private func heard(_ event: WorkerEvent, from worker: String) {
    overseer.heard(event)
    switch event {
    case .fenced: mark("fenced")
    case .databaseFailedOver: mark("database failed over")
    case .leaseLost: mark("lease lost")
    case .handedOver: mark("handed over")
    case .dropped: mark("dropped")
    case .entriesRefused: mark("entries refused")
    case .contested: mark("contested")
    case .steppedDown: mark("leader stepped down")
    case .expiryStuck: mark("expiry stuck")
    case .tradingPaused: mark("trading paused")
    case .pausesEnded: mark("trading resumed")
    case .wakeUpsUnavailable: mark("nudges unavailable")
    case .daysKept: mark("days made")
    case .claimed(_, _, _, cause: .crashed): mark("claimed from the dead")
    case .settled: return
    default: break
    }
    if swarm.isPlanned {
      state.withLock { $0.plannedMoves.append(event) }
      if case .handedOver = event { mark("handed over by plan") }
    }
    note("\(worker): \(event)")
  }

  func mark(_ name: String) { state.withLock { $0.result.marks[name, default: 0] += 1 } }

  private func fault(_ text: String) {
    note("FAULT \(text)")
    state.withLock { $0.result.faults.append(text) }
  }

  func note(_ text: @autoclosure () -> String) {
    let (seconds, attoseconds) = (ContinuousClock().now - began).components
    let microseconds = seconds * 1_000_000 + attoseconds / 1_000_000_000_000
    let text = text()
    state.withLock { state in
      for byte in text.utf8 { state.result.digest = (state.result.digest ^ UInt64(byte)) &* 0x100_0000_01B3 }
      state.result.digest = (state.result.digest ^ UInt64(microseconds)) &* 0x100_0000_01B3
      if isTraced { state.result.trace.append("\(microseconds) µs  \(text)") }
    }
  }
}

/// Asks other workers whether they are well, as their health pages say.
private struct SimulatedProbe: HealthProbe {
  let answer: @Sendable (WorkerID) async -> Membership.Answer
  func ask(_ heartbeat: Heartbeat) async -> Membership.Answer { await answer(heartbeat.worker) }
}

extension AcceptanceRequest {
  /// What is asked for, in a word.
  fileprivate var word: String {
    switch self {
    case .place(let place): "\(place.account) \(place.side) \(place.quantity) of \(place.instrument) at \(place.price)"
    case .cancel(let cancel): "\(cancel.account) cancel \(cancel.order)"
    case .replace(let replace): "\(replace.account) replace \(replace.target)"
    }
  }
}
