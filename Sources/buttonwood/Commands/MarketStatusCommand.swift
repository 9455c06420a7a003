internal import JSON
internal import Lifecycle
internal import Market
internal import Ports

/// `buttonwood market status`.
enum MarketStatusCommand {
  static func run(_ arguments: [String]) async -> Int32 {
    let name = "buttonwood market status"
    var line = CommandLineOptions(
      name, "Shows the market's clock, and how many instruments stand at which stage of which day.", arguments)
    let url = line.databaseURL()
    let printsJSON = line.json()
    do throws(CommandLineExit) { try line.finish() } catch { return error.report() }
    return await CommandLineTool.run(name) { () async throws(AdministrationError) in
      let status = try await CommandLineTool.market(url).status()
      Console.write(printsJSON ? MarketText.json(status, status.clock.target) : MarketText.text(status))
    }
  }
}

/// The market's day in words and as JSON.
enum MarketText {
  static func text(_ status: MarketStatus) -> String {
    var text = "clock: \(status.clock.mode?.rawValue ?? "none has led yet")\n"
    if let time = simulated(status.clock) { text += "market time: \(time)\n" }
    if status.clock.mode == .manual, let target = status.clock.target { text += "target: \(target)\n" }
    var table = TextTable([
      .left("day"), .left("stage"), .left(""), .right("instruments"), .right("awaiting a step"), .right("expiring"),
    ])
    for group in status.phases {
      let point = group.phase.point
      table.add([
        point?.day.description ?? "", point?.stage.word ?? "always open", group.phase.isHalted ? "halted" : "",
        "\(group.instruments)", "\(group.awaiting)", "\(group.clearing)",
      ])
    }
    return text + table.text
  }

  static func json(_ status: MarketStatus, _ target: SessionPoint?) -> String {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("clock")
    writer.text(status.clock.mode?.rawValue)
    writer.key("market_time")
    writer.text(simulated(status.clock))
    writer.key("target_day")
    writer.text(target?.day.description)
    writer.key("target_stage")
    writer.text(target?.stage.word)
    writer.key("instruments")
    writer.beginArray()
    for group in status.phases {
      writer.beginObject()
      writer.key("day")
      writer.text(group.phase.point?.day.description)
      writer.key("stage")
      writer.text(group.phase.point?.stage.word)
      writer.key("is_halted")
      writer.bool(group.phase.isHalted)
      for (name, count) in [
        ("count", group.instruments), ("awaiting", group.awaiting), ("expiring", group.clearing),
      ] {
        writer.key(dynamic: name)
        writer.integer(count)
      }
      writer.endObject()
    }
    writer.endArray()
    writer.endObject()
    return writer.line
  }

  private static func simulated(_ clock: MarketClockRecord) -> String? {
    guard clock.mode == .simulated, clock.simulation != nil else { return nil }
    return clock.marketTime(at: Timestamp(rawValue: HostClock.microsecondsSinceEpoch())).description
  }
}

extension JSONWriter {
  fileprivate mutating func text(_ text: String?) {
    if let text { string(text) } else { null() }
  }
}
