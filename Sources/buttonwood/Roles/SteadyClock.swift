internal import Lifecycle
internal import Market

/// The wall clock as it stood when the process began, and what has passed since: it shows moments and does not jump.
struct SteadyClock: Sendable {
  private let began = HostClock.microsecondsSinceEpoch()
  private let origin = HostClock.monotonicNanoseconds()

  /// The moment now.
  var now: Timestamp { Timestamp(rawValue: began + (HostClock.monotonicNanoseconds() - origin) / 1_000) }
}
