internal import Lifecycle
internal import Telemetry

/// The services of a role, from the process's beginning to its end.
enum RoleServices {
  /// Runs them until SIGTERM, and stops them within the time for draining and a margin.
  /// - Returns: Whether all of them ended, and none before it was asked to.
  static func run(_ services: [any Service], drain: Duration, _ log: Log) async -> Bool {
    let group = ServiceGroup(services, deadline: drain + TimeLimits.stopMargin.value) { event in
      switch event {
      case .endedEarly(let service, let error):
        log.error(
          "a part of the process has ended by itself: the process stops",
          ["part": service, "reason": error.map { "\($0)" } ?? "it returned"])
      case .overdue(let service): log.error("a part of the process has not stopped in time", ["part": service])
      }
    }
    let outcome = await group.run {
      await StopSignal.wait()
      log.notice("draining")
    }
    return outcome.isClean
  }
}
