import Market
import Testing

@Suite struct TradingCalendarTests {
  /// Holidays and early closes as the exchange published them.
  @Test(arguments: [
    (2022, ["01-17", "02-21", "04-15", "05-30", "06-20", "07-04", "09-05", "11-24", "12-26"], ["11-25"]),
    (
      2023, ["01-02", "01-16", "02-20", "04-07", "05-29", "06-19", "07-04", "09-04", "11-23", "12-25"],
      ["07-03", "11-24"]
    ),
    (
      2024, ["01-01", "01-15", "02-19", "03-29", "05-27", "06-19", "07-04", "09-02", "11-28", "12-25"],
      ["07-03", "11-29", "12-24"]
    ),
    (
      2026, ["01-01", "01-19", "02-16", "04-03", "05-25", "06-19", "07-03", "09-07", "11-26", "12-25"],
      ["11-27", "12-24"]
    ),
    (2027, ["01-01", "01-18", "02-15", "03-26", "05-31", "06-18", "07-05", "09-06", "11-25", "12-24"], ["11-26"]),
  ])
  func rulesGiveThePublishedDays(year: Int, holidays: [String], early: [String]) throws {
    var day = try #require(Day("\(year)-01-01"))
    let end = try #require(Day("\(year)-12-31"))
    var closed: [String] = []
    var short: [String] = []
    while day <= end {
      let name = String(day.description.dropFirst(5))
      let session = TradingCalendar.session(on: day)
      if session == nil, (1...5).contains(day.weekday) { closed.append(name) }
      if session?.closesEarly == true { short.append(name) }
      day = day.advanced(by: 1)
    }
    #expect(closed == holidays)
    #expect(short == early)
  }

  @Test func sessionsFollowNewYorksClocks() throws {
    let winter = try #require(TradingCalendar.session(on: Day("2026-03-06")!))
    #expect(winter.open == Timestamp("2026-03-06T14:30:00Z")!)
    let summer = TradingCalendar.session(after: winter.day)
    #expect(summer.day == Day("2026-03-09")!)
    #expect(summer.open == Timestamp("2026-03-09T13:30:00Z")!)
    #expect(summer.close == Timestamp("2026-03-09T20:00:00Z")!)
  }

  @Test func earlyClosesAreAtOneAndHolidaysAreSteppedOver() throws {
    let short = try #require(TradingCalendar.session(on: Day("2026-11-27")!))
    #expect(short.close == Timestamp("2026-11-27T18:00:00Z"))
    #expect(TradingCalendar.session(after: Day("2026-07-02")!).day == Day("2026-07-06"), "a Friday off and a weekend")
    #expect(NewYorkTime.day(at: Timestamp("2026-01-02T04:59:59Z")!) == Day("2026-01-01"))
    #expect(NewYorkTime.day(at: Timestamp("2026-07-02T04:00:00Z")!) == Day("2026-07-02"))
  }

  @Test(arguments: [
    ("2026-03-08T06:59:59.999999Z", -300), ("2026-03-08T07:00:00Z", -240), ("2026-11-01T05:59:59.999999Z", -240),
    ("2026-11-01T06:00:00Z", -300), ("2024-03-10T07:00:00Z", -240), ("2025-11-02T06:00:00Z", -300),
    ("1969-07-20T20:17:00Z", -240),
  ])
  func clocksChangeByTheRule(time: String, minutes: Int64) throws {
    #expect(NewYorkTime.offsetMinutes(at: try #require(Timestamp(time))) == minutes)
  }
}
