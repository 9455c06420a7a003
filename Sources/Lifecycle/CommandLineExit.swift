/// Why a command ends before it began: help was asked for, or the command line was not understood.
package enum CommandLineExit: Error, Equatable {
  /// The help text was asked for: nothing is wrong.
  case help(String)
  /// The settings were asked for, by who shows them.
  case settings([Setting])
  /// What is wrong with the command line, one sentence a mistake.
  case usage(command: String, mistakes: [String])

  /// What the user reads, newline included.
  package var text: String {
    switch self {
    case .help(let text): text
    case .settings(let settings): settings.map { $0.flag + "\n" }.joined()
    case .usage(let command, let mistakes):
      mistakes.map { "\(command): \($0)\n" }.joined() + "Try \"\(command) --help\".\n"
    }
  }

  /// The exit status: 0 for help, 2 for a mistake.
  package var status: Int32 {
    switch self {
    case .help, .settings: 0
    case .usage: 2
    }
  }

  /// Prints the text, help to standard output and mistakes to standard error, and returns the exit status.
  package func report() -> Int32 {
    switch self {
    case .help, .settings: Console.write(text)
    case .usage: Console.write(text, to: .error)
    }
    return status
  }
}
