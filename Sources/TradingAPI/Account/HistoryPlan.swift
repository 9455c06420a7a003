internal import APIKit
internal import ClientKit
internal import Market

/// Which moments a portfolio's history shows: windows of one timeframe, each told by its beginning and valued at its end.
struct HistoryPlan: Sendable {
  /// One element of the answer.
  struct Window: Hashable, Sendable {
    /// What it is labelled with.
    var start: Timestamp
    /// The moment of its value.
    var end: Timestamp
    /// Its day in New York.
    var day: Day
  }

  /// The length of windows.
  enum Timeframe: String, Sendable, CaseIterable {
    case minute = "1Min"
    case fiveMinutes = "5Min"
    case quarter = "15Min"
    case hour = "1H"
    case day = "1D"

    var minutes: Int64? {
      switch self {
      case .minute: return 1
      case .fiveMinutes: return 5
      case .quarter: return 15
      case .hour: return 60
      case .day: return nil
      }
    }
  }

  /// Which hours of a day are shown.
  enum Reporting: String, Sendable, CaseIterable {
    case marketHours = "market_hours"
    case extendedHours = "extended_hours"
    case continuous
  }

  /// Most windows of one answer.
  static let maximumWindows = 10_000

  var timeframe: Timeframe
  var windows: [Window] = []
  /// The moment that profit is counted from.
  var base: Timestamp
  /// Whether profit begins anew each day.
  var resetsDaily: Bool
  /// Which flows of cash are listed, by the names that were asked for; nil for none.
  var cashflows: [String]?

  /// Reads the query of `GET /v2/account/portfolio/history`.
  init(_ values: QueryValues, clock: MarketClock, now: Timestamp) throws(APIError) {
    let end = try values.end(oneOf: "date_end", "end")
    let start = try values.boundary(oneOf: "date_start", "start")
    let lastAsked = try values.boundary(oneOf: "date_end", "end")
    let period = try values.word("period") { Period($0) }
    if period != nil, start != nil, end != nil {
      throw .field("only two of period, start and end are accepted", reason: "period_start_and_end")
    }
    // Only where the market keeps our hours do days begin and end with its sessions.
    let isAlways = clock.mode != .calendar
    let isExtended = try values.flag("extended_hours") == true
    let reporting =
      try values.word("intraday_reporting") { Reporting(rawValue: $0) }
      ?? (isAlways ? .continuous : isExtended ? .extendedHours : .marketHours)
    let hours = Hours(clock: clock, reporting: reporting)
    let last = hours.lastDay(
      through: min(lastAsked ?? NewYorkTime.day(at: now), NewYorkTime.day(at: now)), now)
    let first = start ?? (period ?? Period(count: 1, unit: .month)).first(endingOn: last, hours)
    let days = max(1, Int64(last.rawValue) - Int64(first.rawValue) + 1)
    timeframe =
      try values.word("timeframe") { Timeframe(rawValue: $0) } ?? (days < 7 ? .minute : days < 30 ? .quarter : .day)
    resetsDaily =
      try values.word("pnl_reset") { word -> Bool? in
        switch word {
        case "per_day": return true
        case "no_reset": return false
        default: return nil
        }
      } ?? true
    if timeframe == .day { resetsDaily = false }
    cashflows = try ActivityParameters.cashflows(values)
    base = hours.closeBefore(first)
    guard first <= last else { return }
    guard days <= Int64(Self.maximumWindows) else { throw Self.tooMuch }
    var day = first
    while day <= last {
      try add(day, hours, until: end, now)
      day = day.advanced(by: 1)
    }
  }

  static var tooMuch: APIError {
    .field(
      "the history would be too large: ask for a shorter period or a coarser timeframe", reason: "too_much_history")
  }

