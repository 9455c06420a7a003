internal import Lifecycle
internal import Services

/// Runs schedules, one after the other; every schedule is determined by its seed.
package enum Simulation {
  /// Jobs that a schedule may take: one that takes more goes round in circles.
  package static let stepLimit = 4_000_000

  /// What some thousand schedules must come to, or they prove less than they seem to.
  package static let marks =
    [
      "settled", "traded", "refused", "repeated", "fenced", "quarantined", "changed hands", "handed over",
      "handed over by plan", "claimed from the dead", "lease lost", "dropped", "entries refused", "contested",
      "leader stepped down", "database failed over", "outcome unknown", "not answered", "in the middle of an auction",
      "between two parts of an auction", "between a close and its end", "between two parts of an expiry",
      "with commands on their way", "trading paused", "trading resumed", "in a limit state", "stream resumed",
      "stream opened again", "stream in arrears", "nudges unavailable", "days made",
    ] + Swarm.Fault.allCases.map(\.rawValue) + findings.map { "found \($0.rawValue)" }

  /// What an operator must have been told of in some of them: what the faults are of which a schedule is made.
  private static let findings: [Finding.Code] = [
    .postgresUnreachable, .redisUnreachable, .noWorker, .noLeader, .shardUnowned, .lagWithoutProgress, .quarantine,
    .clockSkew, .daysAhead, .haltedLong, .streamEntriesRefused,
  ]

  /// Runs one schedule.
  /// - Parameters:
  ///   - missing: A check that the stores leave out.
  ///   - isTraced: Whether what happens is to be told.
  package static func run(seed: UInt64, without missing: Guard? = nil, isTraced: Bool = false) -> SimulationResult {
    let executor = SeededExecutor.shared
    executor.begin(seed: seed &* 0x9E37_79B9_7F4A_7C15 &+ 1, at: 1_000_000_000)
    let outcome = Lock<SimulationResult?>(nil)
    Task.detached {
      let result = await SimulatedExchange(seed: seed, without: missing, isTraced: isTraced).run()
      outcome.withLock { $0 = result }
    }
    let isOver = executor.drain(limit: stepLimit)
    var result = outcome.withLock { $0 } ?? SimulationResult()
    if outcome.withLock({ $0 == nil }) { result.faults.append(isOver ? "everybody waits for ever" : "it does not end") }
    result.steps = executor.steps
    return result
  }
}
