package import Market

/// The market's hours as clients are told of them.
package struct MarketClock: Hashable, Sendable {
  /// The market at a moment.
  package struct State: Hashable, Sendable {
    /// Whether it is open.
    package var isOpen: Bool
    /// The next opening.
    package var nextOpen: Timestamp
    /// The next close; before the next opening while it is open.
    package var nextClose: Timestamp
  }

  /// Who opens and closes the market.
  package var mode: MarketClockMode
  /// What is remembered of its clock.
  package var record: MarketClockRecord
  /// The days and hours of trading.
  package var calendar: TradingCalendar

  /// Makes a clock.
  package init(
    mode: MarketClockMode, record: MarketClockRecord = MarketClockRecord(), calendar: TradingCalendar = .regular
  ) {
    self.mode = mode
    self.record = record
    self.calendar = calendar
  }

  /// The market's time at a moment of ours: another only where it is simulated.
  package func marketTime(at now: Timestamp) -> Timestamp { record.marketTime(at: now) }

  /// The market at a moment of its own time.
  package func state(at now: Timestamp) -> State {
    let ending = ending(at: now)
    let following = calendar.session(after: ending.day)
    let isOpen =
      switch mode {
      case .open: true
      case .calendar, .simulated: now >= ending.open
      // An operator follows no calendar; what comes next by it is told all the same.
      case .manual: record.target?.stage == .open
      }
    let opensLater = !isOpen && now < ending.open
    return State(
      isOpen: isOpen, nextOpen: opensLater ? ending.open : following.open,
      nextClose: isOpen || opensLater ? ending.close : following.close)
  }

  /// The session that trades or comes next. An operator may be ahead of the calendar: then that of the day that the market
  /// stands at, or of the one behind when that day is over.
  private func ending(at now: Timestamp) -> TradingSession {
    let today = NewYorkTime.day(at: now)
    let current = calendar.session(on: today).flatMap { now < $0.close ? $0 : nil }
    let ending = current ?? calendar.session(after: today)
    guard mode == .manual, let target = record.target else { return ending }
    let day = target.stage == .closed ? target.day.advanced(by: 1) : target.day
    return ending.day >= day ? ending : calendar.session(on: day) ?? calendar.session(after: day)
  }

  /// When an order that was submitted at a moment of ours is over at the latest.
  ///
  /// An order that comes after a close waits for the next session and is over at its close; what trades at once, or in the
  /// opening only, is over before. A market that is open always, or opened and closed by hand, keeps no hours: there it is
  /// the close that its clock shows.
  package func end(of timeInForce: TimeInForce, submittedAt: Timestamp) -> Timestamp {
    switch timeInForce {
    case .day, .cls, .ioc, .fok, .opg: return close(after: marketTime(at: submittedAt))
    case .gtc:
      return close(after: marketTime(at: submittedAt).advanced(by: MarketDirector.untilCanceledLife))
    }
  }

  private func close(after market: Timestamp) -> Timestamp {
    let today = NewYorkTime.day(at: market)
    let current = calendar.session(on: today).flatMap { market < $0.close ? $0 : nil }
    return record.moment(of: (current ?? calendar.session(after: today)).close)
  }
}
