internal import ClientKit
internal import JSON
internal import Market

extension JSONWriter {
  /// The market's clock, on New York time.
  mutating func clock(_ state: MarketClock.State, now: Timestamp) {
    beginObject()
    key("timestamp")
    newYorkTime(now, fraction: true)
    key("is_open")
    bool(state.isOpen)
    key("next_open")
    newYorkTime(state.nextOpen, fraction: false)
    key("next_close")
    newYorkTime(state.nextClose, fraction: false)
    endObject()
  }

  /// One day of the calendar, on New York time without offsets. Trading before and after hours is shown as the exchange's
  /// members offer it, from 4:00 until four hours after the close.
  mutating func session(_ session: TradingSession, settledOn settlement: Day) {
    beginObject()
    key("date")
    string(session.day.description)
    key("open")
    string(clockTime(TradingSession.openMinute, separator: ":"))
    key("close")
    string(clockTime(session.closeMinute, separator: ":"))
    key("session_open")
    string(plain: "0400")
    key("session_close")
    string(clockTime(session.closeMinute + 240, separator: ""))
    key("settlement_date")
    string(settlement.description)
    endObject()
  }
}

/// A time of day as `09:30` or `0930`.
private func clockTime(_ minutes: Int64, separator: String) -> String {
  func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
  return two(minutes / 60) + separator + two(minutes % 60)
}
