internal import Lifecycle
internal import Market
internal import Ports
internal import PostgresStore

/// `buttonwood market`: the market's day.
enum MarketCommand {
  private static let table = CommandTable(
    "buttonwood market", "Opens and closes a market whose clock is manual; shows how any market stands.",
    [
      .init("open", "Opens it, with an auction of what was collected.") { await MarketStageCommand.run(.open, $0) },
      .init("close", "Closes it, with an auction, and ends the day's orders.") {
        await MarketStageCommand.run(.closed, $0)
      },
      .init("pre-open", "Begins a day: orders are collected for its opening.") {
        await MarketStageCommand.run(.preOpen, $0)
      },
      .init("status", "Shows its clock and how instruments stand.") { await MarketStatusCommand.run($0) },
    ])

  /// Runs the command that the first word names and returns its exit status.
  static func run(_ arguments: [String]) async -> Int32 { await table.run(arguments) }
}

/// `buttonwood market open`, `close` and `pre-open`.
enum MarketStageCommand {
  /// How often it is looked whether the market has come there.
  private static let interval = Duration.milliseconds(100)

  static func run(_ stage: SessionStage, _ arguments: [String]) async -> Int32 {
    let word = stage == .closed ? "close" : stage.word
    let name = "buttonwood market \(word)"
    var line = CommandLineOptions(name, summary(stage), arguments)
    let url = line.databaseURL()
    let actor = line.actor()
    let wait = line.duration(
      "wait", default: .seconds(30), in: .zero...(.seconds(3_600)), variable: .none,
      help: "How long to wait until all instruments have come there; 0s to leave it to itself.")
    let printsJSON = line.json()
    do throws(CommandLineExit) { try line.finish() } catch { return error.report() }
    return await CommandLineTool.run(name) { () async throws(AdministrationError) in
      let office = MarketAdministration(session: CommandLineTool.session(url), actor: actor)
      let today = NewYorkTime.day(at: Timestamp(rawValue: HostClock.microsecondsSinceEpoch()))
      let aim = try await office.aim(at: stage, today: today)
      let status = try await arrival(at: aim.target, wait, office)
      Console.write(
        printsJSON
          ? MarketText.json(status, aim.target) : "the market is at \(aim.target)\(wait == .zero ? " soon" : "")\n")
    }
  }

  private static func summary(_ stage: SessionStage) -> String {
    let end = " Only with --market-clock manual."
    switch stage {
    case .preOpen: return "Begins a day of a market that is closed: orders are collected for its opening auction." + end
    case .open:
      return "Opens the market: what was collected crosses at one price, then orders trade as they come. After a close "
        + "it opens for the next day." + end
    case .closed:
      return "Closes the market: its closing auction is held, then the day's orders that are left expire." + end
    }
  }

  private static func arrival(
    at target: SessionPoint, _ patience: Duration, _ office: MarketAdministration
  ) async throws(AdministrationError) -> MarketAdministration.Status {
    let deadline = ContinuousClock().now.advanced(by: patience)
    let isShown = Console.Stream.error.isTerminal
    while true {
      let status = try await office.status()
      let arrived = status.arrived(at: target)
      if isShown { Console.write("\r\(arrived) of \(status.instruments) instruments at \(target)", to: .error) }
      if arrived == status.instruments || patience == .zero {
        if isShown { Console.write("\n", to: .error) }
        return status
      }
      guard ContinuousClock().now < deadline else {
        if isShown { Console.write("\n", to: .error) }
        throw .refused(delay(status, target, arrived, patience))
      }
      try? await Task.sleep(for: interval)
    }
  }

  private static func delay(
    _ status: MarketAdministration.Status, _ target: SessionPoint, _ arrived: Int64, _ patience: Duration
  ) -> String {
    let awaiting = status.standings.reduce(0) { $0 + $1.awaiting }
    let clearing = status.standings.reduce(0) { $0 + $1.clearing }
    let cause =
      awaiting > 0
      ? "\(awaiting) have been told and their shards' workers have not come to it, or could not (buttonwood quarantine list)"
      : clearing > 0
        ? "\(clearing) have orders left to expire" : "the leader has not told them: is a worker running?"
    return "\(arrived) of \(status.instruments) instruments have come to \(target) after \(SpanText.format(patience)); "
      + "\(cause). It goes on by itself (buttonwood market status shows it)"
  }
}
