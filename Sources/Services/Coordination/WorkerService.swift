internal import Lifecycle
public import Market
public import Ports
public import Sharding

/// A worker: keeps its heartbeat and its leases, claims shards, hands them over, works them, and leads when it is its turn.
public final class WorkerService: Sendable {
  /// Everything that a worker talks to.
  public struct Dependencies: Sendable {
    /// For settling: its connection is busy with commits.
    public var ledger: any SettlementLedger
    /// For claiming, on another connection.
    public var claims: any SettlementLedger
    /// For preparing hand-overs, on a third one: books are long to read.
    public var preparations: any SettlementLedger
    /// For leading.
    public var leading: any TermStore
    /// For the market day, when this worker leads, on a connection of its own; nil to leave it to nobody.
    public var marketDay: (any MarketDayStore & BandStore)?
    /// Ends sessions whose clients have stopped, while this worker leads; nil to leave it to those who wait for locks.
    public var stalledSessions: (any StalledSessions)?
    /// Brings the commands.
    public var stream: any OrderStream
    /// For renewing and claiming.
    public var leases: any LeaseStore
    /// For taking over what is handed over.
    public var handOvers: any LeaseStore
    /// Who belongs to the fleet.
    public var members: any MembershipStore
    /// Looked at by the coordinating loop: a heartbeat must not wait for it.
    public var fleet: any MembershipStore
    /// Who leads, and what is assigned.
    public var leaders: any LeaderStore
    /// Asks other workers whether they are well.
    public var probe: any HealthProbe
    /// Where market data goes; nil for nowhere.
    public var market: MarketPublisher?
    /// Told which accounts have news; nil to tell nobody.
    public var wakeUps: (any EventWakeUps)?
    /// Beats when the ledger makes progress with a long settlement, too.
    public var pulse: WorkPulse
    /// Whether this host's clock is near enough to the database's. While it is not, the worker claims nothing and hands what it
    /// has to others: what it settles would carry times that are wrong.
    public var isClockFit: @Sendable () -> Bool
    /// Where shards are worked; nil for a thread of the worker's own.
    public var laneExecutor: (any SerialExecutor)?

    /// Names all of them.
    public init(
      ledger: any SettlementLedger, claims: any SettlementLedger, preparations: any SettlementLedger,
      leading: any TermStore, stream: any OrderStream, leases: any LeaseStore, handOvers: any LeaseStore,
      members: any MembershipStore, fleet: any MembershipStore, leaders: any LeaderStore, probe: any HealthProbe,
      market: MarketPublisher? = nil, wakeUps: (any EventWakeUps)? = nil,
      marketDay: (any MarketDayStore & BandStore)? = nil, stalledSessions: (any StalledSessions)? = nil,
      pulse: WorkPulse = WorkPulse(), isClockFit: @escaping @Sendable () -> Bool = { true },
      laneExecutor: (any SerialExecutor)? = nil
    ) {
      self.laneExecutor = laneExecutor
      self.pulse = pulse
      self.isClockFit = isClockFit
      self.stalledSessions = stalledSessions
      self.marketDay = marketDay
      self.ledger = ledger
      self.claims = claims
      self.preparations = preparations
      self.leading = leading
      self.stream = stream
      self.leases = leases
      self.handOvers = handOvers
      self.members = members
      self.fleet = fleet
      self.leaders = leaders
      self.probe = probe
      self.market = market
      self.wakeUps = wakeUps
    }
  }

  private struct State {
    var state = WorkerState.active
    var isStopping = false
    var isAiling = false
    var fleetView = FleetView()
    var heartbeat: Heartbeat
    var renewedAt: Duration

    /// What it tells others, and acts by: who ails claims nothing, and whose clock is off gives what it has to others.
    func shownState(isClockFit: Bool) -> WorkerState {
      guard state == .active else { return state }
      return isAiling ? .ailing : isClockFit ? .active : .draining
    }
  }

  private let dependencies: Dependencies
  private let shards: [Shard]
  private let settings: ExecutionSettings
  private let report: @Sendable (WorkerEvent) -> Void
  private let me: WorkerID
  private let clock: @Sendable () -> Duration
  private let random: @Sendable () -> UInt64
  private let lane: ExecutionLane
  private let claimer: ShardClaimer
  private let receiver: HandOverReceiver
  private let monitor: FleetMonitor
  private let leader: LeaderService
  private let duty: MarketDuty?
  private let troubles: PortTroubles
  private let state: Lock<State>

