/// Weekdays on which the New York Stock Exchange stayed closed though no rule said so, since 1990.
///
/// Source: the exchange's announcements of those days, and its list of special closings.
enum UnscheduledClosures {
  /// Why the exchange was closed on a day; nil when it was not, or by rule.
  static func reason(on day: Day) -> String? {
    guard (first...last).contains(day) else { return nil }
    return reasons[day]
  }

  private static let reasons: [Day: String] = Dictionary(
    uniqueKeysWithValues: record.map { (Day($0.day)!, $0.reason) })
  private static let first = Day("1994-04-27")!
  private static let last = Day("2025-01-09")!

  private static let record: [(day: String, reason: String)] = [
    ("1994-04-27", "Day of mourning for President Nixon"),
    ("2001-09-11", "Attacks on the World Trade Center"),
    ("2001-09-12", "Attacks on the World Trade Center"),
    ("2001-09-13", "Attacks on the World Trade Center"),
    ("2001-09-14", "Attacks on the World Trade Center"),
    ("2004-06-11", "Day of mourning for President Reagan"),
    ("2007-01-02", "Day of mourning for President Ford"),
    ("2012-10-29", "Hurricane Sandy"),
    ("2012-10-30", "Hurricane Sandy"),
    ("2018-12-05", "Day of mourning for President George H. W. Bush"),
    ("2025-01-09", "Day of mourning for President Carter"),
  ]
}
