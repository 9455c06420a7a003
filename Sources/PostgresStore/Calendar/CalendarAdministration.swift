public import Market
public import Postgres

/// What operators do with the trading calendar.
public struct CalendarAdministration: Sendable {
  /// The longest reason of an exception, in bytes.
  public static let maximumReasonBytes = 200

  private let database: AdministrationSession

  /// Works over `session`; make it with ``StoreSettings/ledger(url:role:)``.
  public init(session: PostgresSession) { database = AdministrationSession(session: session) }

  /// The calendar with everything that operators have added to it.
  public func calendar() async throws(AdministrationError) -> TradingCalendar {
    CalendarRows.calendar(try await database.query(PostgresCall(CalendarStatements.list)))
  }

  /// Closes or shortens a day that has not begun in New York. Repeated, it takes the place of what was set before.
  /// - Parameter today: The present day in New York.
  public func set(_ exception: CalendarException, on day: Day, today: Day) async throws(AdministrationError) {
    guard (1...Self.maximumReasonBytes).contains(exception.reason.utf8.count), !exception.reason.utf8.contains(0) else {
      throw .refused("a reason has 1 to \(Self.maximumReasonBytes) bytes")
    }
    try Self.check(day, today: today)
    guard TradingCalendar.regular.session(on: day) != nil else {
      throw .refused("\(day) has no session: \(TradingCalendar.regular.remark(on: day) ?? "it is at a weekend")")
    }
    _ = try await database.query(
      PostgresCall(
        CalendarStatements.set,
        [
          .text(day.description), exception.closeMinute.map { .int2(Int16($0)) } ?? .null, .text(exception.reason),
        ]))
  }

  /// Lets a day that has not begun follow the rules again.
  /// - Returns: Whether it did not.
  public func remove(_ day: Day, today: Day) async throws(AdministrationError) -> Bool {
    try Self.check(day, today: today)
    return try await database.query(PostgresCall(CalendarStatements.remove, [.text(day.description)])).count > 0
  }

  /// What has happened on a day stays as it was: replays and statements tell of it.
  private static func check(_ day: Day, today: Day) throws(AdministrationError) {
    guard day > today else { throw .refused("\(day) has begun already: only later days can be changed") }
    guard TradingCalendar.years.contains(day.civil.year) else {
      throw .refused("the calendar knows \(TradingCalendar.years.lowerBound) to \(TradingCalendar.years.upperBound)")
    }
  }
}
