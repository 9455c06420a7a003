internal import Lifecycle

/// `buttonwood instrument`: the commands that keep the list of instruments.
enum InstrumentCommand {
  private static let table = CommandTable(
    "buttonwood instrument", "Keeps the list of what is traded.",
    [
      .init("add", "Adds an instrument.") { await InstrumentAddCommand.run($0) },
      .init("import", "Adds and updates instruments from a file.") { await InstrumentImportCommand.run($0) },
      .init("list", "Lists instruments.") { await InstrumentListCommand.run($0) },
      .init("halt", "Halts an instrument, or all.") { await InstrumentHaltCommand.halt($0) },
      .init("band", "Sets price bands (limit up, limit down).") { await InstrumentBandCommand.run($0) },
      .init("resume", "Lets it trade again.") { await InstrumentHaltCommand.resume($0) },
    ])

  /// Runs the command that the first word names and returns its exit status.
  static func run(_ arguments: [String]) async -> Int32 { await table.run(arguments) }
}
