/// Who opens and closes the market.
public enum MarketClockMode: String, Hashable, Sendable, CaseIterable {
  /// Nobody: it is always open.
  case open
  /// The hours of the trading calendar.
  case calendar
  /// An operator, by hand.
  case manual
  /// The hours of the trading calendar, in a time of the market's own that runs faster.
  case simulated
}
