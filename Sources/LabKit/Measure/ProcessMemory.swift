internal import Lifecycle

/// Memory that processes hold, in KiB.
package struct ProcessMemory: Sendable, Equatable {
  /// Resident pages, shared ones counted in every process.
  package var resident: Int64
  /// Resident pages, shared ones divided by who shares them.
  package var proportional: Int64

  /// Reads the text of `/proc/PID/smaps_rollup` (proc(5)); nil when the two lines are not in it.
  package init?(rollup text: String) {
    var values: [Substring: Int64] = [:]
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      guard words.count == 3, words[2] == "kB" else { continue }
      values[words[0]] = Int64(words[1])
    }
    guard let resident = values["Rss:"], let proportional = values["Pss:"] else { return nil }
    self.resident = resident
    self.proportional = proportional
  }

  /// Names an amount.
  package init(resident: Int64, proportional: Int64) {
    self.resident = resident
    self.proportional = proportional
  }

  /// What processes of this machine hold together; nil when there is none to ask, or one is gone or not to be read.
  package static func of(_ pids: [Int]) -> ProcessMemory? {
    guard !pids.isEmpty else { return nil }
    var sum = ProcessMemory(resident: 0, proportional: 0)
    for pid in pids {
      guard let text = SmallFile.text("/proc/\(pid)/smaps_rollup", limit: 64 * 1024),
        let one = ProcessMemory(rollup: text)
      else { return nil }
      sum.resident += one.resident
      sum.proportional += one.proportional
    }
    return sum
  }

  /// The larger of each.
  package func most(_ other: ProcessMemory) -> ProcessMemory {
    ProcessMemory(
      resident: max(resident, other.resident), proportional: max(proportional, other.proportional))
  }

  /// Both as a JSON object.
  package var json: JSONText {
    .object([("rss_kib", .integer(resident)), ("pss_kib", .integer(proportional))])
  }
}
