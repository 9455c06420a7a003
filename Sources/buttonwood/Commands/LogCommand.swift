internal import JSON
internal import Lifecycle
internal import Market
internal import Ports

/// `buttonwood log`: what operators did.
enum LogCommand {
  private static let name = "buttonwood log"

  static func run(_ arguments: [String]) async -> Int32 {
    var line = CommandLineOptions(
      name,
      """
      Lists what operators did, by commands and over admin endpoints, and what they were refused: the latest entries, the last \
      one last. Each was stored in the transaction that made the change. Entries are never changed.
      """, arguments)
    let url = line.databaseURL()
    var question = AdminLogQuestion(limit: 0)
    question.account = line.optional(
      "account", "ACCOUNT", variable: .none, expected: "an account_id (a UUID) or a number",
      help: "Only what was done to this account or its keys."
    ) { AccountName($0) }
    question.prefix = line.optionalText(
      "action", "PREFIX", variable: .none, help: "Only actions that begin so, such as \"account keys\".")
    question.since = line.optional(
      "since", "TIME", variable: .none, expected: "a time such as 2026-11-27T14:30:00Z or a day such as 2026-11-27",
      help: "Nothing before this time; a day begins at midnight UTC."
    ) { Timestamp($0) }
    question.limit = Int32(line.integer("limit", default: 100, in: 1...100_000, variable: .none, help: "Most entries."))
    let printsJSON = line.json()
    do throws(CommandLineExit) { try line.finish() } catch { return error.report() }
    let asked = question
    return await CommandLineTool.run(name) { () async throws(AdministrationError) in
      let entries = try await CommandLineTool.log(url).list(asked)
      Console.write(printsJSON ? json(entries) : text(entries))
    }
  }

  static func text(_ entries: [AdminLogEntry]) -> String {
    guard !entries.isEmpty else { return "no entry of the log is like that\n" }
    var table = TextTable([
      .left("time"), .left("actor"), .left("action"), .left("target"), .left("arguments"), .left("outcome"),
    ])
    for entry in entries {
      table.add([
        second(entry.at), entry.actor, entry.action, oneLine(entry.target), arguments(entry), oneLine(entry.outcome),
      ])
    }
    return table.text
  }

  /// `2026-11-27T14:30:05Z`.
  private static func second(_ moment: Timestamp) -> String { "\(moment.description.prefix(19))Z" }

  /// `amount=5 reference="May rent"`.
  private static func arguments(_ entry: AdminLogEntry) -> String {
    guard let members = try? JSONDocument(Array(entry.arguments.utf8)).root.members else { return "" }
    return members.map { (name, value) in
      let text = oneLine(value.string ?? "")
      return "\(name)=" + (text.isEmpty || text.contains(" ") ? "\"\(text)\"" : text)
    }.joined(separator: " ")
  }

  /// Whatever somebody typed must not look like another entry, nor speak to the terminal.
  private static func oneLine(_ text: String) -> String {
    String(
      String.UnicodeScalarView(
        text.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 }))
  }

  private static func json(_ entries: [AdminLogEntry]) -> String {
    var writer = JSONWriter()
    writer.beginArray()
    for entry in entries {
      writer.beginObject()
      writer.key("entry")
      writer.integer(entry.number)
      writer.key("at")
      writer.string(entry.at.description)
      writer.key("actor")
      writer.string(entry.actor)
      writer.key("action")
      writer.string(entry.action)
      writer.key("target")
      writer.string(entry.target)
      writer.key("arguments")
      writer.verbatim(Array(entry.arguments.utf8))
      writer.key("outcome")
      writer.string(entry.outcome)
      writer.endObject()
    }
    writer.endArray()
    return writer.line
  }
}
