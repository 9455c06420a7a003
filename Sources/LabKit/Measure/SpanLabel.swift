/// Spans of time for tables: three significant digits and a unit.
package enum SpanLabel {
  /// `870 ns`, `12.3 µs`, `4.56 ms`, `1.20 s`; rounded down.
  package static func text(_ nanoseconds: Int64) -> String {
    let units: [(name: String, size: Int64)] = [("s", 1_000_000_000), ("ms", 1_000_000), ("µs", 1000)]
    guard let unit = units.first(where: { nanoseconds >= $0.size }) else { return "\(nanoseconds) ns" }
    let hundredths = nanoseconds / (unit.size / 100)
    let whole = hundredths / 100
    if whole >= 100 { return "\(whole) \(unit.name)" }
    if whole >= 10 { return "\(whole).\(hundredths / 10 % 10) \(unit.name)" }
    return "\(whole).\(hundredths / 10 % 10)\(hundredths % 10) \(unit.name)"
  }

  /// `0:07`, `12:34`, `1:02:03`.
  package static func clock(_ nanoseconds: Int64) -> String {
    let seconds = max(0, nanoseconds / 1_000_000_000)
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60)
    return (hours > 0 ? "\(hours):" + (minutes < 10 ? "0" : "") : "") + "\(minutes):" + (rest < 10 ? "0" : "")
      + "\(rest)"
  }
}
