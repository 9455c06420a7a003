/// The moments at which requests are meant to be sent at a given rate, whatever becomes of earlier ones.
///
/// Latencies counted from these moments rather than from the real sending include the time a request waited because the
/// system, or the generator, was behind: no coordinated omission. Moments are computed from the request's number, so that
/// rounding never accumulates.
package struct OpenLoopSchedule: Sendable {
  /// Requests a second.
  package let rate: Int
  /// How many requests there are.
  package let count: Int
  private let start: Int64
  private var issued = 0

  /// `rate` requests a second (at least 1) for `duration`, the first at `start` in monotonic nanoseconds.
  package init(rate: Int, duration: Duration, start: Int64) {
    precondition(rate > 0, "a schedule needs a rate")
    self.rate = rate
    self.start = start
    let (seconds, attoseconds) = duration.components
    count = Int(seconds) * rate + Int(attoseconds / 1_000_000_000) * rate / 1_000_000_000
  }

  /// When request `number`, counted from 0, is meant to be sent.
  package func moment(_ number: Int) -> Int64 {
    let (seconds, rest) = number.quotientAndRemainder(dividingBy: rate)
    return start + Int64(seconds) * 1_000_000_000 + Int64(rest) * 1_000_000_000 / Int64(rate)
  }

  /// The moment of the next request; nil when all are sent.
  package var next: Int64? { issued < count ? moment(issued) : nil }

  /// Takes the requests that are due at `now`, at most `limit`: the range of their numbers.
  package mutating func due(at now: Int64, limit: Int) -> Range<Int> {
    let first = issued
    while issued < count, issued - first < limit, moment(issued) <= now { issued += 1 }
    return first..<issued
  }
}
