public import Market
public import Ports
public import Postgres

/// The trading calendar in PostgreSQL.
public struct CalendarAdministration: CalendarOperations {
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
    try await database.change(action, flaw: CalendarRules.flaw(exception, on: day, today: today)) {
      (connection) throws(PostgresError) in
      _ = try connection.query(call)
      return .done(())
    }
  }

  public func remove(_ day: Day, today: Day) async throws(AdministrationError) -> Bool {
    let action = AdminAction("calendar restore", target: day.description)
    return try await database.change(action, flaw: CalendarRules.flaw(changing: day, today: today)) {
      (connection) throws(PostgresError) in
      let removed = try connection.query(PostgresCall(CalendarStatements.remove, [.text(day.description)]))
      return removed.count > 0 ? .done(true) : .done(false, outcome: AdministrationSession.unchanged)
    }
  }
}
