/// When the stages of trading days begin, by the clock.
public struct MarketSchedule: Hashable, Sendable {
  /// How long before the opening orders are collected for it, when nobody says: half an hour.
  public static let defaultPreOpen = Duration.seconds(30 * 60)

  /// The days and hours of trading.
  public var calendar: TradingCalendar
  /// How long before the opening its auction is indicated.
  public var preOpen: Duration

  /// Makes a schedule; a span below nothing or beyond twelve hours is clamped.
  public init(calendar: TradingCalendar = .regular, preOpen: Duration = defaultPreOpen) {
    self.calendar = calendar
    self.preOpen = min(max(.zero, preOpen), .seconds(12 * 3_600))
  }

  /// What a market stands at, and what comes next.
  public struct State: Hashable, Sendable {
    /// The stage that has begun last.
    public var point: SessionPoint
    /// The stage that begins next.
    public var next: SessionPoint
    /// When it begins.
    public var nextAt: Timestamp
  }

  /// The market at a moment of its own time. A stage begins with its moment.
  public func state(at now: Timestamp) -> State {
    let today = NewYorkTime.day(at: now)
    let session = calendar.session(on: today).flatMap { now < $0.close ? $0 : nil } ?? calendar.session(after: today)
    let day = session.day
    let collects = session.open.advanced(by: .zero - preOpen)
    if now >= session.open {
      return State(
        point: SessionPoint(day, .open), next: SessionPoint(day, .closed), nextAt: session.close)
    }
    if now >= collects {
      return State(point: SessionPoint(day, .preOpen), next: SessionPoint(day, .open), nextAt: session.open)
    }
    return State(
      point: SessionPoint(calendar.session(before: day).day, .closed), next: SessionPoint(day, .preOpen),
      nextAt: collects)
  }
}
