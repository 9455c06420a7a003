/// How long the bars of a history are, and where they begin.
///
/// Days are New York's, from midnight to midnight; weeks begin on Monday, months on the first; a bar of several months
/// begins in the month whose number counts them out from January. Bars of minutes and hours are counted out from New York's
/// midnight, anew each day: the last of a day is shorter when they do not go into it. A bar is named by its beginning.
public enum BarFrame: Hashable, Sendable {
  /// So many minutes; 60 an hour.
  case minutes(Int64)
  /// A day.
  case day
  /// A week.
  case week
  /// So many months: 1, 2, 3, 4, 6 or 12.
  case months(Int64)

  /// Parses `1Min` to `59Min`, `1Hour` to `23Hour`, `1Day`, `1Week`, and `1Month`, `2Month`, `3Month`, `4Month`, `6Month`,
  /// `12Month`; also `T`, `H`, `D`, `W` and `M` for the words. Nil for anything else.
  public init?(_ text: String) {
    let digits = text.utf8.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    guard (1...2).contains(digits.count), digits.first != UInt8(ascii: "0"), let count = Int64(Substring(digits)) else {
      return nil
    }
    switch text.dropFirst(digits.count) {
    case "Min", "T": self = .minutes(count)
    case "Hour", "H": self = .minutes(count * 60)
    case "Day", "D": self = .day
    case "Week", "W": self = .week
    case "Month", "M": self = .months(count)
    default: return nil
    }
    switch self {
    case .minutes(let minutes): if minutes % 60 == 0 ? minutes > 23 * 60 || count == 60 : minutes > 59 { return nil }
    case .day, .week: if count != 1 { return nil }
    case .months: if 12 % count != 0 { return nil }
    }
  }

  /// The beginning of the bar that holds a moment.
  public func start(of moment: Timestamp) -> Timestamp {
    let day = NewYorkTime.day(at: moment)
    switch self {
    case .minutes(let minutes):
      let midnight = NewYorkTime.moment(day, hour: 0, minute: 0)
      let width = max(1, minutes) * 60_000_000
      return midnight.advanced(byMicroseconds: moment.microseconds(since: midnight) / width * width)
    case .day: return NewYorkTime.moment(day, hour: 0, minute: 0)
    case .week: return NewYorkTime.moment(day.advanced(by: -Int32((day.weekday + 6) % 7)), hour: 0, minute: 0)
    case .months(let months):
      let (year, month, _) = day.civil
      return Self.firstOfMonth(year, (month - 1) / months * months)
    }
  }

  /// The end of the bar that begins at `start`: the earliest moment that is no longer in it.
  public func end(of start: Timestamp) -> Timestamp {
    let day = NewYorkTime.day(at: start)
    switch self {
    case .minutes(let minutes):
      let midnight = NewYorkTime.moment(day.advanced(by: 1), hour: 0, minute: 0)
      return min(start.advanced(byMicroseconds: minutes * 60_000_000), midnight)
    case .day: return NewYorkTime.moment(day.advanced(by: 1), hour: 0, minute: 0)
    case .week: return NewYorkTime.moment(day.advanced(by: 7), hour: 0, minute: 0)
    case .months(let months):
      let (year, month, _) = day.civil
      return Self.firstOfMonth(year, month - 1 + months)
    }
  }

  /// About how long a bar is.
  public var approximateLength: Duration {
    let day: Int64 = 86_400
    switch self {
    case .minutes(let minutes): return .seconds(minutes * 60)
    case .day: return .seconds(day)
    case .week: return .seconds(7 * day)
    case .months(let months): return .seconds(30 * day * months)
    }
  }

  /// Midnight in New York on the first of the month that lies `months` months behind January.
  private static func firstOfMonth(_ year: Int64, _ months: Int64) -> Timestamp {
    NewYorkTime.moment(Day.first(ofMonth: months, after: year), hour: 0, minute: 0)
  }
}
