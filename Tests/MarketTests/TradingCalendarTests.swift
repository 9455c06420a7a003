import Market
import Matching
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
      let session = TradingCalendar.regular.session(on: day)
      if session == nil, (1...5).contains(day.weekday) { closed.append(name) }
      if session?.closesEarly == true { short.append(name) }
      day = day.advanced(by: 1)
    }
    #expect(closed == holidays)
    #expect(short == early)
  }

  /// Days, openings and closes in UTC of all sessions from 1990 to 2027, which two calendar libraries agree on: a
  /// fingerprint of lines `day,open,close`.
  @Test func everySessionSince1990IsThePublishedOne() {
    var print = Fingerprint()
    let sessions = TradingCalendar.regular.sessions(Day("1990-01-02")!...Day("2027-12-31")!)
    for session in sessions {
      for byte in "\(session.day),\(session.open.rawValue / 1_000_000),\(session.close.rawValue / 1_000_000)\n".utf8 {
        print.add(byte)
      }
    }
    #expect(sessions.count == 9_569)
    #expect(print.value == 0x3EB0_CE69_8E20_315F)
  }

  @Test func whatNoRuleForeseesHasAReason() {
    let calendar = TradingCalendar.regular
    #expect(calendar.remark(on: Day("2001-09-11")!) == "Attacks on the World Trade Center")
    #expect(calendar.remark(on: Day("2012-10-29")!) == "Hurricane Sandy")
    #expect(calendar.remark(on: Day("2026-11-26")!) == "Thanksgiving Day")
    #expect(calendar.remark(on: Day("2026-11-27")!) == "Day after Thanksgiving")
    #expect(calendar.remark(on: Day("2026-11-25")!) == nil)
    #expect(calendar.session(on: Day("2001-09-14")!) == nil && calendar.session(on: Day("2001-09-17")!) != nil)
  }

  @Test func anOperatorsExceptionsComeFirst() {
    var calendar = TradingCalendar.regular
    let (closed, short, holiday) = (Day("2026-03-02")!, Day("2026-03-03")!, Day("2026-12-25")!)
    calendar.exceptions[closed] = CalendarException(closeMinute: nil, reason: "flood")
    calendar.exceptions[short] = CalendarException(closeMinute: 12 * 60 + 15, reason: "snow")
    calendar.exceptions[holiday] = CalendarException(closeMinute: 24 * 60, reason: "rehearsal")
    #expect(calendar.session(on: closed) == nil && calendar.remark(on: closed) == "flood")
    #expect(calendar.session(on: short)?.close == Timestamp("2026-03-03T17:15:00Z"))
    #expect(calendar.session(on: holiday)?.close == Timestamp("2026-12-25T21:00:00Z"))
    #expect(calendar.session(after: Day("2026-02-27")!).day == short)
    #expect(calendar.session(before: short).day == Day("2026-02-27")!)
  }

  /// Whatever is excepted there is a next session, and the one before it is the one it came from.
  @Test func sessionsFollowEachOtherForAsLongAsTheRulesHold() {
    let years = TradingCalendar.years
    var calendar = TradingCalendar.regular
    for offset in 0..<400 {
      calendar.exceptions[Day("2030-01-01")!.advanced(by: Int32(offset))] = .init(closeMinute: nil, reason: "never")
    }
    #expect(calendar.session(after: Day("2030-01-01")!).day == Day("2030-01-02")!, "by the rules")
    let all = TradingCalendar.regular.sessions(
      Day(year: years.lowerBound, month: 1, day: 1)!...Day(year: years.upperBound, month: 12, day: 31)!)
    for (one, next) in zip(all, all.dropFirst()) {
      #expect(TradingCalendar.regular.session(after: one.day) == next)
      #expect(TradingCalendar.regular.session(before: next.day) == one)
      #expect(one.open < one.close && one.close < next.open)
    }
    for year in years { #expect((248...254).contains(all.count { $0.day.civil.year == year }), "\(year)") }
  }

  @Test func sessionsFollowNewYorksClocks() throws {
    let winter = try #require(TradingCalendar.regular.session(on: Day("2026-03-06")!))
    #expect(winter.open == Timestamp("2026-03-06T14:30:00Z")!)
    let summer = TradingCalendar.regular.session(after: winter.day)
    #expect(summer.day == Day("2026-03-09")!)
    #expect(summer.open == Timestamp("2026-03-09T13:30:00Z")!)
    #expect(summer.close == Timestamp("2026-03-09T20:00:00Z")!)
  }

  @Test func earlyClosesAreAtOneAndHolidaysAreSteppedOver() throws {
    let short = try #require(TradingCalendar.regular.session(on: Day("2026-11-27")!))
    #expect(short.close == Timestamp("2026-11-27T18:00:00Z"))
    #expect(
      TradingCalendar.regular.session(after: Day("2026-07-02")!).day == Day("2026-07-06"), "a Friday off and a weekend")
    #expect(NewYorkTime.day(at: Timestamp("2026-01-02T04:59:59Z")!) == Day("2026-01-01"))
    #expect(NewYorkTime.day(at: Timestamp("2026-07-02T04:00:00Z")!) == Day("2026-07-02"))
  }

  @Test(arguments: [
    ("2026-03-08T06:59:59.999999Z", -300), ("2026-03-08T07:00:00Z", -240), ("2026-11-01T05:59:59.999999Z", -240),
    ("2026-11-01T06:00:00Z", -300), ("2024-03-10T07:00:00Z", -240), ("2025-11-02T06:00:00Z", -300),
    ("1969-07-20T20:17:00Z", -240), ("2006-04-02T06:59:59Z", -300), ("2006-04-02T07:00:00Z", -240),
    ("2006-10-29T05:59:59Z", -240), ("2006-10-29T06:00:00Z", -300), ("1990-03-12T12:00:00Z", -300),
  ])
  func clocksChangeByTheRule(time: String, minutes: Int64) throws {
    #expect(NewYorkTime.offsetMinutes(at: try #require(Timestamp(time))) == minutes)
  }
}
