/// A setting of a command, as a table for people shows it.
package struct Setting: Hashable, Sendable {
  /// What a command is called with to have its settings told instead of running: its reader ends with
  /// ``CommandLineExit/settings(_:)``.
  package static let question = ["--settings"]

  /// `--lanes N`
  package let flag: String
  /// `BUTTONWOOD_LANES`; nil where only the flag sets it.
  package let variable: String?
  /// As it is shown; empty when there is none.
  package let standard: String
  /// What it is, in one or more sentences.
  package let help: String

  /// nil for a positional argument.
  init?(_ entry: CommandHelp.Entry) {
    guard !entry.isArgument else { return nil }
    flag = entry.label
    variable = entry.variable
    standard = entry.standard ?? ""
    help = entry.help
  }
}
