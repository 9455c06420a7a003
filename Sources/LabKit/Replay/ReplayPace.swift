/// How quickly recorded rows follow each other.
package enum ReplayPace: Sendable, Equatable {
  /// As quickly as the system takes them.
  case unbounded
  /// As recorded, this many thousandths as quickly.
  case recorded(thousandths: Int64)

  /// The quickest and slowest multiples, in thousandths.
  static let range: ClosedRange<Int64> = 1...100_000_000

  /// Reads `max`, or a multiple of the recorded speed such as `1`, `20` or `0.5`; nil for anything else.
  package init?(_ text: String) {
    if text == "max" {
      self = .unbounded
      return
    }
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard (1...2).contains(parts.count), let whole = UInt32(parts[0]) else { return nil }
    var thousandths = Int64(whole) * 1000
    if parts.count == 2 {
      guard (1...3).contains(parts[1].count), let fraction = UInt32(parts[1]) else { return nil }
      thousandths += Int64(fraction) * [100, 10, 1][parts[1].count - 1]
    }
    guard Self.range.contains(thousandths) else { return nil }
    self = .recorded(thousandths: thousandths)
  }

  /// Nanoseconds after the start at which something is due that was recorded `offset` nanoseconds after the first row.
  func delay(of offset: Int64) -> Int64 {
    switch self {
    case .unbounded: 0
    case .recorded(let thousandths):
      offset / thousandths * 1000 + offset % thousandths * 1000 / thousandths
    }
  }
}
