internal import Lifecycle
internal import Ports
internal import Telemetry

/// Writes down and counts which sessions of the database were ended because their clients had stopped.
///
/// What keeps coming up, because only an operator can end it, is written once.
final class StalledSessionLog: Sendable {
  private let log: Log
  private let ended: Counter
  private let known = Lock<Set<StalledSessionEvent>>([])

  /// Registers the counter.
  init(_ log: Log, _ metrics: Metrics) {
    self.log = log
    ended = metrics.counter(
      "buttonwood_sessions_ended_total",
      help: "Sessions of the database that this process ended: their clients had stopped while they held locks.")
  }

  func record(_ event: StalledSessionEvent) {
    switch event {
    case .ended(let session):
      ended.add()
      log.warning(
        "ended a session of the database whose client had stopped while it held locks",
        [
          "process": session.process, "application": session.application, "role": session.role,
          "wait": session.wait, "silent_ms": Int64(session.silent / .milliseconds(1)),
        ])
    case .beyondReach(let role):
      guard isNews(event) else { return }
      log.warning(
        "sessions of a role could not be ended if their clients stopped; run \"buttonwood migrate --roles\", or GRANT the "
          + "role to the owner of the schema", ["role": role])
    case .failed(let reason):
      guard isNews(event) else { return }
      log.warning("sessions whose clients have stopped cannot be looked for", ["reason": reason])
    }
  }

  /// Bounded: reasons may differ without end.
  private func isNews(_ event: StalledSessionEvent) -> Bool {
    known.withLock { known in
      if known.count >= 100 { known = [] }
      return known.insert(event).inserted
    }
  }
}
