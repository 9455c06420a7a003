internal import Market
internal import Ports
internal import Sharding

/// Leads when it is this worker's turn: campaigns, says who should work on what, keeps the coming days' tables ready.
///
/// Nothing waits for it: matching, settling and the take-over of dead shards go on without a leader.
actor LeaderService {
  /// The second look that ends after something was written has begun after it.
  private static let looksToSettle = 2

  private let leaders: any LeaderStore
  private let ledger: any TermStore
  private let me: WorkerID
  private let shards: [Shard]
  private let settings: ExecutionSettings
  private let random: @Sendable () -> UInt64
  private let report: @Sendable (WorkerEvent) -> Void
  private let troubles: PortTroubles
  private var leadership: Leadership?
  private var election: LeaderElection
  private var balancer: Balancer
  private var published: Assignment?
  /// Looks that have ended since the targets were published, and when the last of all did.
  private var polls = 0
  private var polledAt = Duration.zero
  private var electedAt = Duration.zero
  private var extendedAt = Duration.zero
  private var nextHousekeeping = Duration.zero

  init(
    leaders: any LeaderStore, ledger: any TermStore, me: WorkerID, shards: [Shard], settings: ExecutionSettings,
    random: @escaping @Sendable () -> UInt64, report: @escaping @Sendable (WorkerEvent) -> Void
  ) {
    self.leaders = leaders
    self.ledger = ledger
    self.me = me
    self.shards = shards
    self.settings = settings
    self.random = random
    self.report = report
    troubles = PortTroubles { report(.trouble($0)) }
    balancer = Balancer(limits: settings.balance)
    election = LeaderElection(longestWait: settings.leaseLifetime)
  }

  /// Whether this worker leads.
  var isLeading: Bool { leadership != nil }

  /// What this worker leads by; nil when it does not.
  var current: Leadership? { leadership }

  /// Steps down when PostgreSQL has refused something of this term.
  func overruled(_ term: Leadership) {
    if term == leadership { stepDown("PostgreSQL knows a later term") }
  }

  /// Does what is due.
  /// - Parameters:
  ///   - sight: How the fleet looked last.
  ///   - own: This worker's own heartbeat.
  ///   - isQuiet: Whether nothing should move that need not.
  func turn(_ fleetView: FleetView, own: Heartbeat, isQuiet: Bool = false) async throws(StreamError) {
    let seat = try await leaders.seat()
    let step = election.step(
      seat: seat, me: me, mine: leadership, isEligible: own.state == .active,
      standing: seat.flatMap { fleetView.standings[$0.worker] }, now: fleetView.at)
    switch step {
    case .follow: stepDown("another leads")
    case .resign(let nonce):
      try await leaders.resign(nonce: nonce)
      stepDown("not ready to lead")
    case .campaign(let seat): try await campaign(over: seat, at: fleetView.at)
    case .lead(let leadership): try await lead(leadership, fleetView, own, isQuiet)
    case .contest(let leadership, let seat):
      if try await contest(leadership, over: seat) { try await lead(leadership, fleetView, own, isQuiet) }
    }
  }

  /// Gives the lead up, if this worker has it.
  func leave() async {
    if let leadership { await resign(leadership.nonce) }
    stepDown("stopping")
  }

  private func stepDown(_ reason: String) {
    guard let leadership else { return }
    self.leadership = nil
    report(.steppedDown(leadership.term, reason: reason))
  }

  private func campaign(over seat: LeaderElection.Seat?, at now: Duration) async throws(StreamError) {
    let nonce = random()
    guard try await leaders.campaign(me, nonce: nonce, over: seat, lifetime: settings.leaseLifetime) else { return }
    do throws(StoreError) {
      let elected = try await ledger.elect(me, nonce: nonce)
      leadership = elected
      published = nil
      balancer = Balancer(limits: settings.balance)
      nextHousekeeping = now
      report(.elected(elected.term))
      electedAt = now
      extendedAt = now
      if await !extended(elected) { stepDown("another leads") }
    } catch {
      // Without a term nobody leads: PostgreSQL is away, and there is nothing to lead.
      report(.electionFailed(reason: "\(error)"))
      await resign(nonce)
    }
  }

  /// Gives the lease back; one that cannot be given back runs out.
  private func resign(_ nonce: UInt64) async {
    await troubles.attempt(.leading) { () async throws(StreamError) in try await leaders.resign(nonce: nonce) }
  }

  /// Takes the lease back from whoever has written another name into it without having been elected.
  /// - Returns: Whether this worker leads on.
  private func contest(_ leadership: Leadership, over seat: LeaderElection.Seat) async throws(StreamError) -> Bool {
    guard await stillLeads(leadership) else { return false }
    let lifetime = settings.leaseLifetime
    // It may have changed hands meanwhile: then it is looked at again.
    guard try await leaders.campaign(me, nonce: leadership.nonce, over: seat, lifetime: lifetime) else { return false }
    report(.contested("the leader's lease named \(seat.worker), whom nobody has elected"))
    return await extended(leadership)
  }

  /// Whether PostgreSQL knows of no later election; steps down when it does, or cannot be asked: then there is nothing to
  /// lead.
  private func stillLeads(_ leadership: Leadership) async -> Bool {
    do throws(StoreError) {
      if try await ledger.stands(leadership) { return true }
      stepDown("another leads")
    } catch {
      stepDown("another's name is in the lease, and PostgreSQL cannot be asked: \(error)")
    }
    return false
  }

  private func extended(_ leadership: Leadership) async -> Bool {
    await troubles.attempt(.leading) { () async throws(StreamError) in
      try await leaders.extend(me, leadership, lifetime: settings.leaseLifetime)
    } ?? true
  }

  private func lead(
    _ leadership: Leadership, _ fleetView: FleetView, _ own: Heartbeat, _ isQuiet: Bool
  ) async throws(StreamError) {
    if fleetView.at - extendedAt >= settings.renewalPeriod {
      extendedAt = fleetView.at
      // Another's name came into it since it was read: the next turn looks at it.
      guard try await leaders.extend(me, leadership, lifetime: settings.leaseLifetime) else { return }
    }
    try await target(leadership, fleetView, own, isQuiet)
    if fleetView.at >= nextHousekeeping { await keepHouse(leadership, at: fleetView.at) }
  }

  private func target(
    _ leadership: Leadership, _ fleetView: FleetView, _ own: Heartbeat, _ isQuiet: Bool
  ) async throws(StreamError) {
    var fleet = fleetView.heartbeats.filter {
      fleetView.standings[$0.key] == .alive || fleetView.standings[$0.key] == .suspect
    }
    fleet[me] = own
    var owners: [Shard: WorkerID] = [:]
    var loads: [Shard: ShardLoad] = [:]
    for heartbeat in fleet.values.sorted(by: { $0.worker < $1.worker }) {
      for (shard, load) in heartbeat.loads { (owners[shard], loads[shard]) = (heartbeat.worker, load) }
    }
    let (known, isShown) = currentAssignment(fleetView)
    // Nothing is known when Redis has been wiped: whoever has not renewed its heartbeat yet still owns what it owned.
    guard known != nil || fleetView.at - electedAt >= settings.leaseLifetime else { return }
    let targets = balancer.targets(
      Balancer.View(
        takers: Set(fleet.values.filter { $0.state == .active }.map(\.worker)), owners: owners, loads: loads,
        shards: shards, targets: known?.targets ?? [:], isQuiet: isQuiet, now: fleetView.at))
    guard targets != known?.targets || known?.term != leadership.term || !isShown else { return }
    let generation = (published?.generation ?? 0) + 1
    let assignment = Assignment(term: leadership.term, generation: generation, targets: targets)
    guard try await published(assignment, over: fleetView.assignment) else { return }
    let moved = targets.count { known?.targets[$0.key] != $0.value }
    published = assignment
    polls = 0
    if moved > 0 { report(.reassigned(leadership.term, shards: moved)) }
  }

  /// Publishes targets, also over such as say that they are of a later term while PostgreSQL knows of none.
  private func published(_ assignment: Assignment, over known: Assignment?) async throws(StreamError) -> Bool {
    if try await leaders.publish(assignment) { return true }
    guard let leadership, await stillLeads(leadership) else { return false }
    guard let known, try await leaders.publish(assignment, over: known) else { return false }
    report(.contested("the assignment was of term \(known.term), which nobody has been elected for"))
    return true
  }

  /// The targets that stand, and whether the look shows them. A look that began before this leader's last targets were written
  /// shows those before: taken for what stands, they would have the leader take back what it has just assigned, and wish
  /// other shards elsewhere instead.
  private func currentAssignment(_ fleetView: FleetView) -> (targets: Assignment?, isShown: Bool) {
    if fleetView.at > polledAt { (polls, polledAt) = (polls + 1, fleetView.at) }
    guard let published else { return (fleetView.assignment, true) }
    guard let seen = fleetView.assignment, seen.term != published.term || seen.generation > published.generation else {
      return (published, fleetView.assignment == published || polls < Self.looksToSettle)
    }
    return (seen, true)
  }

  private func keepHouse(_ leadership: Leadership, at now: Duration) async {
    do throws(StoreError) {
      guard let kept = try await ledger.keepDays(leadership) else { return stepDown("PostgreSQL knows a later term") }
      if kept.made > 0 { report(.daysKept(kept)) }
      // A portion a turn; what is left out for the hour is looked for again soon.
      nextHousekeeping =
        now
        + (kept.left == 0 ? settings.housekeepingPeriod : kept.made > 0 ? .zero : settings.housekeepingRest)
    } catch {
      report(.housekeepingFailed(reason: "\(error)"))
      nextHousekeeping = now + settings.housekeepingRetry
    }
  }
}