  /// Makes a worker.
  /// - Parameters:
  ///   - identity: What the worker says of itself; loads and rates are filled in.
  ///   - shards: All shards of the exchange.
  ///   - random: 64 unpredictable bits, for nonces.
  ///   - clock: A clock that only moves forward; its zero may be anywhere.
  ///   - report: Hears what an operator wants to know; must not block.
  public init(
    identity: Heartbeat, shards: [Shard], dependencies: Dependencies, settings: ExecutionSettings = ExecutionSettings(),
    now: @escaping @Sendable () -> Timestamp, random: @escaping @Sendable () -> UInt64,
    clock: @escaping @Sendable () -> Duration,
    report: @escaping @Sendable (WorkerEvent) -> Void
  ) {
    self.dependencies = dependencies
    self.shards = shards
    self.settings = settings
    self.report = report
    self.clock = clock
    self.random = random
    me = identity.worker
    state = Lock(State(heartbeat: identity, renewedAt: clock()))
    troubles = PortTroubles { report(.trouble($0)) }
    let backoff = ClaimBackoff(settings.reclaim, random: random)
    let lane = ExecutionLane(
      ledger: dependencies.ledger, stream: dependencies.stream, wakeUps: dependencies.wakeUps, settings: settings,
      claimBackoff: backoff,
      pulse: dependencies.pulse, now: now, random: random,
      report: report, market: dependencies.market, executor: dependencies.laneExecutor)
    self.lane = lane
    claimer = ShardClaimer(
      me: identity.worker, ledger: dependencies.claims, leases: dependencies.leases, lane: lane, settings: settings,
      backoff: backoff, random: random, report: report)
    receiver = HandOverReceiver(
      me: identity.worker, ledger: dependencies.preparations, leases: dependencies.handOvers, settings: settings,
      takeOver: ShardTakeOver(lane: lane, backoff: backoff, report: report), random: random, clock: clock,
      report: report)
    monitor = FleetMonitor(
      members: dependencies.fleet, leaders: dependencies.leaders, probe: dependencies.probe, me: identity.worker,
      limits: Membership.Limits(leaseLifetime: settings.leaseLifetime), clock: clock, report: report)
    leader = LeaderService(
      leaders: dependencies.leaders, ledger: dependencies.leading, me: identity.worker, shards: shards,
      settings: settings,
      random: random, report: report)
    duty = dependencies.marketDay.map {
      MarketDuty(ledger: $0, stream: dependencies.stream, settings: settings, now: now, report: report)
    }
  }

  /// The shards in work.
  public func owned() async -> [Ownership] { await lane.ownerships() }

  /// Whether this worker leads.
  public var isLeading: Bool { get async { await leader.isLeading } }

  /// Whether the worker makes progress and keeps its leases: what it answers when another asks.
  public func isWell() async -> Bool {
    let renewedAt = state.withLock { $0.renewedAt }
    return !lane.isAiling && clock() - renewedAt < settings.leaseLifetime
  }

  /// Ends ``run()``: shards are handed to others, or let go when nobody takes them within ``ExecutionSettings/drainLimit``.
  public func stop() {
    state.withLock {
      $0.isStopping = true
      $0.state = .draining
    }
  }

