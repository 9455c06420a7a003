internal import Market
internal import Postgres

/// The SQL of the calendar's exceptions.
enum CalendarStatements {
  static let list = PostgresStatement(
    "calendar_exceptions", "SELECT day::text, close_minute, reason FROM calendar_exceptions")

  static let set = PostgresStatement(
    "set_calendar_exception",
    """
    INSERT INTO calendar_exceptions (day, close_minute, reason) VALUES ($1::text::date, $2::smallint, $3::text)
    ON CONFLICT (day) DO UPDATE SET close_minute = excluded.close_minute, reason = excluded.reason, set_at = now()
    """)

  static let remove = PostgresStatement(
    "remove_calendar_exception", "DELETE FROM calendar_exceptions WHERE day = $1::text::date RETURNING day")
}

/// Rows of ``CalendarStatements/list``.
enum CalendarRows {
  static func calendar(_ rows: PostgresRows) -> TradingCalendar {
    var calendar = TradingCalendar()
    for row in 0..<rows.count {
      guard let day = Day(rows.text(row, 0)) else { continue }
      calendar.exceptions[day] = CalendarException(
        closeMinute: rows.isNull(row, 1) ? nil : Int64(rows.int2(row, 1)), reason: rows.text(row, 2))
    }
    return calendar
  }
}
