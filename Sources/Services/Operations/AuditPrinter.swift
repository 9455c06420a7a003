internal import JSON
package import Ports

/// An audit's report and progress as text, or as JSON.
package enum AuditPrinter {
  /// One line a check, violations indented below it, and a closing line.
  package static func text(_ report: AuditReport) -> String {
    let titles = report.results.map(\.title.count).max() ?? 0
    let counts = report.results.map { grouped($0.checked).count }.max() ?? 0
    var text = ""
    for result in report.results {
      let leaders = String(repeating: ".", count: titles - result.title.count + 3)
      let count = grouped(result.checked)
      let padding = String(repeating: " ", count: counts - count.count)
      text += "\(result.id)  \(result.title) \(leaders) \(padding)\(count) checked ... \(verdict(result))\n"
      for note in result.notes { text += "      \(note)\n" }
      for sample in result.samples { text += "      \(sample.name): \(sample.detail)\n" }
      let more = result.violations - result.samples.count
      if more > 0 { text += "      and \(grouped(more)) more\n" }
    }
    return text + closing(report) + "\n"
  }

  /// The report as one JSON object.
  package static func json(_ report: AuditReport) -> String {
    var json = JSONWriter()
    json.beginObject()
    json.key("clean")
    json.bool(report.isClean)
    json.key("violations")
    json.integer(Int64(report.violations))
    json.key("checks")
    json.beginArray()
    for result in report.results { write(result, to: &json) }
    json.endArray()
    json.endObject()
    return String(decoding: json.bytes, as: UTF8.self) + "\n"
  }

  /// The line that a terminal shows while a check runs.
  package static func line(_ progress: AuditProgress) -> String {
    let done = progress.checked.map { "\(grouped($0)) of " } ?? ""
    return
      "audit \(progress.place)/\(progress.total)  \(progress.id) \(progress.title): \(done)\(grouped(progress.toCheck))"
  }

  private static func write(_ result: AuditResult, to json: inout JSONWriter) {
    json.beginObject()
    json.key("id")
    json.string(result.id)
    json.key("title")
    json.string(result.title)
    json.key("checked")
    json.integer(Int64(result.checked))
    json.key("violations")
    json.integer(Int64(result.violations))
    json.key("samples")
    json.beginArray()
    for sample in result.samples {
      json.beginObject()
      json.key("id")
      json.string(sample.name)
      json.key("detail")
      json.string(sample.detail)
      json.endObject()
    }
    json.endArray()
    json.key("notes")
    json.beginArray()
    for note in result.notes { json.string(note) }
    json.endArray()
    json.endObject()
  }

  private static func verdict(_ result: AuditResult) -> String {
    switch result.violations {
    case 0: result.notes.isEmpty ? "ok" : "ok, with a note"
    case 1: "1 VIOLATION"
    default: "\(grouped(result.violations)) VIOLATIONS"
    }
  }

  private static func closing(_ report: AuditReport) -> String {
    let checks = "\(report.results.count) checks"
    if report.isClean { return "\(checks): every invariant holds" }
    let failed = report.results.filter { $0.violations > 0 }.map(\.id)
    return "\(checks): \(grouped(report.violations)) violations, found by \(failed.joined(separator: ", "))"
  }

  /// Digits in groups of three: `12,345`.
  static func grouped(_ number: Int) -> String {
    var text = ""
    for (index, digit) in String(number.magnitude).reversed().enumerated() {
      if index > 0, index % 3 == 0 { text.append(",") }
      text.append(digit)
    }
    return (number < 0 ? "-" : "") + String(text.reversed())
  }
}
