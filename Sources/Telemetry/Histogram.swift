internal import Synchronization

/// How many of the observed values lie below each of some fixed bounds, and their sum.
public final class Histogram: Sendable {
  /// Bounds for spans of time from a tenth of a millisecond to ten seconds.
  public static let latencyBounds: [Duration] = [
    .microseconds(100), .microseconds(250), .microseconds(500), .milliseconds(1), .microseconds(2500), .milliseconds(5),
    .milliseconds(10), .milliseconds(25), .milliseconds(50), .milliseconds(100), .milliseconds(250), .milliseconds(500),
    .seconds(1), .milliseconds(2500), .seconds(5), .seconds(10),
  ]

  /// The inclusive upper bounds, ascending; one more bucket takes what is above.
  let upperBounds: [Int64]
  /// Shown values are observed values × `10^-fractionDigits`.
  let fractionDigits: Int
  private let buckets: [Bucket]
  private let sum = Atomic<Int64>(0)

  private final class Bucket: Sendable {
    let count = Atomic<Int>(0)
  }

  init(upperBounds: [Int64], fractionDigits: Int) {
    precondition(zip(upperBounds, upperBounds.dropFirst()).allSatisfy { $0 < $1 }, "bounds ascend")
    self.upperBounds = upperBounds
    self.fractionDigits = fractionDigits
    buckets = (0...upperBounds.count).map { _ in Bucket() }
  }

  /// Counts a span of time.
  public func observe(_ span: Duration) { observe(Self.nanoseconds(span)) }

  /// Counts a value: nanoseconds in a distribution of spans of time.
  public func observe(_ value: Int64) {
    var low = 0
    var high = upperBounds.count
    while low < high {
      let middle = (low + high) / 2
      if value <= upperBounds[middle] { high = middle } else { low = middle + 1 }
    }
    buckets[low].count.wrappingAdd(1, ordering: .relaxed)
    sum.wrappingAdd(value, ordering: .relaxed)
  }

  /// Counts a bucket, not cumulative, and the sum.
  var reading: (counts: [Int], sum: Int64) {
    (buckets.map { $0.count.load(ordering: .relaxed) }, sum.load(ordering: .relaxed))
  }

  static func nanoseconds(_ span: Duration) -> Int64 {
    span.components.seconds * 1_000_000_000 + span.components.attoseconds / 1_000_000_000
  }
}
