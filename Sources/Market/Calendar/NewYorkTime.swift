/// Wall-clock time in New York. Daylight time begins and ends at 2:00 on Sundays that the law of the year names.
///
/// Source: Uniform Time Act of 1966, as amended in 1986 (from the first Sunday of April; to the last of October) and by the
/// Energy Policy Act of 2005, section 110 (since 2007 from the second Sunday of March to the first of November),
/// 15 U.S.C. 260a. Years before 1987 follow the rule of 1987.
public enum NewYorkTime {
  /// Minutes that New York's clocks are ahead of UTC: -240 or -300.
  public static func offsetMinutes(at time: Timestamp) -> Int64 {
    guard let (first, last) = daylightDays(of: time.day.civil.year) else { return -300 }
    let begin = first.start.advanced(byMicroseconds: 7 * 3_600_000_000)
    let end = last.start.advanced(byMicroseconds: 6 * 3_600_000_000)
    return time >= begin && time < end ? -240 : -300
  }

  /// The moment at which New York's clocks show this time of this day. Times that are skipped or repeated when the clocks
  /// change are taken as standard time.
  public static func moment(_ day: Day, hour: Int64, minute: Int64) -> Timestamp {
    let local = day.start.advanced(byMicroseconds: (hour * 60 + minute) * 60_000_000)
    let standard = local.advanced(byMicroseconds: 300 * 60_000_000)
    let daylight = local.advanced(byMicroseconds: 240 * 60_000_000)
    return offsetMinutes(at: daylight) == -240 && offsetMinutes(at: standard) == -240 ? daylight : standard
  }

  /// Reads a day and a time on New York's clocks: `2026-11-27T09:00`, or a day alone for its midnight; nil otherwise.
  public static func moment(_ text: String) -> Timestamp? {
    let parts = text.split(separator: "T", omittingEmptySubsequences: false)
    guard let day = Day(parts[0]), parts.count <= 2 else { return nil }
    guard parts.count == 2 else { return moment(day, hour: 0, minute: 0) }
    let fields = parts[1].split(separator: ":", omittingEmptySubsequences: false)
    guard fields.count == 2, fields.allSatisfy({ $0.utf8.count == 2 }), let hour = UInt8(fields[0]),
      let minute = UInt8(fields[1]), hour < 24, minute < 60
    else { return nil }
    return moment(day, hour: Int64(hour), minute: Int64(minute))
  }

  /// The day that New York's calendars show.
  public static func day(at time: Timestamp) -> Day {
    time.advanced(byMicroseconds: offsetMinutes(at: time) * 60_000_000).day
  }

  /// The Sundays on which the clocks change.
  private static func daylightDays(of year: Int64) -> (Day, Day)? {
    if year >= 2007 {
      guard let march = Day.first(weekday: 0, of: 3, year), let november = Day.first(weekday: 0, of: 11, year) else {
        return nil
      }
      return (march.advanced(by: 7), november)
    }
    guard let april = Day.first(weekday: 0, of: 4, year), let november = Day.first(weekday: 0, of: 11, year) else {
      return nil
    }
    return (april, november.advanced(by: -7))
  }
}

extension Day {
  /// The first day of a month that falls on this weekday (0 for Sunday); nil for years out of range.
  static func first(weekday: Int, of month: Int64, _ year: Int64) -> Day? {
    guard let first = Day(year: year, month: month, day: 1) else { return nil }
    return first.advanced(by: Int32((weekday - first.weekday + 7) % 7))
  }
}
