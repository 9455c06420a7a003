internal import Lifecycle
internal import Market
internal import Ports
internal import Services

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
      let today = NewYorkTime.day(at: Timestamp(rawValue: HostClock.microsecondsSinceEpoch()))
      let (target, status) = try await come(to: stage, today, wait, CommandLineTool.market(url, actor: actor))
      Console.write(
        printsJSON
          ? MarketText.json(status, target) : "the market is at \(target)\(wait == .zero ? " soon" : "")\n")
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

  /// Shows a person at a terminal how far it is.
  private static func come(
    to stage: SessionStage, _ today: Day, _ patience: Duration, _ market: any MarketOperations
  ) async throws(AdministrationError) -> (target: SessionPoint, status: MarketStatus) {
    let isWatched = Console.Stream.error.isTerminal
    var isShown = false
    defer { if isShown { Console.write("\n", to: .error) } }
    return try await MarketStages(market).come(to: stage, today: today, patience: patience) { (status, target) in
      guard isWatched else { return }
      isShown = true
      let arrived = status.arrived(at: target)
      Console.write("\r\(arrived) of \(status.instruments) instruments at \(target)", to: .error)
    }
  }
}
