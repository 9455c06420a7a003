import Lifecycle

// Roles end in an orderly way; other commands end at once.
if ["gateway", "worker"].contains(CommandLine.arguments.dropFirst().first) { StopSignal.prepare() }

let commands = CommandTable(
  "buttonwood", "A stock exchange and brokerage of your own.",
  [
    .init("gateway", "Serves the Trading API.") { await GatewayCommand.run($0) },
    .init("worker", "Matches and settles the shards it claims.") { await WorkerCommand.run($0) },
    .init("migrate", "Brings the database's schema up to date.") { await MigrateCommand.run($0) },
    .init("account", "Opens accounts, moves money and shares, hands out keys.") { await AccountCommand.run($0) },
    .init("instrument", "Lists what is traded; halts and resumes it.") { await InstrumentCommand.run($0) },
    .init("bounds", "Says what single orders may be at most.") { await BoundsCommand.run($0) },
    .init("calendar", "Shows trading days; closes and shortens them.") { await CalendarCommand.run($0) },
    .init("market", "Opens and closes the market by hand; shows how it stands.") { await MarketCommand.run($0) },
    .init("quarantine", "Looks after commands that workers could not carry out.") { await QuarantineCommand.run($0) },
    .init("restored", "Ends a restore: what Redis holds of before is let go.") { await RestoredCommand.run($0) },
    .init("stream-key", "Looks after the keys that sign stream entries.") { await StreamKeyCommand.run($0) },
    .init("log", "Lists what operators did.") { await LogCommand.run($0) },
    .init("status", "Shows workers and shards.") { await StatusCommand.run($0) },
    .init("audit", "Checks every invariant on the live database.") { await AuditCommand.run($0) },
    .init("settings", "Prints the settings of gateways and workers as a table.") { SettingsCommand.run($0) },
    .init("version", "Prints the program's version.") { _ in
      Console.write("buttonwood \(Version.text)\n")
      return 0
    },
  ])

ProcessEnd.now(await commands.run(Array(CommandLine.arguments.dropFirst())))
