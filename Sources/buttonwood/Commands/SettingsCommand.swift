internal import Lifecycle

/// `buttonwood settings`: the settings of the roles as a table in Markdown, made from what their commands read. README shows it.
enum SettingsCommand {
  /// Prints the table; returns the exit status.
  static func run(_ arguments: [String]) -> Int32 {
    let line = CommandLineOptions(
      "buttonwood settings", "Prints the settings of gateways and workers as a table in Markdown.", arguments)
    do throws(CommandLineExit) { try line.finish() } catch { return error.report() }
    Console.write(table)
    return 0
  }

  /// Settings of both roles come first.
  static var table: String {
    let (gateway, worker) = (GatewayCommand.settings, WorkerCommand.settings)
    let both = gateway.filter(worker.contains)
    let rows =
      both.map { row($0, "both") }
      + gateway.filter { !both.contains($0) }.map { row($0, "gateway") }
      + worker.filter { !both.contains($0) }.map { row($0, "worker") }
    return (["| flag | variable | default | role | what |", "|---|---|---|---|---|"] + rows)
      .map { $0 + "\n" }.joined()
  }

  private static func row(_ setting: Setting, _ role: String) -> String {
    let cells = [
      "`\(setting.flag)`", setting.variable.map { "`\($0)`" } ?? "", setting.standard, role, setting.help,
    ]
    return "| " + cells.map(escaped).joined(separator: " | ") + " |"
  }

  /// A bar would end the cell, even within code.
  private static func escaped(_ text: String) -> String {
    text.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|")
  }
}
