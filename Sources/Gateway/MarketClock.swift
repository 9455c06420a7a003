public import Market

/// What `/v2/clock` tells.
public struct MarketClock: Hashable, Sendable {
  /// When the market is open.
  public enum Mode: Hashable, Sendable {
    /// Always; closes and opens are told from the calendar all the same.
    case open
    /// In the regular sessions.
    case calendar
  }

  /// The market at a moment.
  public struct State: Hashable, Sendable {
    /// Whether it is open.
    public var isOpen: Bool
    /// The next opening.
    public var nextOpen: Timestamp
    /// The next close; before the next opening while it is open.
    public var nextClose: Timestamp
  }

  /// When the market is open.
  public var mode: Mode
  /// The days and hours of trading.
  public var calendar: TradingCalendar

  /// Makes a clock.
  public init(mode: Mode, calendar: TradingCalendar = .regular) {
    self.mode = mode
    self.calendar = calendar
  }

  /// The market at a moment.
  public func state(at now: Timestamp) -> State {
    let today = NewYorkTime.day(at: now)
    let current = calendar.session(on: today).flatMap { now < $0.close ? $0 : nil }
    let ending = current ?? calendar.session(after: today)
    let following = calendar.session(after: ending.day)
    switch mode {
    case .open: return State(isOpen: true, nextOpen: following.open, nextClose: ending.close)
    case .calendar:
      let isOpen = now >= ending.open
      return State(isOpen: isOpen, nextOpen: isOpen ? following.open : ending.open, nextClose: ending.close)
    }
  }
}
