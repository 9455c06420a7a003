/// Pieces of Prometheus's text format.
enum MetricText {
  /// Whether a text may name a metric.
  static func isName(_ text: String) -> Bool {
    guard let first = text.utf8.first, !(0x30...0x39).contains(first) else { return false }
    return text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: ":"):
        true
      default: false
      }
    }
  }

  /// A help text in one line.
  static func help(_ text: String) -> String { escaped(text, quotes: false) }

  /// `shard="3",role="worker"`; empty without labels.
  static func labels(_ labels: [(String, String)]) -> String {
    labels.map { "\($0.0)=\"\(escaped($0.1, quotes: true))\"" }.joined(separator: ",")
  }

  /// One sample.
  static func line(_ name: String, _ labels: String, _ value: String) -> String {
    labels.isEmpty ? "\(name) \(value)\n" : "\(name){\(labels)} \(value)\n"
  }

  /// The samples of a histogram: cumulative buckets, sum and count.
  static func lines(_ name: String, _ labels: String, _ histogram: Histogram) -> String {
    let reading = histogram.reading
    let separator = labels.isEmpty ? "" : ","
    var text = ""
    var total = 0
    for (index, count) in reading.counts.enumerated() {
      total += count
      let bound =
        index < histogram.upperBounds.count
        ? decimal(histogram.upperBounds[index], fractionDigits: histogram.fractionDigits) : "+Inf"
      text += line("\(name)_bucket", labels + separator + "le=\"\(bound)\"", "\(total)")
    }
    text += line("\(name)_sum", labels, decimal(reading.sum, fractionDigits: histogram.fractionDigits))
    return text + line("\(name)_count", labels, "\(total)")
  }

  /// `value` × `10^-fractionDigits` without trailing zeros.
  static func decimal(_ value: Int64, fractionDigits: Int) -> String {
    guard fractionDigits > 0 else { return "\(value)" }
    var digits = String(value.magnitude)
    digits = String(repeating: "0", count: max(0, fractionDigits + 1 - digits.count)) + digits
    var fraction = digits.suffix(fractionDigits)
    while fraction.last == "0" { fraction.removeLast() }
    let whole = (value < 0 ? "-" : "") + digits.dropLast(fractionDigits)
    return fraction.isEmpty ? whole : "\(whole).\(fraction)"
  }

  private static func escaped(_ text: String, quotes: Bool) -> String {
    var shown = ""
    for character in text {
      switch character {
      case "\\": shown += "\\\\"
      case "\n": shown += "\\n"
      case "\"" where quotes: shown += "\\\""
      default: shown.append(character)
      }
    }
    return shown
  }
}
