internal import Lifecycle
internal import Market
internal import Ports
internal import Services
internal import Telemetry

/// Writes down and counts what a process's loops could not do for want of a store: a line when it begins, one a minute while it
/// goes on, and one when it is over.
final class PortTroubleLog: Sendable {
  private struct Subject: Hashable {
    var use: PortUse
    var cause: String
  }

  private let log: Log
  private let metrics: Metrics
  private let silent: Set<String>
  private let written = Lock<Set<PortUse>>([])
  private let lines = Lock(RepeatedLines<Subject>(period: .seconds(60)))

  /// - Parameter silent: Causes that somebody else writes about: of a store that is lost one line says it all.
  init(_ log: Log, _ metrics: Metrics, silent: Set<String> = []) {
    self.silent = silent
    self.log = log
    self.metrics = metrics
  }

  /// Where loops hand in what fails.
  var ports: PortTroubles { PortTroubles { self.record($0) } }

  /// Takes note.
  func record(_ trouble: PortTrouble) {
    switch trouble {
    case .failed(let use, let shard, let error):
      metrics.counter(
        "buttonwood_port_failures_total", help: "Times that a loop of the process could not use a store.",
        labels: ["use": use.rawValue, "cause": error.causeWord]
      ).add()
      guard !silent.contains(error.causeWord) else { return }
      _ = written.withLock { $0.insert(use) }
      let subject = Subject(use: use, cause: error.causeWord)
      guard let times = lines.withLock({ $0.add(1, to: subject, now: ContinuousClock().now) }) else { return }
      log.warning(
        "a store could not be used; it is tried again",
        [
          "use": use.rawValue, "shard": shard.map(\.description) ?? "", "cause": error.causeWord, "reason": "\(error)",
          "times": times,
        ])
    case .over(let use, let shard, let failures):
      guard written.withLock({ $0.remove(use) }) != nil else { return }
      log.notice(
        "a store can be used again",
        ["use": use.rawValue, "shard": shard.map(\.description) ?? "", "failures": failures])
    }
  }
}
