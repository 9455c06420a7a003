/// The regular sessions of the US stock exchanges, by rule: Monday to Friday, 9:30 to 16:00 in New York, without the
/// holidays; 13:00 before and after some of them.
///
/// Source: NYSE Rule 7.2. Closures that no rule foresees (storms, days of mourning) are not in it.
public enum TradingCalendar {
  /// A day on which there is trading.
  public struct Session: Hashable, Sendable {
    /// The day.
    public var day: Day
    /// Whether it ends at 13:00.
    public var closesEarly: Bool

    /// 9:30 in New York.
    public var open: Timestamp { NewYorkTime.moment(day, hour: 9, minute: 30) }
    /// 16:00 in New York, or 13:00.
    public var close: Timestamp { NewYorkTime.moment(day, hour: closesEarly ? 13 : 16, minute: 0) }
  }

  /// The session of a day; nil at weekends and on holidays.
  public static func session(on day: Day) -> Session? {
    guard isWeekday(day), !isHoliday(day) else { return nil }
    return Session(day: day, closesEarly: isShort(day))
  }

  /// The first session of a later day.
  public static func session(after day: Day) -> Session {
    var next = day.advanced(by: 1)
    while true {
      if let session = session(on: next) { return session }
      next = next.advanced(by: 1)
    }
  }

  private static func isWeekday(_ day: Day) -> Bool { (1...5).contains(day.weekday) }

  private static func isHoliday(_ day: Day) -> Bool {
    let (year, month, date) = day.civil
    switch month {
    case 1: return isNewYear(day, year) || isNth(3, weekday: 1, day)
    case 2: return isNth(3, weekday: 1, day)
    case 3, 4: return day == goodFriday(year)
    case 5: return day.weekday == 1 && date > 24
    case 6: return year >= 2022 && isObserved(day, Day(year: year, month: 6, day: 19))
    case 7: return isObserved(day, Day(year: year, month: 7, day: 4))
    case 9: return isNth(1, weekday: 1, day)
    case 11: return isNth(4, weekday: 4, day)
    case 12: return isObserved(day, Day(year: year, month: 12, day: 25))
    default: return false
    }
  }

  private static func isShort(_ day: Day) -> Bool {
    let (_, month, date) = day.civil
    switch (month, date) {
    case (7, 3), (12, 24): return (1...4).contains(day.weekday)
    case (11, _): return day.weekday == 5 && isNth(4, weekday: 4, day.advanced(by: -1))
    default: return false
    }
  }

  /// A New Year's Day on a Saturday is not made up for: the Friday closes the year's books.
  private static func isNewYear(_ day: Day, _ year: Int64) -> Bool {
    guard let first = Day(year: year, month: 1, day: 1) else { return false }
    return day == first || (first.weekday == 0 && day == first.advanced(by: 1))
  }

  /// A holiday on a Saturday is kept on the Friday before, one on a Sunday on the Monday after.
  private static func isObserved(_ day: Day, _ holiday: Day?) -> Bool {
    guard let holiday else { return false }
    switch holiday.weekday {
    case 6: return day == holiday.advanced(by: -1)
    case 0: return day == holiday.advanced(by: 1)
    default: return day == holiday
    }
  }

  private static func isNth(_ count: Int64, weekday: Int, _ day: Day) -> Bool {
    day.weekday == weekday && (day.civil.day - 1) / 7 + 1 == count
  }

  /// Two days before Easter Sunday (Gregorian computus of Meeus, Jones and Butcher).
  private static func goodFriday(_ year: Int64) -> Day? {
    let golden = year % 19
    let (century, rest) = (year / 100, year % 100)
    let correction = (century - (century + 8) / 25 + 1) / 3
    let epact = (19 * golden + century - century / 4 - correction + 15) % 30
    let weekday = (32 + 2 * (century % 4) + 2 * (rest / 4) - epact - rest % 4) % 7
    let shift = (golden + 11 * epact + 22 * weekday) / 451
    let count = epact + weekday - 7 * shift + 114
    return Day(year: year, month: count / 31, day: count % 31 + 1)?.advanced(by: -2)
  }
}
