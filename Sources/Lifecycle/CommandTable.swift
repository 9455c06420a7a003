/// A program's commands by name, with the help text that lists them; a command may itself be a table.
package struct CommandTable: Sendable {
  /// One command.
  package struct Command: Sendable {
    let name: String
    let summary: String
    let run: @Sendable ([String]) async -> Int32

    /// A command that `run` carries out: it gets the words behind its name and returns the exit status.
    package init(_ name: String, _ summary: String, run: @escaping @Sendable ([String]) async -> Int32) {
      self.name = name
      self.summary = summary
      self.run = run
    }

    /// A command that has commands of its own.
    package init(_ name: String, _ summary: String, table: CommandTable) {
      self.init(name, summary) { await table.run($0) }
    }
  }

  let program: String
  let summary: String
  let commands: [Command]

  /// A table; `program` is what one types before the command.
  package init(_ program: String, _ summary: String, _ commands: [Command]) {
    self.program = program
    self.summary = summary
    self.commands = commands
  }

  /// Runs the command that the first word names and returns its exit status; 2 when there is no such command.
  package func run(_ arguments: [String]) async -> Int32 {
    do throws(CommandLineExit) {
      return await (try command(arguments.first)).run(Array(arguments.dropFirst()))
    } catch {
      return error.report()
    }
  }

  func command(_ name: String?) throws(CommandLineExit) -> Command {
    guard let name else {
      throw .usage(command: program, mistakes: ["which command? There are " + names.joined(separator: ", ")])
    }
    guard name != "--help", name != "-h", name != "help" else { throw .help(help) }
    if let command = commands.first(where: { $0.name == name }) { return command }
    let near = Suggestion.nearest(to: name, among: names).map { "; did you mean \($0)?" } ?? ""
    throw .usage(command: program, mistakes: ["unknown command \"\(name)\"\(near)"])
  }

  private var names: [String] { commands.map(\.name) }

  private var help: String {
    "Usage: \(program) COMMAND …\n\n" + CommandHelp.paragraphs(summary) + "\nCommands:\n"
      + CommandHelp.table(commands.map { ($0.name, $0.summary) })
      + "\n\"\(program) COMMAND --help\" explains a command.\n"
  }
}
