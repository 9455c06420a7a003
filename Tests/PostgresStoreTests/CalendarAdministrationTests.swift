import Market
import Ports
import Testing

@testable import PostgresStore

/// The calendar's exceptions on a real server.
struct CalendarAdministrationTests {
  private let office: CalendarAdministration
  private let today = Day("2026-03-02")!

  init() throws {
    office = CalendarAdministration(session: AdministrationDatabase.session(try AdministrationDatabase.make()))
  }

  @Test func daysAreClosedShortenedAndRestored() async throws {
    let (first, second) = (Day("2026-03-03")!, Day("2026-03-04")!)
    #expect(try await office.calendar() == .regular)
    try await office.set(CalendarException(closeMinute: nil, reason: "flood"), on: first, today: today)
    try await office.set(CalendarException(closeMinute: 720, reason: "snow"), on: second, today: today)
    var calendar = try await office.calendar()
    #expect(calendar.session(on: first) == nil && calendar.remark(on: first) == "flood")
    #expect(calendar.session(on: second)?.closeMinute == 720)
    try await office.set(CalendarException(closeMinute: 780, reason: "less snow"), on: second, today: today)
    #expect(try await office.remove(first, today: today))
    #expect(try await !office.remove(first, today: today))
    calendar = try await office.calendar()
    #expect(calendar.exceptions == [second: CalendarException(closeMinute: 780, reason: "less snow")])
  }

  @Test(arguments: ["2026-03-02", "2026-03-01", "2026-03-07", "2026-04-03", "2051-01-03"])
  func daysThatHaveBegunOrHaveNoSessionAreRefused(_ text: String) async throws {
    let day = try #require(Day(text))
    await #expect(throws: AdministrationError.self) {
      try await office.set(CalendarException(closeMinute: nil, reason: "r"), on: day, today: today)
    }
    #expect(try await office.calendar() == .regular)
  }

  @Test(arguments: ["", String(repeating: "x", count: 201), "a\u{0}b"])
  func reasonsAreTextsOfSomeLength(_ reason: String) async throws {
    await #expect(throws: AdministrationError.self) {
      try await office.set(CalendarException(closeMinute: nil, reason: reason), on: Day("2026-03-03")!, today: today)
    }
  }
}