  private mutating func add(_ day: Day, _ hours: Hours, until end: Timestamp?, _ now: Timestamp) throws(APIError) {
    guard let (open, close) = hours.span(of: day) else { return }
    let step = timeframe.minutes.map { $0 * 60_000_000 } ?? close.microseconds(since: open)
    var start = open
    while start < close, start <= now, end.map({ start <= $0 }) ?? true {
      guard windows.count < Self.maximumWindows else { throw Self.tooMuch }
      let finish = min(start.advanced(byMicroseconds: step), close, now)
      windows.append(Window(start: start, end: max(finish, start), day: day))
      start = start.advanced(byMicroseconds: step)
    }
  }
}

/// `5D`, `2W`, `1M`, `1A`.
private struct Period {
  enum Unit: Character {
    case day = "D"
    case week = "W"
    case month = "M"
    case year = "A"
  }

  var count: Int32
  var unit: Unit

  init(count: Int32, unit: Unit) {
    self.count = count
    self.unit = unit
  }

  init?(_ text: String) {
    guard let last = text.last, let unit = Unit(rawValue: last), text.utf8.count <= 5,
      text.dropLast().utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
      let count = Int32(text.dropLast()), count > 0
    else { return nil }
    self.init(count: count, unit: unit)
  }

  /// The first day of a period that ends on `last`; days count only when there is trading.
  func first(endingOn last: Day, _ hours: Hours) -> Day {
    switch unit {
    case .day:
      var (day, left) = (last, count - 1)
      let earliest = last.advanced(by: -Int32(HistoryPlan.maximumWindows))
      while left > 0, day > earliest {
        day = day.advanced(by: -1)
        if hours.span(of: day) != nil { left -= 1 }
      }
      return day
    case .week: return last.advanced(by: 1 - 7 * min(count, 10_000))
    case .month: return Self.months(before: last, Int64(count))
    case .year: return Self.months(before: last, 12 * Int64(count))
    }
  }

  private static func months(before last: Day, _ count: Int64) -> Day {
    let (year, month, date) = last.civil
    let months = year * 12 + month - 1 - count
    guard months >= 12 * TradingCalendar.years.lowerBound else {
      return Day(year: TradingCalendar.years.lowerBound, month: 1, day: 1)!
    }
    for candidate in stride(from: date, through: 28, by: -1) {
      if let day = Day(year: months / 12, month: months % 12 + 1, day: candidate) { return day.advanced(by: 1) }
    }
    return Day(year: months / 12, month: months % 12 + 1, day: min(date, 28))!.advanced(by: 1)
  }
}

/// The hours that a history shows of each day.
private struct Hours {
  var clock: MarketClock
  var reporting: HistoryPlan.Reporting

  /// Where a market is always open, so is every day of a history without hours.
  func span(of day: Day) -> (open: Timestamp, close: Timestamp)? {
    if reporting == .continuous {
      return (
        NewYorkTime.moment(day, hour: 0, minute: 0), NewYorkTime.moment(day.advanced(by: 1), hour: 0, minute: 0)
      )
    }
    guard let session = clock.calendar.session(on: day) else { return nil }
    guard reporting == .extendedHours else { return (session.open, session.close) }
    return (
      NewYorkTime.moment(day, hour: 4, minute: 0),
      NewYorkTime.moment(day, hour: session.closesEarly ? 17 : 20, minute: 0)
    )
  }

  /// The latest day that has begun.
  func lastDay(through day: Day, _ now: Timestamp) -> Day {
    var day = day
    for _ in 0..<366 {
      if let span = span(of: day), span.open <= now { return day }
      day = day.advanced(by: -1)
    }
    return day
  }

  func closeBefore(_ day: Day) -> Timestamp {
    switch reporting {
    case .continuous: return NewYorkTime.moment(day, hour: 0, minute: 0)
    case .marketHours, .extendedHours: return clock.calendar.session(before: day).close
    }
  }
}

extension MarketClock {
  /// The last close that a day's changes are counted from: of the session before today's date in New York, or, where the
  /// market does not keep the calendar's hours, the midnight there.
  func lastClose(before now: Timestamp) -> Timestamp {
    let today = NewYorkTime.day(at: now)
    switch mode {
    case .open, .manual, .simulated: return NewYorkTime.moment(today, hour: 0, minute: 0)
    case .calendar: return calendar.session(before: today).close
    }
  }
}
