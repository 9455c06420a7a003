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

  /// One day of the calendar, on New York time without offsets.
  mutating func session(_ session: TradingCalendar.Session) {
    beginObject()
    key("date")
    string(session.day.description)
    key("open")
    string(plain: "09:30")
    key("close")
    string(plain: session.closesEarly ? "13:00" : "16:00")
    key("session_open")
    string(plain: "0400")
    key("session_close")
    string(plain: session.closesEarly ? "1700" : "2000")
    key("settlement_date")
    string(TradingCalendar.session(after: session.day).day.description)
    endObject()
  }
}
