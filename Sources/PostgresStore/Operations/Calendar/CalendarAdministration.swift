public import Market
public import Ports
public import Postgres

/// The trading calendar in PostgreSQL.
public struct CalendarAdministration: CalendarOperations {
  /// The longest reason of an exception, in bytes.
  public static let maximumReasonBytes = 200

  private let database: AdministrationSession

  /// Works over `session`; make it with ``StoreSettings/ledger(url:role:)``.
  /// - Parameter actor: Who makes the changes.
  public init(session: PostgresSession, actor: AdminActor = .process) {
    database = AdministrationSession(session: session, actor: actor)
  }

  public func calendar() async throws(AdministrationError) -> TradingCalendar {
    CalendarRows.calendar(try await database.query(PostgresCall(CalendarStatements.list)))
  }

  public func set(_ exception: CalendarException, on day: Day, today: Day) async throws(AdministrationError) {
    let action = AdminAction(
      exception.closeMinute == nil ? "calendar close" : "calendar shorten", target: day.description,
      ["reason": exception.reason, "close_minute": exception.closeMinute.map { "\($0)" }])
    let call = PostgresCall(
      CalendarStatements.set,
      [
        .text(day.description), exception.closeMinute.map { .int2(Int16($0)) } ?? .null, .text(exception.reason),
      ])
    try await database.change(action, flaw: Self.flaw(exception, day, today: today)) {
      (connection) throws(PostgresError) in
      _ = try connection.query(call)
      return .done(())
    }
  }

  public func remove(_ day: Day, today: Day) async throws(AdministrationError) -> Bool {
    let action = AdminAction("calendar restore", target: day.description)
    return try await database.change(action, flaw: Self.flaw(day, today: today)) {
      (connection) throws(PostgresError) in
      let removed = try connection.query(PostgresCall(CalendarStatements.remove, [.text(day.description)]))
      return removed.count > 0 ? .done(true) : .done(false, outcome: AdministrationSession.unchanged)
    }
  }

  private static func flaw(_ exception: CalendarException, _ day: Day, today: Day) -> String? {
    guard (1...maximumReasonBytes).contains(exception.reason.utf8.count), !exception.reason.utf8.contains(0) else {
      return "a reason has 1 to \(maximumReasonBytes) bytes"
    }
    if let flaw = flaw(day, today: today) { return flaw }
    guard TradingCalendar.regular.session(on: day) == nil else { return nil }
    return "\(day) has no session: \(TradingCalendar.regular.remark(on: day) ?? "it is at a weekend")"
  }

  /// What has happened on a day stays as it was: replays and statements tell of it.
  private static func flaw(_ day: Day, today: Day) -> String? {
    guard day > today else { return "\(day) has begun already: only later days can be changed" }
    guard !TradingCalendar.years.contains(day.civil.year) else { return nil }
    return "the calendar knows \(TradingCalendar.years.lowerBound) to \(TradingCalendar.years.upperBound)"
  }
}
