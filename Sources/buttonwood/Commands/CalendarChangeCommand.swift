internal import Lifecycle
internal import Market
internal import Ports

/// `buttonwood calendar close`, `shorten` and `restore`.
enum CalendarChangeCommand {
  static func close(_ arguments: [String]) async -> Int32 {
    let name = "buttonwood calendar close"
    var line = CommandLineOptions(name, "Closes a day on which the rules would have the market open.", arguments)
    let url = line.databaseURL()
    let actor = line.actor()
    let reason = line.requiredText("reason", "TEXT", variable: .none, help: "Why, for people.")
    let day = line.dayArgument()
    return await change(name, line, url, actor) { (office, today) async throws(AdministrationError) in
      try await office.set(CalendarException(closeMinute: nil, reason: reason), on: day, today: today)
      return "\(day) is closed: \(reason)\n"
    }
  }

  static func shorten(_ arguments: [String]) async -> Int32 {
    let name = "buttonwood calendar shorten"
    var line = CommandLineOptions(name, "Closes a day earlier than the rules would.", arguments)
    let url = line.databaseURL()
    let actor = line.actor()
    let minute = line.closeMinute()
    let reason = line.requiredText("reason", "TEXT", variable: .none, help: "Why, for people.")
    let day = line.dayArgument()
    return await change(name, line, url, actor) { (office, today) async throws(AdministrationError) in
      let session = TradingSession(day: day, closeMinute: minute)
      try await office.set(CalendarException(closeMinute: minute, reason: reason), on: day, today: today)
      return "\(day) closes at \(session.close): \(reason)\n"
    }
  }

  static func restore(_ arguments: [String]) async -> Int32 {
    let name = "buttonwood calendar restore"
    var line = CommandLineOptions(name, "Lets a day follow the rules again.", arguments)
    let url = line.databaseURL()
    let actor = line.actor()
    let day = line.dayArgument()
    return await change(name, line, url, actor) { (office, today) async throws(AdministrationError) in
      try await office.remove(day, today: today)
        ? "\(day) follows the rules again\n" : "\(day) followed the rules already\n"
    }
  }

  private static func change(
    _ name: String, _ line: CommandLineOptions, _ url: String, _ actor: AdminActor,
    _ body: (any CalendarOperations, Day) async throws(AdministrationError) -> String
  ) async -> Int32 {
    do throws(CommandLineExit) { try line.finish() } catch { return error.report() }
    return await CommandLineTool.run(name) { () async throws(AdministrationError) in
      let today = NewYorkTime.day(at: Timestamp(rawValue: HostClock.microsecondsSinceEpoch()))
      let office = CommandLineTool.calendar(url, actor: actor)
      Console.write(try await body(office, today))
    }
  }
}

extension CommandLineOptions {
  /// Reads the day that a command is about.
  fileprivate mutating func dayArgument() -> Day {
    let text = argument("DAY", help: "The day in New York, such as 2026-11-27.")
    if let day = Day(text) { return day }
    if !text.isEmpty { mistake("DAY: \"\(text)\" is not a day such as 2026-11-27") }
    return Day(rawValue: 0)
  }

  /// Reads when a day closes, in minutes after midnight.
  fileprivate mutating func closeMinute() -> Int64 {
    let text = requiredText("at", "HH:MM", variable: .none, help: "When it closes, on New York's clocks.")
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    if parts.count == 2, parts.allSatisfy({ $0.utf8.count == 2 }), let hour = UInt8(parts[0]),
      let minute = UInt8(parts[1]), minute < 60
    {
      let value = Int64(hour) * 60 + Int64(minute)
      if value > TradingSession.openMinute, value < TradingSession.regularCloseMinute { return value }
    }
    if !text.isEmpty { mistake("--at: \"\(text)\" is not a time between 09:31 and 15:59") }
    return TradingSession.regularCloseMinute
  }
}
