internal import Accounting
internal import LabKit
internal import Lifecycle
internal import Market

/// `bench streams`: thousands of open event streams while orders are settled: whether each gets everything once and in
/// order, how soon, and what the streams cost in memory and CPU time.
enum StreamsBench {
  struct Options {
    var url: String
    var gateways: [Int]
    var workers: [Int]
    var streams: StreamOptions
    var load: SystemLoadOptions
    var json: Bool

    init(_ arguments: [String]) throws(CommandLineExit) {
      var line = CommandLineOptions(
        "buttonwood-lab bench streams",
        """
        Puts a load on a running system without streams, opens streams of the accounts' events, puts the same load on it \
        again, and tells how many streams stayed open, whether each got every event of its account once and in order (as \
        the ledger has them), how long events took from their commit to the client, and what gateways and workers used.

        Nothing else may trade for the accounts meanwhile. The times are of one clock only on the system's own machine, \
        and begin at the commit only where PostgreSQL runs with track_commit_timestamp; otherwise they begin when the \
        worker decided. Memory and CPU time are those of the processes named.
        """, arguments)
      url = line.requiredText(
        "database-url", "URL", variable: .named("DATABASE_URL"), help: "The system's database, as libpq takes it.")
      gateways = line.processNumbers(
        "gateway-pids", help: "The gateways' processes on this machine, whose memory and CPU time are told.")
      workers = line.processNumbers(
        "worker-pids", help: "The workers' processes on this machine, whose CPU time is told.")
      streams = StreamOptions(&line)
      load = SystemLoadOptions(&line, standardRate: 500)
      json = line.flag("json", help: "Prints JSON.")
      try line.finish()
      if streams.gateways.isEmpty { streams.gateways = [load.address] }
    }
  }

  /// Descriptors beside those of streams and the load's connections.
  private static let spareFiles = 64

  static func run(_ arguments: [String]) async -> Int32 {
    let options: Options
    do throws(CommandLineExit) { options = try Options(arguments) } catch { return error.report() }
    do {
      let needed = options.streams.count + options.load.connections + spareFiles
      if let limit = OpenFiles.shortage(of: needed) {
        throw TradingClientError.cannotStart(
          "\(options.streams.count) streams need \(needed) open files, and this process may have \(limit); "
            + "raise the hard limit (ulimit -Hn) or open fewer")
      }
      let report = try await StreamsRun(options).run()
      Console.write(options.json ? report.json.text + "\n" : report.text)
      return report.isSound ? 0 : 1
    } catch {
      Console.write("buttonwood-lab bench streams: \(error)\n", to: .error)
      return 1
    }
  }
}
