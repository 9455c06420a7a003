/// The options of one command: declared and read in one step, all mistakes reported together.
///
/// Every option is a flag `--name VALUE` (or `--name=VALUE`) and an environment variable `BUTTONWOOD_NAME`; the flag wins.
/// A reader returns the value given, or the default where nothing or nonsense was given; the nonsense is remembered and
/// ``finish()`` throws it, together with everything that no reader asked for. So a command reads
///
///     var line = CommandLineOptions("buttonwood gateway", "Serves the Trading API.", arguments)
///     let port = line.integer("port", default: 8080, in: 0...65535, help: "TCP port to listen on; 0 takes a free one.")
///     let lease = line.duration("lease", default: .milliseconds(1500), help: "How long a claim lasts unrenewed.")
///     let json = line.flag("json", help: "Prints JSON.")
///     let file = line.argument("FILE", help: "What to read.")
///     try line.finish()
///
/// and uses none of the values before `finish()` has returned. Positional arguments are read after all options.
package struct CommandLineOptions {
  let command: String
  let summary: String
  let environment: [String: String]
  var rest: [Token]
  var entries: [CommandHelp.Entry] = []
  var mistakes: [String] = []
  private var asksForHelp = false
  private let asksForSettings: Bool
  private var readsArguments = false

  /// A word of the command line that no reader has taken yet.
  struct Token: Equatable {
    var text: String
    /// Stands behind `--`, so it is never a flag.
    var literal: Bool
    var isFlag: Bool { !literal && text.hasPrefix("--") }
    var flagName: Substring { text.dropFirst(2).prefix { $0 != "=" } }
  }

  /// Begins reading.
  ///
  /// - Parameters:
  ///   - command: the program and command as one types them, for the usage line.
  ///   - summary: what the command does, for the help text; may have several paragraphs.
  ///   - arguments: the words behind the command.
  ///   - environment: the process's variables; an empty value counts as absent.
  package init(
    _ command: String, _ summary: String, _ arguments: [String],
    environment: [String: String] = ProcessEnvironment.current()
  ) {
    self.command = command
    self.summary = summary
    asksForSettings = arguments == Setting.question
    // What is told of settings must not depend on where it is asked.
    self.environment = asksForSettings ? [:] : environment
    let end = arguments.firstIndex(of: "--") ?? arguments.endIndex
    let words = arguments[..<end]
    asksForHelp = words.contains("--help") || words.contains("-h")
    rest = (asksForSettings ? [] : words).filter { $0 != "--help" && $0 != "-h" }.map {
      Token(text: $0, literal: false)
    }
    rest += arguments[end...].dropFirst().map { Token(text: $0, literal: true) }
  }

  /// Records a mistake that the caller found itself, such as two options that exclude each other.
  package mutating func mistake(_ text: String) { mistakes.append(text) }

  /// How many mistakes have been found so far.
  package var mistakeCount: Int { mistakes.count }

  /// Ends reading: returns when everything given was understood and `--help` was not asked for.
  /// - Throws: the help text, or all mistakes.
  package func finish() throws(CommandLineExit) {
    guard !asksForSettings else { throw .settings(entries.compactMap { Setting($0) }) }
    guard !asksForHelp else { throw .help(CommandHelp.text(command: command, summary: summary, entries: entries)) }
    let found = mistakes + rest.map(complaint)
    guard found.isEmpty else { throw .usage(command: command, mistakes: found) }
  }

  private func complaint(about token: Token) -> String {
    guard !token.literal, token.text.hasPrefix("-"), token.text.utf8.count > 1 else {
      return "unexpected argument \"\(token.text)\""
    }
    let flag = token.isFlag ? "--\(token.flagName)" : token.text
    let known = entries.flatMap(\.flags) + ["--help"]
    guard let near = Suggestion.nearest(to: flag, among: known) else { return "unknown option \(flag)" }
    return "unknown option \(flag); did you mean \(near)?"
  }
}

// MARK: - What every reader is made of

extension CommandLineOptions {
  /// A text that was given, with the place it came from as the user would name it.
  struct Given {
    var text: String
    var source: String
  }

  /// The environment variable of an option: `max-rows` → `BUTTONWOOD_MAX_ROWS`.
  static func variable(for name: String) -> String {
    "BUTTONWOOD_" + String(name.uppercased().map { $0 == "-" ? "_" : $0 })
  }

  /// Takes `--name VALUE` off the command line, else reads the variable.
  mutating func take(_ name: String, environment variable: String?) -> Given? {
    precondition(!readsArguments, "--\(name) is read after a positional argument")
    var given: Given?
    while let index = rest.firstIndex(where: { $0.isFlag && $0.flagName == name }) {
      if given != nil { mistakes.append("--\(name) is given more than once") }
      given = takeValue(at: index, of: name) ?? given
    }
    return given ?? fromEnvironment(variable)
  }

  private mutating func takeValue(at index: Int, of name: String) -> Given? {
    let token = rest.remove(at: index)
    if let equals = token.text.firstIndex(of: "=") {
      return Given(text: String(token.text[token.text.index(after: equals)...]), source: "--\(name)")
    }
    guard index < rest.count, !rest[index].isFlag, !rest[index].literal else {
      mistakes.append("--\(name) needs a value")
      return nil
    }
    return Given(text: rest.remove(at: index).text, source: "--\(name)")
  }

  /// Takes the flag `--name`, which has no value.
  mutating func takeFlag(_ name: String) -> Bool {
    precondition(!readsArguments, "--\(name) is read after a positional argument")
    let before = rest.count
    rest.removeAll { !$0.literal && $0.text == "--\(name)" }
    if let index = rest.firstIndex(where: { $0.isFlag && $0.flagName == name }) {
      mistakes.append("--\(name) takes no value")
      rest.remove(at: index)
    }
    return rest.count < before
  }

  func fromEnvironment(_ variable: String?) -> Given? {
    guard let variable, let text = environment[variable], !text.isEmpty else { return nil }
    return Given(text: text, source: variable)
  }

  /// Takes the next positional argument.
  mutating func takeArgument() -> String? {
    readsArguments = true
    guard let index = rest.firstIndex(where: { $0.literal || $0.text == "-" || !$0.text.hasPrefix("-") }) else {
      return nil
    }
    return rest.remove(at: index).text
  }
}
