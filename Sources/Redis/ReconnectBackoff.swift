internal import Lifecycle

/// Counts failures in a row and says until when their server is left alone. Times are monotonic nanoseconds.
struct ReconnectBackoff {
  private let backoff: Backoff
  private var failures = 0
  private var until: Int64 = 0
  private var last: RedisError?

  init(_ backoff: Backoff) { self.backoff = backoff }

  /// Takes note of a connection that could not be made.
  mutating func failed(_ error: RedisError, now: Int64, random: UInt64) {
    failures += 1
    rest(error, now: now, random: random)
  }

  /// Takes note of a server that does not want to be the one (`READONLY`): the first time it is looked up again at once,
  /// then more and more slowly.
  mutating func turnedAway(_ error: RedisError, now: Int64, random: UInt64) {
    rest(error, now: now, random: random)
    failures += 1
  }

  /// Takes note of a call that was served.
  mutating func served() { failures = 0 }

  /// Lets the next call try at once: a connection that served is known to have died.
  mutating func end() { until = 0 }

  /// How long the server is still left alone, in nanoseconds.
  func remaining(now: Int64) -> Int64 { max(0, until - now) }

  /// - Throws: ``RedisError/unavailable(reason:)`` while the server is left alone.
  func check(now: Int64) throws(RedisError) {
    guard now < until, let last else { return }
    throw .unavailable(reason: "tried again in \((until - now) / 1_000_000) ms; last: \(last)")
  }

  private mutating func rest(_ error: RedisError, now: Int64, random: UInt64) {
    until = now + backoff.rest(afterFailures: failures, random: random).wholeNanoseconds
    last = error
  }
}
