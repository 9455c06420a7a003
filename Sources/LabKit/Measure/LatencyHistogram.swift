/// Counts of spans of time in buckets whose width grows with the value: quantiles to within 1/128, in 38 kB whatever is
/// recorded.
///
/// Values below 256 ns are exact. Of a larger value the eight leading bits are kept, so that a bucket is at most 1/128 of
/// its values wide (the scheme of HdrHistogram with 128 sub-buckets). Two histograms merge by addition.
package struct LatencyHistogram: Sendable, Equatable {
  private static let leadingBits = 8
  private static let half = 1 << (leadingBits - 1)
  /// The largest value told apart from larger ones: 2^44 − 1 ns, nearly five hours.
  package static let ceiling: Int64 = 1 << 44 - 1

  private var counts = [UInt64](repeating: 0, count: index(of: ceiling) + 1)
  /// How many values were recorded.
  package private(set) var count: UInt64 = 0
  /// The largest value recorded in nanoseconds; 0 when there is none.
  package private(set) var maximum: Int64 = 0
  /// The smallest value recorded in nanoseconds; 0 when there is none.
  package private(set) var minimum: Int64 = 0
  private var sum: UInt64 = 0

  /// An empty histogram.
  package init() {}

  /// Counts a span in nanoseconds; a negative one counts as 0, one beyond ``ceiling`` as that.
  package mutating func record(_ nanoseconds: Int64) {
    let value = min(max(0, nanoseconds), Self.ceiling)
    counts[Self.index(of: value)] += 1
    minimum = count == 0 ? value : min(minimum, value)
    maximum = max(maximum, value)
    count += 1
    sum += UInt64(value)
  }

  /// Adds all that `other` counted.
  package mutating func merge(_ other: LatencyHistogram) {
    guard other.count > 0 else { return }
    for index in counts.indices { counts[index] += other.counts[index] }
    minimum = count == 0 ? other.minimum : min(minimum, other.minimum)
    maximum = max(maximum, other.maximum)
    count += other.count
    sum += other.sum
  }

  /// The mean in nanoseconds, rounded down; 0 when nothing was recorded.
  package var mean: Int64 { count == 0 ? 0 : Int64(sum / count) }

  /// The smallest value that at least `parts` of `whole` recorded values do not exceed, rounded up to the end of its bucket
  /// but never above ``maximum``: `quantile(999, of: 1000)` is the 99.9th percentile. 0 when nothing was recorded.
  package func quantile(_ parts: UInt64, of whole: UInt64) -> Int64 {
    guard count > 0 else { return 0 }
    let rank = max(1, (count * parts + whole - 1) / whole)
    var seen: UInt64 = 0
    for (index, bucket) in counts.enumerated() where bucket > 0 {
      seen += bucket
      if seen >= rank { return min(Self.upperBound(of: index), maximum) }
    }
    return maximum
  }

  static func index(of value: Int64) -> Int {
    let width = Int64.bitWidth - value.leadingZeroBitCount
    let shift = max(0, width - leadingBits)
    return shift * half + Int(value >> shift)
  }

  static func upperBound(of index: Int) -> Int64 {
    guard index >= 2 * half else { return Int64(index) }
    let shift = index / half - 1
    return (Int64(index - shift * half) + 1) << shift - 1
  }
}

extension LatencyHistogram {
  /// The quantiles that tables show, with their names.
  package static let shownQuantiles: [(name: String, parts: UInt64, whole: UInt64)] = [
    ("p50", 50, 100), ("p90", 90, 100), ("p99", 99, 100), ("p99.9", 999, 1000),
  ]

  /// The shown quantiles and the maximum, in nanoseconds.
  package var shown: [Int64] { Self.shownQuantiles.map { quantile($0.parts, of: $0.whole) } + [maximum] }

  /// Count, shown quantiles and maximum, in microseconds.
  package var json: JSONText {
    var members: [(String, JSONText)] = [("count", .integer(Int64(count)))]
    for (name, value) in zip(Self.shownQuantiles.map(\.name) + ["max"], shown) {
      members.append((name.filter { $0 != "." } + "_us", .integer(value / 1000)))
    }
    return .object(members)
  }
}
