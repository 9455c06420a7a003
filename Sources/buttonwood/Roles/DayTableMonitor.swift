internal import Lifecycle
internal import Ports
internal import Telemetry

/// Watches for how many days tables stand ready, and says so in the metrics and, when it becomes too few or enough again,
/// in the log. It makes none: that is the leader's.
struct DayTableMonitor: Sendable {
  private static let interval = Duration.seconds(15)

  private let reader: any DayTableReader
  private let metrics: Metrics
  private let log: Log

  init(_ reader: any DayTableReader, _ metrics: Metrics, _ log: Log) {
    self.reader = reader
    self.metrics = metrics
    self.log = log
  }

  /// Watches until the task is canceled.
  func run() async {
    var before: Int?
    var isAnswered = true
    while !Task.isCancelled {
      do throws(StoreError) {
        let days = try await reader.daysAhead()
        // Shown from the first answer on: a value that nobody has read would be a false alarm.
        metrics.gauge(
          "buttonwood_day_tables_ahead",
          help: "Whole days from tomorrow on whose tables are there; -1 when today's are missing."
        ).set(Int64(days))
        report(days, before: before)
        before = days
        isAnswered = true
      } catch {
        // What was known stands until it is known better.
        if isAnswered { log.warning("it is not known which days' tables are there", ["reason": "\(error)"]) }
        isAnswered = false
      }
      try? await Task.sleep(for: Self.interval)
    }
  }

  private func report(_ days: Int, before: Int?) {
    let level = { (days: Int) in days < 0 ? 0 : days < DaysKept.fewest ? 1 : 2 }
    guard level(days) != before.map(level) ?? 2 else { return }
    switch level(days) {
    case 0:
      log.error(
        "today's tables are missing: no order can be accepted until the leading worker has made them, or "
          + "\"buttonwood migrate\"")
    case 1:
      log.warning(
        "the coming days' tables are missing; see the leading worker's log, or run \"buttonwood migrate\"",
        ["days_ahead": days])
    default: log.notice("the coming days' tables are there again", ["days_ahead": days])
    }
  }
}
