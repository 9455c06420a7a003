import Foundation
import Testing

/// Errors end up in logs, in stored reasons and on operators' screens. Each has a description for people, so that none of
/// them is shown as the compiler would write it: `PostgresError.server(state: "42P01", message: …)`.
struct ErrorTextTests {
  /// Refusals are data: a `switch` turns each into an answer of its own, and none is ever written out.
  private static let refusals: Set<String> = [
    "APIError", "RejectReason", "TicketRefusal", "HaltRefusal", "Refusal", "Malformed", "MalformedRow", "RowFault",
    "CommandLineExit", "PortionRefusal", "HTTPLoadFailure", "ReplayError", "Mistakes", "EntryRefusal",
  ]

  private static let sources = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Sources")

  private static let texts: [String] = {
    let files = FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil)
    return (files?.compactMap { $0 as? URL } ?? []).filter { $0.pathExtension == "swift" }
      .compactMap { try? String(contentsOf: $0, encoding: .utf8) }
  }()

  @Test func everyErrorHasADescriptionForPeople() throws {
    var errors: Set<String> = []
    var described: Set<String> = []
    for text in Self.texts {
      for match in text.matches(of: /(?:enum|struct|class|extension) ([A-Za-z.]+)(?:<[^>]*>)?: ([A-Za-z, ]+)/) {
        let name = String(match.1.split(separator: ".").last ?? match.1)
        let conformances = match.2.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        if conformances.contains("Error") { errors.insert(name) }
        if conformances.contains("CustomStringConvertible") { described.insert(name) }
      }
    }
    #expect(errors.contains("PostgresError") && errors.contains("StoreError"), "the search finds errors")
    #expect(errors.subtracting(described).subtracting(Self.refusals) == [])
  }

  /// An error as text goes through its description; `String(describing:)` and reflection would go round it.
  @Test func noErrorIsWrittenOutOtherwise() {
    for text in Self.texts {
      #expect(!text.contains("String(reflecting: error") && !text.contains("dump(error"))
    }
  }
}
