package import JSON
internal import Market
package import Services

extension JSONWriter {
  /// What is wrong, as `GET /admin/findings` and `buttonwood status --json` tell it.
  package mutating func findings(_ findings: [Finding]) {
    beginArray()
    for finding in findings {
      beginObject()
      key("severity")
      string(finding.severity.rawValue)
      key("code")
      string(finding.code.rawValue)
      key("message")
      string(finding.message)
      key("since")
      if let since = finding.since { string(since.description) } else { null() }
      endObject()
    }
    endArray()
  }

  /// An object with the findings alone.
  package mutating func findingsObject(_ list: [Finding]) {
    beginObject()
    key("findings")
    findings(list)
    endObject()
  }
}
