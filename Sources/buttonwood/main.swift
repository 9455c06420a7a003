import Glibc
import Lifecycle

let commands = CommandTable(
  "buttonwood", "A stock exchange and brokerage of your own.",
  [
    .init("gateway", "Serves the Trading API.") { await GatewayCommand.run($0) },
    .init("worker", "Matches and settles the shards it claims.") { await WorkerCommand.run($0) },
    .init("migrate", "Brings the schema of the database up to date.") { await MigrateCommand.run($0) },
    .init("account", "Keeps accounts.") { await AccountCommand.run($0) },
    .init("instrument", "Keeps the list of what is traded.") { await InstrumentCommand.run($0) },
    .init("status", "Shows workers and shards.") { await StatusCommand.run($0) },
  ])

let arguments = Array(CommandLine.arguments.dropFirst())
// Before there is a second thread. Commands that are no roles end at once when they are interrupted.
if let role = arguments.first, ["gateway", "worker"].contains(role) { StopSignal.prepare() }

exit(await commands.run(arguments))
