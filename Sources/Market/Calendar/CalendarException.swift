/// What an operator has decided about a single day.
public struct CalendarException: Hashable, Sendable {
  /// Minutes after midnight in New York at which the day closes; nil when it does not open.
  public var closeMinute: Int64?
  /// Why, for people.
  public var reason: String

  /// Makes an exception. Minutes outside of regular hours are those of the nearer end.
  public init(closeMinute: Int64?, reason: String) {
    self.closeMinute = closeMinute.map {
      min(max($0, TradingSession.openMinute + 1), TradingSession.regularCloseMinute)
    }
    self.reason = reason
  }
}
