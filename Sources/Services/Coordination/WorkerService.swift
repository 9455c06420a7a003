internal import Accounting
internal import Lifecycle
public import Market
public import Ports
public import Sharding

/// A worker: keeps its heartbeat and leases, claims its fair share of the shards and works them.
public final class WorkerService: Sendable {
  private let identity: Heartbeat
  private let shards: [Shard]
  private let claims: any SettlementLedger
  private let leases: any LeaseStore
  private let settings: ExecutionSettings
  private let random: @Sendable () -> UInt64
  private let report: @Sendable (WorkerEvent) -> Void
  private let lane: ExecutionLane
  private let stopping = Lock(false)
  /// Claims in hand: won in Redis, their books not yet rebuilt.
  private let claiming = Lock<[Shard: LeaseRenewal]>([:])

  /// Makes a worker.
  /// - Parameters:
  ///   - identity: What the worker says of itself; shards and rate are filled in.
  ///   - shards: All shards of the exchange.
  ///   - ledger: For settling; its connection is busy with commits.
  ///   - claims: For claiming and recovering, on another connection.
  ///   - random: 64 unpredictable bits, for nonces.
  ///   - report: Hears what an operator wants to know; must not block.
  public init(
    identity: Heartbeat, shards: [Shard], ledger: any SettlementLedger, claims: any SettlementLedger,
    stream: any OrderStream, leases: any LeaseStore, settings: ExecutionSettings = ExecutionSettings(),
    now: @escaping @Sendable () -> Timestamp, random: @escaping @Sendable () -> UInt64,
    report: @escaping @Sendable (WorkerEvent) -> Void
  ) {
    self.identity = identity
    self.shards = shards
    self.claims = claims
    self.leases = leases
    self.settings = settings
    self.random = random
    self.report = report
    lane = ExecutionLane(ledger: ledger, stream: stream, settings: settings, now: now, report: report)
  }

  /// The shards in work.
  public func owned() async -> [Ownership] { await lane.ownerships() }

  /// Ends ``run()``: the round in hand is finished, leases are given back.
  public func stop() { stopping.withLock { $0 = true } }

