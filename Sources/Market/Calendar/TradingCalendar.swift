/// On which days the US stock exchanges trade, and from when to when: by rule, with the closures that no rule foresees.
///
/// Monday to Friday, 9:30 to 16:00 in New York, without the holidays, and to 13:00 before and after some of them. What an
/// operator adds comes first, then the record of unscheduled closures, then the rules. Source: NYSE Rule 7.2 and the
/// exchange's yearly announcements; 1990 to 2027 agree with published calendars on every session.
public struct TradingCalendar: Hashable, Sendable {
  /// Years for which the rules have been checked or are in force.
  public static let years: ClosedRange<Int64> = 1990...2050

  /// The rules and the record alone.
  public static let regular = TradingCalendar()

  /// Days that an operator has closed or shortened.
  public var exceptions: [Day: CalendarException]

  /// Makes a calendar.
  public init(exceptions: [Day: CalendarException] = [:]) { self.exceptions = exceptions }

  /// The session of a day; nil when there is none.
  public func session(on day: Day) -> TradingSession? {
    guard (1...5).contains(day.weekday) else { return nil }
    if let exception = exceptions[day] {
      return exception.closeMinute.map { TradingSession(day: day, closeMinute: $0) }
    }
    guard UnscheduledClosures.reason(on: day) == nil, !ExchangeHolidays.contains(day) else { return nil }
    return TradingSession(day: day, closeMinute: ExchangeHolidays.closeMinute(of: day))
  }

  /// The first session of a later day. When exceptions leave none for a year, it is what the rules say.
  public func session(after day: Day) -> TradingSession {
    nearest(day, step: 1) ?? Self.regular.session(after: day)
  }

  /// The last session of an earlier day. When exceptions leave none for a year, it is what the rules say.
  public func session(before day: Day) -> TradingSession {
    nearest(day, step: -1) ?? Self.regular.session(before: day)
  }

  /// The sessions of all days of a range, in order.
  public func sessions(_ days: ClosedRange<Day>) -> [TradingSession] {
    (days.lowerBound.rawValue...days.upperBound.rawValue).compactMap { session(on: Day(rawValue: $0)) }
  }

  /// Why a weekday has no session, or a short one; nil when it is a day like others, or at the weekend.
  public func remark(on day: Day) -> String? {
    if let exception = exceptions[day] { return exception.reason }
    guard (1...5).contains(day.weekday) else { return nil }
    return UnscheduledClosures.reason(on: day) ?? ExchangeHolidays.name(of: day)
      ?? ExchangeHolidays.shortDayName(of: day)
  }

  /// Days that are looked through for a session.
  private static let horizon: Int32 = 366

  private func nearest(_ day: Day, step: Int32) -> TradingSession? {
    (1...Self.horizon).lazy.compactMap { session(on: day.advanced(by: $0 * step)) }.first
  }
}
