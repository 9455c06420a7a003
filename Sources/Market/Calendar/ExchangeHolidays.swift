/// The holidays and short days of the New York Stock Exchange by rule, since 1990.
///
/// Source: NYSE Rule 7.2 (holidays; a Saturday's is kept on the Friday before unless that ends a month or year, a Sunday's
/// on the Monday after), Martin Luther King Day since 1998, Juneteenth since 2022; the exchange's yearly announcements of
/// short days.
enum ExchangeHolidays {
  /// Whether the exchange is closed on a weekday.
  static func contains(_ day: Day) -> Bool { name(of: day) != nil }

  /// The holiday that is kept on a day.
  static func name(of day: Day) -> String? {
    let (year, month, date) = day.civil
    switch month {
    case 1:
      if isNewYear(day, year) { return "New Year's Day" }
      return year >= 1998 && isNth(3, weekday: 1, day) ? "Martin Luther King Jr. Day" : nil
    case 2: return isNth(3, weekday: 1, day) ? "Washington's Birthday" : nil
    case 3, 4: return day == goodFriday(year) ? "Good Friday" : nil
    case 5: return day.weekday == 1 && date > 24 ? "Memorial Day" : nil
    case 6: return year >= 2022 && isObserved(day, Day(year: year, month: 6, day: 19)) ? "Juneteenth" : nil
    case 7: return isObserved(day, Day(year: year, month: 7, day: 4)) ? "Independence Day" : nil
    case 9: return isNth(1, weekday: 1, day) ? "Labor Day" : nil
    case 11: return isNth(4, weekday: 4, day) ? "Thanksgiving Day" : nil
    case 12: return isObserved(day, Day(year: year, month: 12, day: 25)) ? "Christmas Day" : nil
    default: return nil
    }
  }

  /// Minutes after midnight in New York at which a day with a session closes.
  static func closeMinute(of day: Day) -> Int64 {
    guard shortDayName(of: day) != nil else { return TradingSession.regularCloseMinute }
    return day.civil.year < 1993 ? 14 * 60 : 13 * 60
  }

  /// Why a day is short; nil when it is not.
  static func shortDayName(of day: Day) -> String? {
    let (year, month, date) = day.civil
    switch (month, date) {
    case (7, 3), (7, 5): return isBesideIndependenceDay(day, year) ? "Beside Independence Day" : nil
    case (11, _):
      return year >= 1992 && day.weekday == 5 && isNth(4, weekday: 4, day.advanced(by: -1))
        ? "Day after Thanksgiving" : nil
    case (12, 24): return (1...4).contains(day.weekday) ? "Christmas Eve" : nil
    case (12, 26): return day.weekday == 5 && (year == 1997 || year == 2003) ? "Day after Christmas" : nil
    case (12, 31): return year == 1999 ? "New Year's Eve" : nil
    default: return nil
    }
  }

  /// Since 1995 the day before a holiday in mid-week is short. Up to 2012 it was the Friday after one on a Thursday.
  private static func isBesideIndependenceDay(_ day: Day, _ year: Int64) -> Bool {
    guard year >= 1995 else { return false }
    if day.civil.day == 5 { return day.weekday == 5 && year < 2013 }
    return (1...4).contains(day.weekday) && (day.weekday != 3 || year >= 2013)
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
