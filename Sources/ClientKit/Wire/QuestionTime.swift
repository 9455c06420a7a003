package import Market

/// Moments and days that questions name.
///
/// A question may name any year. Nothing here happened before 1900 or happens after 2200, so what lies beyond is moved to
/// those ends: it asks for the same, and no sum with it leaves what calendars and PostgreSQL can hold.
package enum QuestionTime {
  private static let first = Day(year: 1900, month: 1, day: 1)?.start ?? Timestamp(rawValue: 0)
  private static let last = Day(year: 2200, month: 1, day: 1)?.start ?? Timestamp(rawValue: 0)

  /// Reads a moment, or a date for its midnight in UTC; nil for what is neither.
  package static func moment(_ text: String) -> Timestamp? { Timestamp(text).map(bounded) }

  /// Reads a date, or a moment for the day that New York's calendars show then; nil for what is neither.
  package static func day(_ text: String) -> Day? {
    if let day = Day(text) { return min(max(day, first.day), last.day) }
    return moment(text).map { NewYorkTime.day(at: $0) }
  }

  /// Reads a bound of a list of days: as ``day(_:)``, but midnight in UTC is a library's way of writing a date.
  package static func boundary(_ text: String) -> Day? {
    guard let time = moment(text), time == time.day.start else { return day(text) }
    return time.day
  }

  /// A moment within bounds.
  package static func bounded(_ time: Timestamp) -> Timestamp { min(max(time, first), last) }
}
