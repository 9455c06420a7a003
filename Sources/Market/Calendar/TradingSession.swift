/// A day's regular trading hours.
public struct TradingSession: Hashable, Sendable {
  /// Minutes after midnight in New York at which every session opens: 9:30.
  public static let openMinute: Int64 = 570
  /// Minutes after midnight in New York at which a whole session closes: 16:00.
  public static let regularCloseMinute: Int64 = 960

  /// The day in New York.
  public var day: Day
  /// Minutes after midnight in New York at which it closes.
  public var closeMinute: Int64

  /// Makes a session; one that would close before it opens closes a minute after.
  public init(day: Day, closeMinute: Int64 = regularCloseMinute) {
    self.day = day
    self.closeMinute = max(closeMinute, Self.openMinute + 1)
  }

  /// Whether it is shorter than others.
  public var closesEarly: Bool { closeMinute < Self.regularCloseMinute }

  /// The moment of the opening.
  public var open: Timestamp { moment(Self.openMinute) }

  /// The moment of the close.
  public var close: Timestamp { moment(closeMinute) }

  private func moment(_ minute: Int64) -> Timestamp {
    NewYorkTime.moment(day, hour: minute / 60, minute: minute % 60)
  }
}
