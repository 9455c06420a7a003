import Glibc
import Lifecycle
import Postgres
import PostgresStore

StopSignal.prepare()

let commands = CommandTable(
  "buttonwood", "A stock exchange and brokerage of your own.",
  [
    .init("gateway", "Serves the Trading API.") { await GatewayCommand.run($0) },
    .init("worker", "Matches and settles the shards it claims.") { await WorkerCommand.run($0) },
    .init("migrate", "tmp") { _ in
      var c = try! PostgresConnection(PostgresOptions(url: String(cString: getenv("DATABASE_URL")), applicationName: "m"))
      do { print(try Migrator.run(&c, shards: nil)) } catch { print(error) }
      return 0
    },
  ])

exit(await commands.run(Array(CommandLine.arguments.dropFirst())))
