internal import JSON
internal import Lifecycle
internal import Market
internal import Ports

/// `buttonwood calendar list`, or just `buttonwood calendar --from D --to D`.
enum CalendarListCommand {
  /// Days that are listed when nobody says until when.
  private static let usualDays: Int32 = 30

  static func run(_ arguments: [String]) async -> Int32 {
    let name = "buttonwood calendar"
    var line = CommandLineOptions(
      name,
      """
      Lists the days of trading with their opening and close. The rules are the New York Stock Exchange's, from \
      \(TradingCalendar.years.lowerBound) to \(TradingCalendar.years.upperBound), with its unscheduled closures; days that \
      an operator has closed or shortened are read from the database, when one is named.
      """, arguments)
    let url = line.optionalText(
      "database-url", "URL", variable: .named("DATABASE_URL"), help: "PostgreSQL; without it the rules alone are shown."
    )
    let today = NewYorkTime.day(at: Timestamp(rawValue: HostClock.microsecondsSinceEpoch()))
    let from = line.day("from", default: today, help: "The first day.")
    let to = line.day("to", default: max(from, today).advanced(by: usualDays), help: "The last day.")
    let printsCSV = line.flag("csv", help: "Prints date,open_utc,close_utc.")
    let printsJSON = line.json()
    if to < from { line.mistake("--to \(to) is before --from \(from)") }
    if printsCSV && printsJSON { line.mistake("--csv and --json exclude each other") }
    do throws(CommandLineExit) { try line.finish() } catch { return error.report() }
    return await CommandLineTool.run(name) { () async throws(AdministrationError) in
      let calendar =
        if let url { try await CommandLineTool.calendar(url).calendar() } else {
          TradingCalendar.regular
        }
      let sessions = calendar.sessions(from...to)
      Console.write(printsCSV ? csv(sessions) : printsJSON ? json(sessions, calendar) : text(from...to, calendar))
    }
  }

  private static func csv(_ sessions: [TradingSession]) -> String {
    "date,open_utc,close_utc\n" + sessions.map { "\($0.day),\(utc($0.open)),\(utc($0.close))\n" }.joined()
  }

  /// Also the weekdays without trading, and why.
  private static func text(_ days: ClosedRange<Day>, _ calendar: TradingCalendar) -> String {
    var table = TextTable([.left("day"), .left(""), .left("New York"), .left("UTC"), .left("remark")])
    for number in days.lowerBound.rawValue...days.upperBound.rawValue {
      let day = Day(rawValue: number)
      let remark = calendar.remark(on: day)
      let weekday = weekdays[day.weekday]
      if let session = calendar.session(on: day) {
        let hours = "\(clock(TradingSession.openMinute))-\(clock(session.closeMinute))"
        table.add([
          day.description, weekday, hours, "\(utc(session.open).dropFirst(11))-\(utc(session.close).dropFirst(11))",
          remark ?? "",
        ])
      } else if let remark {
        table.add([day.description, weekday, "closed", "", remark])
      }
    }
    return table.text
  }

  private static func json(_ sessions: [TradingSession], _ calendar: TradingCalendar) -> String {
    var writer = JSONWriter()
    writer.beginArray()
    for session in sessions {
      writer.beginObject()
      writer.key("date")
      writer.string(session.day.description)
      writer.key("open_utc")
      writer.string(utc(session.open))
      writer.key("close_utc")
      writer.string(utc(session.close))
      writer.key("closes_early")
      writer.bool(session.closesEarly)
      writer.key("remark")
      if let remark = calendar.remark(on: session.day) { writer.string(remark) } else { writer.null() }
      writer.endObject()
    }
    writer.endArray()
    return writer.line
  }

  private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]

  /// `2026-01-02T14:30:00Z`: sessions begin and end on the minute.
  private static func utc(_ moment: Timestamp) -> String { "\(moment.description.prefix(19))Z" }

  private static func clock(_ minutes: Int64) -> String {
    "\(minutes / 60):\(minutes % 60 < 10 ? "0" : "")\(minutes % 60)"
  }
}

extension CommandLineOptions {
  /// Reads a day within the years of the calendar.
  mutating func day(_ name: String, default standard: Day, help: String) -> Day {
    let years = TradingCalendar.years
    return value(
      name, "DAY", default: standard, variable: .none, shown: standard.description,
      expected: "a day from \(years.lowerBound)-01-01 to \(years.upperBound)-12-31", help: help
    ) { Day($0).flatMap { years.contains($0.civil.year) ? $0 : nil } }
  }
}
