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

/// A whole exchange (gateways' desks, workers, a leader, the market's clock) over stores in memory, under the load and the
/// faults that a seed draws, until everything is settled.
final class SimulatedExchange: Sendable {
  /// How long everything may take to settle when the faults are over. Long enough for the longest pauses of the product,
  /// which are those of a worker that has set several commands aside one after the other.
  static let patience = Duration.seconds(240)

  private struct State {
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
  }

  private let swarm: Swarm
  private let surroundings: Surroundings
  private let database: MemoryDatabase
  private let redis: MemoryRedis
  private let checks: ExchangeChecks
  private let shards: [Shard]
  private let instruments: [InstrumentID: Shard]
  private let accounts: [AccountNumber]
  private let state = Lock(State())
  private let isTraced: Bool
  private let began = ContinuousClock().now

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
    let content = DatabaseState(
      instruments: instruments, accounts: accounts, cash: .dollars(5_000), shares: Quantity(rawValue: 300))
    let checks = ExchangeChecks(content)
    self.checks = checks
    database = MemoryDatabase(content, without: missing) { checks.saw($0, $1) }
    redis = MemoryRedis(without: missing)
    surroundings = Surroundings(seed: random.next())
  }

  // MARK: The schedule

  func run() async -> SimulationResult {
    note(
      "\(swarm.workers) workers, \(swarm.gateways) gateways, \(swarm.shards) shards, \(swarm.faults.count) faults on")
    surroundings.database = swarm.database
    surroundings.redis = swarm.redis
    for _ in 0..<swarm.gateways { addGateway() }
    for _ in 0..<swarm.workers { addWorker() }
    await withTaskGroup(of: Void.self) { group in
      for client in 0..<swarm.clients { group.addTask { await self.trade(client) } }
      group.addTask { await self.makeTrouble() }
    }
    await settle()
    return await end()
  }

  /// The faults are over: everything must be settled within a bound, and nothing may have been lost.
  private func settle() async {
    surroundings.database = Weather()
    surroundings.redis = Weather()
    redis.fill(false)
    database.releaseAll()
    database.cure()
    state.withLock { $0.workers }.forEach { $0.process.thaw() }
    if !state.withLock({ state in state.workers.contains { !$0.process.isDead } }) { addWorker() }
    note("the faults are over")
    let deadline = ContinuousClock().now + Self.patience
    var nextRetry = ContinuousClock().now
    while !isSettled {
      if ContinuousClock().now >= nextRetry {
        retryQuarantined()
        nextRetry = ContinuousClock().now + .seconds(10)
      }
      guard ContinuousClock().now < deadline else {
        let content = database.state
        let stands = shards.map { "\($0): \(content.shards[$0]!.processed) of \(content.shards[$0]!.last)" }
        fault("not settled \(Self.patience) after the faults: \(stands.joined(separator: ", "))")
        return
      }
      try? await Task.sleep(for: .milliseconds(50))
    }
    mark("settled")
  }

  private var isSettled: Bool {
    let content = database.state
    guard content.shards.values.allSatisfy({ $0.processed == $0.last }) else { return false }
    return content.auctions.values.allSatisfy { $0.auction == nil } && content.told.values.allSatisfy(\.isCleared)
  }

  private func end() async -> SimulationResult {
    state.withLock { $0.isOver = true }
    let (workers, gateways) = state.withLock { ($0.workers + $0.retired, $0.gateways) }
    for worker in workers where worker.process.isDead { worker.process.bury() }
    for worker in workers { worker.service.stop() }
    for worker in workers { await worker.task.value }
    for gateway in gateways { await gateway.stop() }
    let content = database.state
    for fault in checks.faults + checks.finalFaults(content) + lostOrders(content) + wronged(content) + freed() {
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
    let moves = state.withLock { $0.plannedMoves }
    for move in moves {
      switch move {
      case .claimed(let shard, let epoch, _, _): owned[shard, default: []].insert(epoch)
      case .released(let shard, let epoch): released[shard, default: []].insert(epoch)
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

  private func addWorker() {
    let name = state.withLock { state in
      state.born += 1
      return "worker-\(state.born)"
    }
    let worker = SimulatedWorker(
      name, shards: shards, database: database, redis: redis, in: surroundings,
      probe: SimulatedProbe { [weak self] in await self?.health(of: $0) ?? .refused }, settings: settings,
      now: { self.now() }, report: { [weak self] in self?.heard($0, from: name) })
    state.withLock { $0.workers.append(worker) }
  }

  private var settings: ExecutionSettings {
    var settings = ExecutionSettings()
    settings.market = MarketDirector(mode: swarm.hasDays ? .manual : .open)
    settings.market.limits.auctionPart = 2
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
          "gateway-\(state.gateways.count + 1)", database: database, redis: redis, in: surroundings,
          now: { self.now() }))
    }
  }

  // MARK: Clients

  private func trade(_ client: Int) async {
    var random = surroundings.draw { SeededGenerator(seed: $0.next()) }
    var requests = RandomRequests(
      accounts: accounts, shards: instruments,
      .init(isConditional: swarm.isConditional, hasDays: swarm.hasDays), client: client)
    for _ in 0..<swarm.requests / swarm.clients {
      let target = database.state.orders.values.sorted { $0.id < $1.id }
        .filter { $0.status.isOpen || random.oneIn(8) }.randomElement(using: &random)
      await submit(requests.next(target: target, &random))
      try? await Task.sleep(for: .milliseconds(Int.random(in: 0...120, using: &random)))
    }
  }

  /// Asks until somebody answers, as clients do who retry with the same keys.
  private func submit(_ request: EntryRequest) async {
    for attempt in 0..<20 {
      let gateways = state.withLock { $0.gateways }
      let reply = await surroundings.draw { $0.pick(gateways) }.submit(request)
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

  private func acknowledge(_ orders: [OrderRecord]) {
    state.withLock { state in
      state.result.answered += 1
      for order in orders { state.acknowledged[order.id] = order.account }
    }
  }

  // MARK: Faults

  private func makeTrouble() async {
    var isStepping = false
    for _ in 0..<swarm.faultCount {
      // Auctions are over soon: what is to meet them must come at once.
      await pause(isStepping && surroundings.happens(2) ? .milliseconds(400) : swarm.faultPause)
      let fault = surroundings.draw { $0.pick(swarm.faults) }
      note("! \(fault.rawValue)")
      mark(fault.rawValue)
      let content = database.state
      if content.auctions.values.contains(where: { $0.auction != nil }) { mark("in the middle of an auction") }
      if content.told.values.contains(where: { !$0.isCleared }) { mark("between a close and its end") }
      if content.shards.values.contains(where: { $0.last > $0.processed }) { mark("with commands on their way") }
      await carryOut(fault)
      isStepping = fault == .session || fault == .halt
    }
  }

  private func carryOut(_ fault: Swarm.Fault) async {
    let shard = surroundings.draw { $0.pick(shards) }
    let living = state.withLock { state in state.workers.filter { !$0.process.isDead } }
    let victim = living.randomElement(using: surroundings)
    switch fault {
    case .crashWorker:
      guard let victim else { return }
      victim.process.kill()
      redis.disconnect(victim.id)
      state.withLock { $0.kills += 1 }
      if surroundings.happens(2) { addWorker() }
    case .freezeWorker:
      victim?.process.freeze()
      await pause(.seconds(4))
      victim?.process.thaw()
    case .addWorker: if state.withLock({ $0.workers.count }) < 6 { addWorker() }
    case .stopWorker:
      guard let victim, state.withLock({ state in state.workers.count { !$0.process.isDead } }) > 1 else { return }
      victim.service.stop()
      state.withLock { state in
        state.workers.removeAll { $0 === victim }
        state.retired.append(victim)
      }
    case .crashGateway:
      let gateway = state.withLock { state in
        let place = surroundings.draw { Int.random(in: state.gateways.indices, using: &$0) }
        defer { state.gateways[place] = state.gateways[place].successor() }
        return state.gateways[place]
      }
      gateway.process.kill()
      await gateway.stop()
    case .wipeRedis: redis.wipe()
    case .failOverRedis:
      redis.replicate()
      await pause(.seconds(1))
      redis.failOver()
    case .fillRedis:
      redis.fill(true)
      await pause(.seconds(1))
      redis.fill(false)
    case .loseRedis:
      surroundings.redis.isAway = true
      await pause(.seconds(3))
      surroundings.redis.isAway = false
    case .losePostgres:
      surroundings.database.isAway = true
      await pause(.seconds(3))
      surroundings.database.isAway = false
    case .failOverPostgres: database.failOver()
    case .restorePostgres:
      database.backUp()
      await pause(.seconds(1))
      if let gone = database.restore() { state.withLock { $0.gone.formUnion(gone) } }
    case .forgeEntry, .forgeBeyond:
      let rows = database.state.shards[shard]!
      guard let order = database.state.openOrders(of: shard).randomElement(using: surroundings) else { return }
      let cancel = CancelOrder(
        target: order.id, targetSequence: order.sequence, targetLeg: order.conditions?.leg ?? 0,
        account: order.account, instrument: order.instrument)
      let sequence = fault == .forgeBeyond ? rows.last.next : rows.processed.next
      redis.forge(
        LogEntry(
          shard: shard, sequence: sequence, acceptedAt: now(), command: .cancel(cancel),
          history: database.state.history))
    case .repeatEntry: redis.repeatEntry(of: shard, at: place(in: shard))
    case .dropEntry: redis.dropEntry(of: shard, at: place(in: shard))
    case .stealLease:
      redis.steal(shard, for: WorkerID(rawValue: "thief"), nonce: surroundings.bits(), lifetime: .seconds(1))
    case .holdAccount:
      database.hold(surroundings.draw { $0.pick(accounts) })
      await pause(.seconds(2))
      database.releaseAll()
    case .poison:
      let next = database.state.shards[shard]!.last.next
      state.withLock { _ = $0.poisoned.insert("\(shard)-\(next)") }
      database.poison(next, in: shard)
    case .retryQuarantined: retryQuarantined()
    case .session: aim()
    case .halt:
      let instrument = surroundings.draw { $0.pick(instruments.keys.sorted()) }
      let isHalted = surroundings.happens(2)
      database.operate { state in
        _ = state.append(
          [.halt(TradingHalt(instrument, isHalted: isHalted, auction: AuctionTerms(partLimit: 2)))],
          to: instruments[instrument]!, at: now())
      }
    case .disconnect: if let victim { redis.disconnect(victim.id) }
    case .stepClock:
      let step = surroundings.draw { Int64.random(in: -2_000_000...2_000_000, using: &$0) }
      victim?.skew.withLock { $0 = step }
    }
  }

  private func place(in shard: Shard) -> Int {
    surroundings.draw { Int.random(in: 0...max(0, redis.count(of: shard) - 1), using: &$0) }
  }

  private func pause(_ limit: Duration) async { try? await Task.sleep(for: surroundings.span(upTo: limit)) }

  private func retryQuarantined() {
    let moment = now()
    database.cure()
    let isRefused = surroundings.happens(3)
    database.operate { state in
      for (shard, rows) in state.shards.sorted(by: { $0.key < $1.key }) {
        for (sequence, row) in rows.quarantined.sorted(by: { $0.key < $1.key }) where row.resolved == nil {
          state.comeBack(sequence, in: shard, isRefused: isRefused, at: moment)
        }
      }
    }
  }

  /// An operator leads the market to the next stage of its day.
  private func aim() {
    database.operate { state in
      guard let target = state.clock.target else { return }
      switch target.stage {
      case .preOpen: state.clock.target = SessionPoint(target.day, .open)
      case .open: state.clock.target = SessionPoint(target.day, .closed)
      case .closed: state.clock.target = SessionPoint(target.day.advanced(by: 1), .preOpen)
      }
    }
  }

  // MARK: What happens

  private func now() -> Timestamp {
    let (seconds, attoseconds) = (ContinuousClock().now - began).components
    return Timestamp("2026-01-05T14:30:00Z")!
      .advanced(byMicroseconds: seconds * 1_000_000 + attoseconds / 1_000_000_000_000)
  }

  private func heard(_ event: WorkerEvent, from worker: String) {
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

  private func mark(_ name: String) { state.withLock { $0.result.marks[name, default: 0] += 1 } }

  private func fault(_ text: String) {
    note("FAULT \(text)")
    state.withLock { $0.result.faults.append(text) }
  }

  private func note(_ text: @autoclosure () -> String) {
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

extension EntryRequest {
  /// What is asked for, in a word.
  fileprivate var word: String {
    switch self {
    case .place(let place): "\(place.account) \(place.side) \(place.quantity) of \(place.instrument) at \(place.price)"
    case .cancel(let cancel): "\(cancel.account) cancel \(cancel.order)"
    case .replace(let replace): "\(replace.account) replace \(replace.target)"
    }
  }
}

extension Collection {
  /// One of them by the surroundings' chance; nil of none.
  func randomElement(using surroundings: Surroundings) -> Element? {
    guard !isEmpty else { return nil }
    let place = surroundings.draw { Int.random(in: 0..<count, using: &$0) }
    return self[index(startIndex, offsetBy: place)]
  }
}