  /// Works until stopped.
  public func run() async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.lane.run() }
      group.addTask { await self.keepAlive() }
      group.addTask { await self.coordinate() }
    }
  }

  /// Says that the worker is alive and keeps its leases, whatever else it is doing: a long claim must not cost other shards.
  private func keepAlive() async {
    var settled = 0
    var isReachable = true
    while !stopping.withLock({ $0 }) {
      let before = settled
      settled = await lane.settledCommands
      let rate = (settled - before) * 1_000 / max(1, settings.renewalPeriod.milliseconds)
      do throws(StreamError) {
        try await renew(rate: rate)
        isReachable = true
      } catch {
        if isReachable { report(.leasesUnavailable(reason: error.reason)) }
        isReachable = false
      }
      try? await Task.sleep(for: settings.renewalPeriod)
    }
  }

  private func renew(rate: Int) async throws(StreamError) {
    let owned = await lane.ownerships()
    var heartbeat = identity
    heartbeat.shards = owned.map(\.shard).sorted()
    heartbeat.ordersPerSecond = rate
    try await leases.beat(heartbeat, lifetime: settings.leaseLifetime)
    // A lane that is stuck keeps nothing: others may take its shards, and the epoch keeps its commits out.
    guard await !lane.isStuck else { return }
    let renewals =
      owned.map { LeaseRenewal(shard: $0.shard, nonce: $0.nonce, epoch: $0.epoch, processed: $0.processed) }
      + claiming.withLock { $0 }.values
    guard !renewals.isEmpty else { return }
    for shard in try await leases.renew(renewals, owner: identity.worker, lifetime: settings.leaseLifetime) {
      guard let ownership = owned.first(where: { $0.shard == shard }) else { continue }
      report(.leaseLost(shard, ownership.epoch))
      await lane.drop(shard, nonce: ownership.nonce)
    }
    // What was given up meanwhile must not come back by its renewal.
    let kept = Set(await lane.ownerships().map(\.nonce)).union(claiming.withLock { $0 }.values.map(\.nonce))
    for renewal in renewals where !kept.contains(renewal.nonce) {
      try await leases.release(renewal.shard, nonce: renewal.nonce)
    }
  }

  /// Claims and gives up shards until stopped, then gives all of them up.
  private func coordinate() async {
    var patience = ClaimPatience(wait: settings.leaseLifetime * 6 / 10)
    while !stopping.withLock({ $0 }) {
      // Without leases nothing is claimed; ``keepAlive()`` reports that they cannot be reached.
      try? await balance(&patience)
      try? await Task.sleep(for: settings.renewalPeriod)
    }
    await leave()
  }

  private func balance(_ patience: inout ClaimPatience) async throws(StreamError) {
    let held = try await leases.leases(of: shards)
    let alive = try await leases.workers().map(\.worker)
    let owned = Set(await lane.ownerships().map(\.shard))
    for (shard, lease) in held where lease.owner == identity.worker && !owned.contains(shard) {
      // Left over from a shard that was dropped: free for anyone, this worker included.
      try await leases.release(shard, nonce: lease.nonce)
    }
    let view = FairShare.View(
      me: identity.worker, alive: Set(alive).union([identity.worker]), shards: shards,
      holders: held.mapValues(\.owner), owned: owned)
    let decision = FairShare.decide(view)
    for shard in decision.release { await giveUp(shard) }
    guard patience.allowsClaims(leasesSeen: held.count, now: ContinuousClock().now) else { return }
    for shard in decision.claim where !stopping.withLock({ $0 }) { try await claim(shard) }
  }

  /// Wins the lease, then the epoch, then rebuilds the books: behind the epoch nothing of an earlier owner can follow.
  private func claim(_ shard: Shard) async throws(StreamError) {
    let nonce = random()
    let lifetime = settings.leaseLifetime
    guard try await leases.acquire(shard, owner: identity.worker, nonce: nonce, lifetime: lifetime) else { return }
    KillPoint.reach("claim.leased")
    do {
      guard let ownership = try await claims.claim(shard, owner: identity.worker, nonce: nonce) else {
        throw LedgerError.fault(reason: "there is no shard \(shard)")
      }
      KillPoint.reach("claim.won")
      let renewal = LeaseRenewal(
        shard: shard, nonce: nonce, epoch: ownership.epoch, processed: ownership.processed)
      claiming.withLock { $0[shard] = renewal }
      defer { claiming.withLock { $0[shard] = nil } }
      _ = try? await leases.renew([renewal], owner: identity.worker, lifetime: lifetime)
      let orders = try await claims.openOrders(of: shard, through: ownership.processed)
      let engine = try ShardEngine(shard: shard, processed: ownership.processed, orders: orders)
      await lane.adopt(ownership, engine)
      report(.claimed(shard, ownership.epoch, openOrders: orders.count))
    } catch {
      report(.claimFailed(shard, reason: "\(error)"))
      try await leases.release(shard, nonce: nonce)
    }
  }

  private func giveUp(_ shard: Shard) async {
    guard let ownership = await lane.release(shard) else { return }
    try? await leases.release(shard, nonce: ownership.nonce)
    report(.released(shard, ownership.epoch))
  }

  private func leave() async {
    for ownership in await lane.ownerships() { await giveUp(ownership.shard) }
    await lane.stop()
    try? await leases.leave(identity.worker)
  }
}

/// When free leases may be taken: at once as long as others stand; where none stands at all, Redis may have been wiped, and
/// the owners get time to take theirs back.
struct ClaimPatience {
  let wait: Duration
  private var bareSince: ContinuousClock.Instant?

  init(wait: Duration) { self.wait = wait }

  mutating func allowsClaims(leasesSeen: Int, now: ContinuousClock.Instant) -> Bool {
    guard leasesSeen == 0 else {
      bareSince = nil
      return true
    }
    let since = bareSince ?? now
    bareSince = since
    return now - since >= wait
  }
}

extension Duration {
  /// Whole milliseconds.
  var milliseconds: Int { Int(components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000) }
}
