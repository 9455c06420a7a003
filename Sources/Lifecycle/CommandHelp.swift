/// The help text of a command, made from its declarations.
enum CommandHelp {
  /// One line of the list of options or arguments.
  struct Entry: Equatable, Sendable {
    /// `--speed X|max`, or `FILE`.
    var label: String
    var isArgument: Bool
    /// Where it can be set beside its flag.
    var variable: String?
    /// The default as it is shown; empty for none.
    var standard: String?
    var help: String

    /// The flag without its placeholder; none for an argument.
    var flags: [String] { isArgument ? [] : [String(label.prefix { $0 != " " })] }

    /// Default and variable, in brackets behind the help.
    var note: String {
      var notes: [String] = []
      if let standard { notes.append("default \(standard.isEmpty ? "none" : standard)") }
      if let variable { notes.append(variable) }
      return notes.isEmpty ? "" : "[\(notes.joined(separator: "; "))]"
    }

    static func option(
      _ name: String, _ placeholder: String?, variable: String?, default standard: String?, help: String
    ) -> Entry {
      Entry(
        label: "--\(name)" + (placeholder.map { " \($0)" } ?? ""), isArgument: false, variable: variable,
        standard: standard, help: help)
    }

    static func argument(_ label: String, help: String) -> Entry {
      Entry(label: label, isArgument: true, variable: nil, standard: nil, help: help)
    }
  }

  /// Columns of the whole text.
  static let width = 100
  /// Column at which descriptions begin.
  static let indent = 30

  static func text(command: String, summary: String, entries: [Entry]) -> String {
    let arguments = entries.filter(\.isArgument)
    var options = entries.filter { !$0.isArgument }
    options.append(.option("help", nil, variable: nil, default: nil, help: "Shows this text."))
    var text = "Usage: \(command) [OPTIONS]" + arguments.map { " " + $0.label }.joined() + "\n\n"
    text += paragraphs(summary)
    if !arguments.isEmpty { text += "\nArguments:\n" + arguments.map(lines).joined() }
    text += "\nOptions:\n" + options.map(lines).joined()
    return text
  }

  /// The lines `  name   summary` of a table of commands.
  static func table(_ rows: [(name: String, summary: String)]) -> String {
    rows.map { lines(.argument($0.name, help: $0.summary)) }.joined()
  }

  static func paragraphs(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false)
      .map { wrapped(String($0), width: width).joined(separator: "\n") + "\n" }.joined()
  }

  private static func lines(_ entry: Entry) -> String {
    let label = "  " + entry.label
    let description = wrapped(entry.help + (entry.note.isEmpty ? "" : " " + entry.note), width: width - indent)
    let margin = String(repeating: " ", count: indent)
    var text = ""
    for (index, line) in description.enumerated() {
      if index == 0, label.count + 2 <= indent {
        text += label + String(repeating: " ", count: indent - label.count)
      } else {
        text += (index == 0 ? label + "\n" : "") + margin
      }
      text += line + "\n"
    }
    return text
  }

  private static func wrapped(_ text: String, width: Int) -> [String] {
    var lines = [""]
    for word in text.split(separator: " ") {
      let last = lines[lines.count - 1]
      if last.isEmpty {
        lines[lines.count - 1] = String(word)
      } else if last.count + 1 + word.count <= width {
        lines[lines.count - 1] += " " + word
      } else {
        lines.append(String(word))
      }
    }
    return lines
  }
}
