internal import Lifecycle

/// `buttonwood calendar`: the days and hours of trading.
enum CalendarCommand {
  private static let table = CommandTable(
    "buttonwood calendar",
    "Shows trading days (\"buttonwood calendar --from D --to D\"); closes and shortens them.",
    [
      .init("list", "Lists trading days; what is done when no command is named.") { await CalendarListCommand.run($0) },
      .init("close", "Closes a day.") { await CalendarChangeCommand.close($0) },
      .init("shorten", "Closes a day early.") { await CalendarChangeCommand.shorten($0) },
      .init("restore", "Lets a day follow the rules again.") { await CalendarChangeCommand.restore($0) },
    ])

  /// Runs the command that the first word names, or lists, and returns its exit status.
  static func run(_ arguments: [String]) async -> Int32 {
    guard let first = arguments.first, first.hasPrefix("--"), first != "--help" else {
      return await table.run(arguments)
    }
    return await CalendarListCommand.run(arguments)
  }
}
