internal import Glibc
internal import Lifecycle

/// CPU time that processes have used.
enum ProcessorTime {
  /// Nanoseconds that a process of this machine has run; 0 when it cannot be asked.
  ///
  /// Source: Linux, Documentation/scheduler/sched-stats.rst, /proc/PID/schedstat.
  static func nanoseconds(of pid: Int32) -> Int64 {
    guard let text = SmallFile.text("/proc/\(pid)/schedstat", limit: 256), let first = text.split(separator: " ").first
    else { return 0 }
    return Int64(first) ?? 0
  }

  /// Microseconds of user and system time of processes of this machine together; nil when there is none to ask, or when one of
  /// them is gone.
  ///
  /// Source: proc(5), /proc/PID/stat, fields 14 and 15, in clock ticks.
  static func microseconds(of pids: [Int]) -> Int64? {
    guard !pids.isEmpty else { return nil }
    var ticks: Int64 = 0
    for pid in pids {
      // The name in parentheses may hold spaces; the third field is the first behind it.
      guard let text = SmallFile.text("/proc/\(pid)/stat", limit: 4096), let end = text.lastIndex(of: ")") else {
        return nil
      }
      let fields = text[end...].split(separator: " ").dropFirst()
      guard fields.count > 12, let user = Int64(fields[fields.startIndex + 11]),
        let system = Int64(fields[fields.startIndex + 12])
      else { return nil }
      ticks += user + system
    }
    return ticks * 1_000_000 / Int64(sysconf(Int32(_SC_CLK_TCK)))
  }
}
