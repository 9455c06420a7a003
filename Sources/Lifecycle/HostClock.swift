internal import Glibc

/// Readings of the host's clocks. Only shells read them; decisions take times as arguments.
public enum HostClock {
  /// Wall-clock microseconds since 1970-01-01T00:00:00Z.
  public static func microsecondsSinceEpoch() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
  }

  /// Nanoseconds of a clock that never runs backwards and knows no date.
  public static func monotonicNanoseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
