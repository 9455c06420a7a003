internal import Lifecycle
internal import Ports
internal import Services

/// `buttonwood audit`: every invariant on the live database.
enum AuditCommand {
  static let summary = """
    Checks every invariant of the accounts, orders, trades and logs on the live database, in one consistent snapshot \
    that locks nothing. Prints each check with its count and what violates it.
    Exit status: 0 all hold, 1 a violation was found or the database cannot be read, 2 usage.
    """

  static func run(_ arguments: [String]) async -> Int32 {
    var line = CommandLineOptions("buttonwood audit", summary, arguments)
    let url = line.databaseURL()
    let replay = line.flag("replay", help: "Matches the logs again and compares events, trades and books.")
    let samples = line.integer(
      "show", default: 20, in: 0...100_000, variable: .none, help: "Violations printed per check; all are counted.")
    let json = line.json()
    do { try line.finish() } catch { return error.report() }
    let isWatched = Console.Stream.error.isTerminal
    do throws(AdministrationError) {
      let report = try await CommandLineTool.audit(url).run(replay: replay, samples: samples) { progress in
        if isWatched { show(AuditPrinter.line(progress)) }
      }
      if isWatched { show("") }
      Console.write(json ? AuditPrinter.json(report) : AuditPrinter.text(report))
      return report.isClean ? 0 : 1
    } catch {
      if isWatched { show("") }
      return CommandLineTool.fail("buttonwood audit", error)
    }
  }

  /// Redraws the line of progress.
  private static func show(_ line: String) {
    Console.write("\r\u{1B}[K" + line.prefix(max(0, Console.Stream.error.columns - 1)), to: .error)
  }
}