  /// Works until stopped.
  public func run() async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.lane.run() }
      group.addTask { await self.receiver.run() }
      group.addTask { await self.keepAlive() }
      group.addTask { await self.lead() }
      group.addTask { await self.directMarket() }
      group.addTask { await self.endStalledSessions() }
      group.addTask { await self.coordinate() }
    }
    // Only now: a beat that was under way would bring the heartbeat back.
    await troubles.attempt(.leases) { () async throws(StreamError) in try await dependencies.members.leave(me) }
  }

  // MARK: Heartbeat and leases

  /// Says that the worker is alive and keeps its leases, whatever else it is doing: a long claim must not cost other shards.
  private func keepAlive() async {
    var meter = LoadMeter()
    var readAt = clock()
    var isReachable = true
    while !hasLeft {
      let now = clock()
      let view = lane.pulse.view
      let loads = meter.read(view.tallies, busy: view.busy, span: now - readAt)
      readAt = now
      do throws(StreamError) {
        try await beat(loads, busyPermille: meter.busyPermille)
        try await renew()
        state.withLock { $0.renewedAt = clock() }
        isReachable = true
      } catch {
        if isReachable { report(.leasesUnavailable(reason: error.reason)) }
        isReachable = false
      }
      try? await Task.sleep(for: settings.renewalPeriod)
    }
  }

  private func beat(_ loads: [Shard: ShardLoad], busyPermille: Int) async throws(StreamError) {
    let commit = lane.pulse.view.commit
    let isAiling = lane.isAiling
    let heartbeat = state.withLock { state in
      state.isAiling = isAiling
      state.heartbeat.state = state.shownState(isClockFit: dependencies.isClockFit())
      // What its leases are not kept for, others may take.
      state.heartbeat.loads = isAiling ? [:] : loads
      state.heartbeat.busyPermille = busyPermille
      state.heartbeat.commitLatency = commit
      state.heartbeat.beat += 1
      return state.heartbeat
    }
    let begun = clock()
    let order = try await dependencies.members.beat(heartbeat, lifetime: settings.leaseLifetime)
    let taken = clock() - begun
    state.withLock { $0.heartbeat.redisLatency = taken }
    if let order { follow(order) }
  }

  private func follow(_ order: WorkerInstruction) {
    report(.instructed(order))
    state.withLock { state in
      guard !state.isStopping else { return }
      switch order {
      case .drain: if state.state == .active { state.state = .draining }
      case .resume: state.state = .active
      }
    }
  }

  private func renew() async throws(StreamError) {
    // Who cannot work keeps nothing: others may take its shards, and the epoch keeps its commits out.
    guard !lane.isAiling else { return }
    let owned = lane.pulse.view.ownerships
    let renewals =
      owned.map(\.renewal) + claimer.claiming
    guard !renewals.isEmpty else { return }
    let lost = try await dependencies.leases.renew(renewals, owner: me, lifetime: settings.leaseLifetime)
    contested.withLock { $0 = owned.filter { lost.contains($0.shard) } }
    // What was given up meanwhile must not come back by its renewal.
    let kept = Set(lane.pulse.view.ownerships.map(\.nonce)).union(claimer.claiming.map(\.nonce))
    for renewal in renewals where !kept.contains(renewal.nonce) {
      try await dependencies.leases.release(renewal.shard, nonce: renewal.nonce)
    }
  }

  /// Shards in work whose leases name others: as the last renewal found them.
  private let contested = Lock<[Ownership]>([])
  /// Whether it was reported that the database cannot be asked about them.
  private let isContestDelayed = Lock(false)

  /// Drops the shards that others have claimed, and takes the leases of the others back: a name in Redis makes nobody an
  /// owner. Beside ``keepAlive()``, which must not wait for the database; while that is away the shards are kept, for
  /// without it nobody else can have claimed them either.
  private func settleContests() async throws(StreamError) {
    let doubted = contested.withLock { $0 }
    guard !doubted.isEmpty else { return }
    let seen = try await dependencies.leases.leases(of: doubted.map(\.shard))
    let stillOwned: Set<Shard>
    do throws(StoreError) {
      stillOwned = try await dependencies.claims.stillOwned(among: doubted)
      isContestDelayed.withLock { $0 = false }
    } catch {
      let isNews = isContestDelayed.withLock { isDelayed in
        defer { isDelayed = true }
        return !isDelayed
      }
      if isNews { report(.contestDelayed(shards: doubted.count, reason: "\(error)")) }
      return
    }
    for ownership in doubted {
      let shard = ownership.shard
      if !stillOwned.contains(shard) {
        // What was given up meanwhile is nobody's loss.
        if await lane.drop(shard, nonce: ownership.nonce) { report(.leaseLost(shard, ownership.epoch)) }
      } else if let lease = seen[shard], lease.nonce != ownership.nonce,
        lane.pulse.view.ownerships.contains(where: { $0.shard == shard && $0.nonce == ownership.nonce })
      {
        // Only as it was seen: it may have been handed over since.
        let isTaken = try await dependencies.leases.acquire(
          shard, owner: me, nonce: ownership.nonce, over: lease, lifetime: settings.leaseLifetime)
        if isTaken { report(.contested("the lease of shard \(shard) named \(lease.owner), who has not claimed it")) }
      }
    }
    contested.withLock { $0 = [] }
  }

  // MARK: Leading

  private func lead() async {
    var retry = PortRetry(settings.retry)
    while !hasLeft {
      var pause = settings.pollPeriod
      let (fleetView, own) = state.withLock { ($0.fleetView, $0.heartbeat) }
      // The first look must have been: who has seen nobody would assign everything for itself.
      if fleetView.at > .zero {
        do throws(StreamError) {
          try await leader.turn(fleetView, own: own, isQuiet: await duty?.isQuiet ?? false)
          troubles.succeeded(.leading)
          retry.succeeded()
        } catch {
          troubles.failed(.leading, error)
          pause += retry.failed(now: ContinuousClock().now, random: random())
        }
      }
      try? await Task.sleep(for: pause)
    }
    await leader.leave()
  }

  /// Directs the market day while this worker leads. Beside ``lead()``: a database that answers late costs no lease.
  private func directMarket() async {
    guard let duty else { return }
    while !hasLeft {
      var pause = settings.pollPeriod
      if let leadership = await leader.current {
        switch await duty.turn(leadership) {
        case .done(let next): pause = next
        case .termEnded: await leader.overruled(leadership)
        }
      }
      try? await Task.sleep(for: pause)
    }
  }

  /// Looks for sessions whose clients have stopped while this worker leads. Beside ``lead()``, as the market day is.
  private func endStalledSessions() async {
    guard let sessions = dependencies.stalledSessions else { return }
    while !hasLeft {
      if await leader.isLeading { await sessions.end() }
      try? await Task.sleep(for: settings.stalledSessionPeriod)
    }
  }

  // MARK: Shards

  /// Claims shards and hands them over until stopped, then lets go of what is left.
  private func coordinate() async {
    var plan = ClaimPlan(longestWait: settings.leaseLifetime)
    var patience = StartupHoldOff(wait: settings.leaseLifetime * 6 / 10)
    var drainingSince: Duration?
    var retry = PortRetry(settings.retry)
    while true {
      var pause = settings.pollPeriod
      // Without leases nothing is claimed.
      do throws(StreamError) {
        try await turn(&plan, &patience)
        troubles.succeeded(.fleet)
        retry.succeeded()
      } catch {
        troubles.failed(.fleet, error)
        pause += retry.failed(now: ContinuousClock().now, random: random())
      }
      if await isDone(since: &drainingSince) { break }
      try? await Task.sleep(for: pause)
    }
    await leave()
  }

  private func turn(_ plan: inout ClaimPlan, _ patience: inout StartupHoldOff) async throws(StreamError) {
    let fleetView = try await monitor.poll()
    state.withLock { $0.fleetView = fleetView }
    try await settleContests()
    var view = await view(fleetView)
    view.leases = try await dependencies.leases.leases(of: ClaimPlan.doubtful(view))
    let mayClaim = patience.allowsClaims(seen: view.leases.count + view.members.count - 1, now: view.now)
    try await carryOut(plan.decide(view), mayClaim: mayClaim)
  }

  private func view(_ fleetView: FleetView) async -> ClaimPlan.View {
    let owned = Set(lane.pulse.view.ownerships.map(\.shard)).union(claimer.shardsInHand)
    var members: [WorkerID: ClaimPlan.Member] = [:]
    for (worker, heartbeat) in fleetView.heartbeats {
      members[worker] = ClaimPlan.Member(
        standing: fleetView.standings[worker] ?? .alive, state: heartbeat.state, shards: Set(heartbeat.loads.keys))
    }
    members[me] = ClaimPlan.Member(standing: .alive, state: shownState, shards: owned)
    return ClaimPlan.View(
      me: me, members: members, shards: shards, targets: fleetView.assignment?.targets ?? [:], owned: owned,
      prepared: await receiver.shards, now: fleetView.at)
  }

  private func carryOut(_ actions: [ClaimPlan.Action], mayClaim: Bool) async throws(StreamError) {
    var claims: [(Shard, Lease?)] = []
    var preparations: [Shard] = []
    var handOvers: [(Shard, Successor)] = []
    for action in actions {
      switch action {
      case .claim(let shard, let lease): claims.append((shard, lease))
      case .prepare(let shard): preparations.append(shard)
      case .handOver(let shard, let successor): handOvers.append((shard, successor))
      case .release(let shard, let nonce): try await dependencies.leases.release(shard, nonce: nonce)
      case .forget(let shard): await receiver.forget(shard)
      }
    }
    await receiver.prepare(preparations)
    try await claimer.handOver(handOvers)
    if mayClaim { try await claimer.claim(claims) { shownState == .active } }
  }

  /// Whether a stopping worker may end: nothing is left, or nobody takes it. One that only drains stays.
  private func isDone(since drainingSince: inout Duration?) async -> Bool {
    let (current, isStopping, fleetView) = state.withLock { ($0.state, $0.isStopping, $0.fleetView) }
    guard current != .active else {
      drainingSince = nil
      return false
    }
    let isEmpty = await lane.ownerships().isEmpty
    if isEmpty, claimer.shardsInHand.isEmpty, !isStopping {
      state.withLock { if $0.state == .draining { $0.state = .drained } }
    }
    let since = drainingSince ?? clock()
    drainingSince = since
    guard isStopping else { return false }
    return isEmpty || !fleetView.hasOtherTakers(than: me) || clock() - since >= settings.drainLimit
  }

  private var shownState: WorkerState { state.withLock { $0.shownState(isClockFit: dependencies.isClockFit()) } }
  private var hasLeft: Bool { left.withLock { $0 } }
  private let left = Lock(false)

  private func leave() async {
    await receiver.stop()
    await claimer.stop()
    await claimer.letGo(await lane.ownerships().map(\.shard))
    await lane.stop()
    left.withLock { $0 = true }
  }
}
