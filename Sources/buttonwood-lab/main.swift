import LabKit
import Lifecycle

let benchmarks = CommandTable(
  "buttonwood-lab bench", "Benchmarks: results as a table or, with --json, as JSON.",
  [
    .init("engine", "The matching engine alone, without I/O.") { EngineBench.run($0) },
    .init("gateway", "The gateway's own work, acceptance stubbed.") { await GatewayBench.run($0) },
    .init("accept", "Accepting orders in PostgreSQL, against the floor.") { await LedgerBench.run(.accept, $0) },
    .init("settle", "Settling orders in PostgreSQL, against the floor.") { await LedgerBench.run(.settle, $0) },
    .init("system", "Orders over HTTP through gateway and workers to settled.") { await SystemBench.run($0) },
    .init("expiry", "A close that ends a million open orders, and orders entered meanwhile.") {
      await ExpiryBench.run($0)
    },
    .init("auction", "An opening at which a million orders cross, and orders in other shards meanwhile.") {
      await AuctionBench.run($0)
    },
    .init("age", "The same requests beside the tables of a few days and of very many.") { await AgeBench.run($0) },
    .init("recovery", "Reading the book of a shard with very many open orders.") { await RecoveryBench.run($0) },
    .init("stream-entries", "What the signatures of stream entries cost.") { StreamEntriesBench.run($0) },
    .init("streams", "Thousands of event streams of a running system, under load.") { await StreamsBench.run($0) },
  ])

let commands = CommandTable(
  "buttonwood-lab", "Replay, benchmarks and simulators for Buttonwood: what production does not need.",
  [
    .init("replay", "Drives a gateway with recorded order flow over HTTP.") { await ReplayCommand.run($0) },
    .init("verify", "Feeds recorded streams to the matching engine and compares every fill.") { Verify.run($0) },
    .init("bench", "Runs a benchmark.", table: benchmarks),
    .init("simulate", "Runs the whole exchange in memory under the faults that seeds draw.") {
      SimulateCommand.run($0)
    },
  ])

let words = Array(CommandLine.arguments.dropFirst())
// Before the first task: the simulation takes all of them over.
if words.first == "simulate" { ProcessEnd.now(SimulateCommand.run(Array(words.dropFirst()))) }
let ended = Latch()
Task.detached { ProcessEnd.now(await commands.run(words)) }
ended.wait()
