extension TimeLimits {
  /// All time-outs as the table of the operators' manual.
  public static var table: String {
    let head = "| where | time-out | value | what it bounds | longer than, because |\n|---|---|---|---|---|"
    let rows = all.map { limit in
      let reasons = order.filter { $0.longer == limit }.map { rule in
        "\(rule.shorter.map(\.name).joined(separator: " + ")): \(rule.because)"
      }
      return
        "| \(limit.place.rawValue) | \(limit.name) | \(text(limit.value)) | \(limit.bounds) | \(reasons.joined(separator: "; ")) |"
    }
    return ([head] + rows).joined(separator: "\n")
  }

  /// `250 ms`, `1.5 s`.
  private static func text(_ value: Duration) -> String {
    let milliseconds = Int(value / .milliseconds(1))
    guard milliseconds >= 1_000 else { return "\(milliseconds) ms" }
    let tenths = milliseconds / 100
    return tenths % 10 == 0 ? "\(tenths / 10) s" : "\(tenths / 10).\(tenths % 10) s"
  }
}
