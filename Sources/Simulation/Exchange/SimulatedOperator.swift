internal import Lifecycle
internal import Market
internal import Ports
internal import Services

/// What an operator's console says of the exchange: the findings, as the product judges them, from a process of its own.
final class SimulatedOperator: Sendable {
  /// What the judgement remembers for minutes, so that it is not waited for.
  private static let lingering: Set<Finding.Code> = [.streamEntriesRefused, .damagedKeys]

  private struct State {
    var memory: FindingMemory
    var latest: (at: ContinuousClock.Instant, findings: [Finding])?
    var isOver = false
  }

  let process = SimulatedProcess("operator")
  private let inquiry: FleetHealthInquiry
  private let notices: OwnNotices
  private let state: Lock<State>

  init(
    database: MemoryDatabase, redis: MemoryRedis, in environment: Environment,
    now: @escaping @Sendable () -> Timestamp, skew: @escaping @Sendable () -> Duration
  ) {
    let ledger = MemoryStore(database, of: process, in: environment)
    let stream = MemoryStream(redis, of: process, in: environment)
    let began = ContinuousClock().now
    let notices = OwnNotices { ContinuousClock().now - began }
    self.notices = notices
    inquiry = FleetHealthInquiry(
      shards: ledger, ledger: ledger, leases: stream, members: stream, leaders: stream, skew: { skew() },
      own: { notices.counts }, now: now)
    // What takes long in the real one must show within a schedule.
    var limits = FindingLimits()
    limits.takeOver = .seconds(2)
    limits.standstill = .seconds(2)
    limits.witness = .seconds(1)
    limits.halt = .seconds(2)
    state = Lock(State(memory: FindingMemory(limits: limits)))
  }

  /// A worker tells of something that findings count.
  func heard(_ event: WorkerEvent) {
    switch event {
    case .entriesRefused(_, _, let count): notices.refusedEntries(count)
    case .keyReplaced: notices.damagedKeys()
    default: break
    }
  }

  /// Looks again and again.
  /// - Parameter show: Hears what was found.
  func watch(_ show: @Sendable ([Finding]) -> Void) async {
    while !state.withLock({ $0.isOver }) {
      let at = ContinuousClock().now
      let health = await inquiry.health()
      let findings = state.withLock { state in
        let findings = state.memory.judge(health)
        state.latest = (at, findings)
        return findings
      }
      show(findings)
      try? await Task.sleep(for: .milliseconds(900))
    }
  }

  func stop() {
    state.withLock { $0.isOver = true }
    process.bury()
  }

  /// What somebody would have to do something about, by a look that began behind a moment; nil before there was one.
  func findings(after moment: ContinuousClock.Instant) -> [Finding]? {
    state.withLock { state in
      guard let latest = state.latest, latest.at >= moment else { return nil }
      return latest.findings.filter { !Self.lingering.contains($0.code) }
    }
  }
}
