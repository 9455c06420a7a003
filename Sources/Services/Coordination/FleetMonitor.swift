internal import Lifecycle
internal import Market
internal import Ports
internal import Sharding

/// How the fleet looked a moment ago.
struct FleetView: Sendable {
  /// The latest heartbeats of all workers that are remembered, those that stopped among them.
  var heartbeats: [WorkerID: Heartbeat] = [:]
  /// How they stand.
  var standings: [WorkerID: Membership.Standing] = [:]
  /// What the leader assigns; nil before anything was, or after a wipe.
  var assignment: Assignment?
  /// When it was.
  var at = Duration.zero

  /// Whether any worker but `me` takes shards.
  func hasOtherTakers(than me: WorkerID) -> Bool {
    heartbeats.contains { $0.key != me && standings[$0.key] == .alive && $0.value.state == .active }
  }
}

/// Looks at the fleet: reads heartbeats, connections and targets, and has workers asked whose silence is suspicious.
actor FleetMonitor {
  private let members: any MembershipStore
  private let leaders: any LeaderStore
  private let probe: any HealthProbe
  private let me: WorkerID
  private let clock: @Sendable () -> Duration
  private let report: @Sendable (WorkerEvent) -> Void
  private var membership: Membership
  private var known: [WorkerID: Heartbeat] = [:]
  private var assignment: Assignment?

  init(
    members: any MembershipStore, leaders: any LeaderStore, probe: any HealthProbe, me: WorkerID,
    limits: Membership.Limits, clock: @escaping @Sendable () -> Duration,
    report: @escaping @Sendable (WorkerEvent) -> Void
  ) {
    self.members = members
    self.leaders = leaders
    self.probe = probe
    self.me = me
    self.clock = clock
    self.report = report
    membership = Membership(limits: limits)
  }

  /// Looks once.
  func poll() async throws(StreamError) -> FleetView {
    for heartbeat in try await members.workers() where heartbeat.worker != me { known[heartbeat.worker] = heartbeat }
    let connected = try await members.connected(Array(known.values))
    assignment = try await leaders.assignment(unless: assignment)
    let now = clock()
    let pollResults = known.values.map {
      Membership.PollResult(worker: $0.worker, beat: $0.beat, isConnected: connected[$0.worker])
    }
    let before = standings()
    for worker in membership.poll(pollResults, at: now) { ask(worker) }
    known = known.filter { membership.standing(of: $0.key) != nil }
    reportChanges(since: before)
    return FleetView(heartbeats: known, standings: standings(), assignment: assignment, at: now)
  }

  /// Asks in the background; a look never waits for an answer.
  private func ask(_ worker: WorkerID) {
    guard let heartbeat = known[worker] else { return }
    Task {
      let answer = await probe.ask(heartbeat)
      heard(answer, from: worker)
    }
  }

  private func heard(_ answer: Membership.Answer, from worker: WorkerID) {
    let before = standings()
    membership.answered(worker, answer, at: clock())
    reportChanges(since: before)
  }

  private func standings() -> [WorkerID: Membership.Standing] {
    known.keys.reduce(into: [:]) { $0[$1] = membership.standing(of: $1) }
  }

  private func reportChanges(since before: [WorkerID: Membership.Standing]) {
    for (worker, standing) in standings() where before[worker] != standing {
      // Whoever was never seen before has only just come.
      if standing != .alive || before[worker] != nil { report(.standing(worker, standing)) }
    }
  }
}
