import Glibc
import Lifecycle

/// What was measured in each row: printed, and kept as a table (`.build/faults.txt`) and as JSON (`.build/faults.json`).
/// Times are reported and never judged.
final class FaultReport: Sendable {
  struct Entry: Sendable {
    var row: FaultRow
    var acknowledged = 0
    var unanswered = 0
    var deferred = 0
    /// Milliseconds in which some client was told nothing.
    var silence: Int64 = 0
    /// Milliseconds in which some shard had work and did none.
    var gap: Int64 = 0
    /// Milliseconds from a worker's death to the first settlement by another.
    var takeOver: Int64?
    var lost = 0
    var doubled = 0
    var isAudited = false

    /// Takes from the clients' records what they tell.
    init(row: FaultRow, _ records: [TradingLoad.Record]) {
      self.row = row
      acknowledged = records.reduce(0) { $0 + $1.acknowledged.count + $1.cancelled.count }
      unanswered = records.reduce(0) { $0 + $1.unanswered.count }
      deferred = records.reduce(0) { $0 + $1.deferred }
      silence = (records.map(\.longestSilence).max() ?? 0) / 1_000_000
    }
  }

  static let shared = FaultReport()
  private let entries = Lock<[Entry]>([])

  func add(_ entry: Entry) {
    let all = entries.withLock { entries in
      entries.append(entry)
      return entries
    }
    write("[\n  " + all.map(\.json).joined(separator: ",\n  ") + "\n]\n", to: ".build/faults.json")
    var table = TextTable(
      [.right("row"), .left("fault")]
        + [
          "times", "acknowledged", "unanswered", "deferred", "client waited ms", "settling gap ms", "take-over ms",
          "lost",
          "doubled", "audit",
        ].map { .right($0) })
    for entry in all { table.add(entry.cells) }
    write(table.text, to: ".build/faults.txt")
    print("fault: " + entry.json)
    fflush(nil)
  }
}

extension FaultReport.Entry {
  fileprivate var cells: [String] {
    [
      "\(row.number)", row.name, "\(row.times)", "\(acknowledged)", "\(unanswered)", "\(deferred)", "\(silence)",
      "\(gap)", takeOver.map(String.init) ?? "", "\(lost)", "\(doubled)", isAudited ? "ok" : "FAULT",
    ]
  }

  fileprivate var json: String {
    """
    {"row": \(row.number), "fault": "\(row.name)", "times": \(row.times), "acknowledged": \(acknowledged), \
    "unanswered": \(unanswered), "deferred": \(deferred), "client_waited_ms": \(silence), "settling_gap_ms": \(gap), \
    "take_over_ms": \(takeOver.map(String.init) ?? "null"), "lost": \(lost), "doubled": \(doubled), \
    "audit_ok": \(isAudited)}
    """
  }
}

private func write(_ text: String, to path: String) {
  let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
  guard file >= 0 else { return }
  defer { close(file) }
  _ = text.withCString { Glibc.write(file, $0, strlen($0)) }
}

/// A variable of the environment; nil when it is empty.
func variable(_ name: String) -> String? {
  getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
}
