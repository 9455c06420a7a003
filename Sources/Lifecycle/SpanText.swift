/// Spans of time as people write them: a number and its unit.
package enum SpanText {
  private static let units: [(suffix: String, nanoseconds: Int64)] = [
    ("ns", 1), ("us", 1000), ("µs", 1000), ("ms", 1_000_000), ("s", 1_000_000_000), ("m", 60_000_000_000),
    ("h", 3_600_000_000_000), ("d", 86_400_000_000_000),
  ]

  /// Reads `250us`, `1500ms`, `1.5s`, `10m`, `2h` or `1d`; `0` needs no unit. Nil when it is anything else, finer than a
  /// nanosecond, or beyond 290 years.
  package static func parse(_ text: String) -> Duration? {
    if text == "0" { return .zero }
    let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    guard let unit = units.first(where: { $0.suffix == text[number.endIndex...] }) else { return nil }
    let parts = number.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count <= 2, let whole = Int64(parts[0]) else { return nil }
    var (total, overflow) = whole.multipliedReportingOverflow(by: unit.nanoseconds)
    if parts.count == 2 {
      guard !parts[1].isEmpty else { return nil }
      var place = unit.nanoseconds
      for digit in parts[1].utf8 {
        guard place % 10 == 0 else { return nil }
        place /= 10
        let (sum, tooMuch) = total.addingReportingOverflow(Int64(digit - UInt8(ascii: "0")) * place)
        total = sum
        overflow = overflow || tooMuch
      }
    }
    return overflow ? nil : .nanoseconds(total)
  }

  /// The span in the largest unit that leaves a whole number: `1500ms`, `2h`.
  package static func format(_ span: Duration) -> String {
    let nanoseconds = span.components.seconds * 1_000_000_000 + span.components.attoseconds / 1_000_000_000
    guard nanoseconds != 0 else { return "0" }
    let unit = units.reversed().first { nanoseconds % $0.nanoseconds == 0 && $0.suffix != "µs" }!
    return "\(nanoseconds / unit.nanoseconds)\(unit.suffix)"
  }
}
