package import Market

/// What an operator may ask of the calendar, by the request alone. Each rule tells what is wrong; nil when nothing is.
package enum CalendarRules {
  /// The longest reason of an exception, in bytes.
  package static let maximumReasonBytes = 200

  /// A day that is closed or shortened.
  /// - Parameter today: The present day in New York.
  package static func flaw(_ exception: CalendarException, on day: Day, today: Day) -> String? {
    guard (1...maximumReasonBytes).contains(exception.reason.utf8.count), !exception.reason.utf8.contains(0) else {
      return "a reason has 1 to \(maximumReasonBytes) bytes"
    }
    if let flaw = flaw(changing: day, today: today) { return flaw }
    guard TradingCalendar.regular.session(on: day) == nil else { return nil }
    return "\(day) has no session: \(TradingCalendar.regular.remark(on: day) ?? "it is at a weekend")"
  }

  /// A day that is changed. What has happened on a day stays as it was: replays and statements tell of it.
  package static func flaw(changing day: Day, today: Day) -> String? {
    guard day > today else { return "\(day) has begun already: only later days can be changed" }
    guard !TradingCalendar.years.contains(day.civil.year) else { return nil }
    return "the calendar knows \(TradingCalendar.years.lowerBound) to \(TradingCalendar.years.upperBound)"
  }
}
