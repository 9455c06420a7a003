internal import Gateway
internal import JSON
internal import Lifecycle
internal import Market
internal import Ports
internal import PostgresStore
internal import RedisStore
internal import Services
internal import Sharding

/// `buttonwood status`: how the fleet stands.
enum StatusCommand {
  private static let name = "buttonwood status"
  /// How often `--watch` looks.
  private static let interval = Duration.seconds(1)

  /// Runs the command and returns its exit status.
  static func run(_ arguments: [String]) async -> Int32 {
    var line = CommandLineOptions(
      name, "Shows workers and shards: who owns what, how far it has come, how many workers are wanted.", arguments)
    let connections = ConnectionOptions(&line)
    let watches = line.flag("watch", help: "Looks again every second until interrupted.")
    let printsJSON = line.json()
    do throws(CommandLineExit) { try line.finish() } catch { return error.report() }
    let redis = RedisStoreSettings(address: connections.redis, name: "status")
    let inquiry = FleetInquiry(
      shards: PostgresShardReader(session: CommandLineTool.session(connections.databaseURL)),
      leases: RedisLeaseStore(redis), members: RedisMembership(redis), leaders: RedisLeadership(redis),
      now: { Timestamp(rawValue: HostClock.monotonicNanoseconds() / 1000) })
    while true {
      let status = await show(
        inquiry, asJSON: printsJSON, clears: watches && !printsJSON && Console.Stream.output.isTerminal)
      guard watches else { return status }
      do { try await Task.sleep(for: interval) } catch { return status }
    }
  }

  private static func show(_ inquiry: FleetInquiry, asJSON: Bool, clears: Bool) async -> Int32 {
    do throws(LedgerError) {
      let fleet = try await inquiry.fleet()
      Console.write((clears ? "\u{1B}[H\u{1B}[J" : "") + (asJSON ? json(fleet) : FleetText.text(fleet)))
      return 0
    } catch {
      switch error {
      case .unavailable(_, let reason), .fault(let reason): return CommandLineTool.fail(name, reason)
      case .outcomeUnknown: return CommandLineTool.fail(name, "the connection to PostgreSQL was lost")
      }
    }
  }

  private static func json(_ fleet: FleetStatus) -> String {
    var writer = JSONWriter()
    writer.fleet(fleet)
    return writer.line
  }
}
