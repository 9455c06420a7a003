/// A moment in microseconds since 1970-01-01T00:00:00Z, without leap seconds.
///
/// Its arithmetic is total: moments come from requests and from other processes, and a sum beyond the first or the last one
/// that can be named is that one. Nothing that trades lies within 290,000 years of either.
@frozen
public struct Timestamp: RawRepresentable, Hashable, Comparable, Sendable {
  /// Microseconds since the Unix epoch.
  public let rawValue: Int64

  /// Names a moment.
  @inlinable
  public init(rawValue: Int64) { self.rawValue = rawValue }

  @inlinable
  public static func < (a: Timestamp, b: Timestamp) -> Bool { a.rawValue < b.rawValue }

  /// The moment `microseconds` later.
  @inlinable
  public func advanced(byMicroseconds microseconds: Int64) -> Timestamp {
    let (sum, isBeyond) = rawValue.addingReportingOverflow(microseconds)
    return Timestamp(rawValue: isBeyond ? (microseconds < 0 ? .min : .max) : sum)
  }

  /// The moment that much later; what is less than a microsecond is left out.
  public func advanced(by span: Duration) -> Timestamp { advanced(byMicroseconds: span.wholeMicroseconds) }

  /// The span from `earlier` to this moment.
  public func span(since earlier: Timestamp) -> Duration { .microseconds(microseconds(since: earlier)) }

  /// Microseconds from `earlier` to this moment.
  @inlinable
  public func microseconds(since earlier: Timestamp) -> Int64 {
    let (difference, isBeyond) = rawValue.subtractingReportingOverflow(earlier.rawValue)
    return isBeyond ? (self < earlier ? .min : .max) : difference
  }

  /// The UTC day this moment lies in.
  public var day: Day { Day(rawValue: Int32(rawValue.floorDivided(by: Self.microsecondsPerDay))) }

  private static let microsecondsPerDay: Int64 = 86_400_000_000
}

extension Duration {
  /// Whole microseconds, rounded towards zero and clamped to what fits.
  var wholeMicroseconds: Int64 {
    let (seconds, attoseconds) = components
    let (product, isTooMuch) = seconds.multipliedReportingOverflow(by: 1_000_000)
    let (sum, isBeyond) = product.addingReportingOverflow(attoseconds / 1_000_000_000_000)
    return isTooMuch || isBeyond ? (seconds < 0 ? .min : .max) : sum
  }
}

extension Timestamp: CustomStringConvertible {
  /// RFC 3339 in UTC with six fraction digits: `2026-01-02T14:30:00.000000Z`.
  public var description: String {
    let time = rawValue.floorModulo(Self.microsecondsPerDay)
    let (seconds, fraction) = time.quotientAndRemainder(dividingBy: 1_000_000)
    return "\(day)T\(pad(seconds / 3600, 2)):\(pad(seconds / 60 % 60, 2)):\(pad(seconds % 60, 2)).\(pad(fraction, 6))Z"
  }

  /// Parses RFC 3339 with `Z` or an offset and up to nine fraction digits (cut to six), or a date alone (midnight UTC).
  ///
  /// A space before the offset is accepted: it is what a raw `+` becomes in a query string.
  public init?(_ text: some StringProtocol) {
    var scanner = DigitScanner(text)
    guard let date = scanner.date() else { return nil }
    let midnight = Int64(date.rawValue) * 86_400_000_000
    if scanner.isAtEnd {
      self.init(rawValue: midnight)
      return
    }
    guard scanner.take(anyOf: "Tt"), let hour = scanner.number(digits: 2), scanner.take(":"),
      let minute = scanner.number(digits: 2), scanner.take(":"), let second = scanner.number(digits: 2),
      hour < 24, minute < 60, second < 60
    else { return nil }
    var fraction: Int64 = 0
    if scanner.take(".") {
      guard let digits = scanner.digits(upTo: 9) else { return nil }
      let six = (digits + [0, 0, 0, 0, 0]).prefix(6)
      fraction = six.reduce(0) { $0 * 10 + Int64($1) }
    }
    var offset: Int64 = 0
    if !scanner.take(anyOf: "Zz") {
      let positive = scanner.take(anyOf: "+ ")
      guard positive || scanner.take("-"), let hours = scanner.number(digits: 2), scanner.take(":"),
        let minutes = scanner.number(digits: 2), hours < 24, minutes < 60
      else { return nil }
      offset = (hours * 60 + minutes) * (positive ? 1 : -1)
    }
    guard scanner.isAtEnd else { return nil }
    let seconds = hour * 3600 + minute * 60 + second - offset * 60
    self.init(rawValue: midnight + seconds * 1_000_000 + fraction)
  }
}

/// A day of the proleptic Gregorian calendar, counted from 1970-01-01.
public struct Day: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
  /// Days since 1970-01-01.
  public let rawValue: Int32

  /// Names a day by its count.
  public init(rawValue: Int32) { self.rawValue = rawValue }

  /// The day with this year, month (1-12) and day of month (1-31); nil when there is none.
  ///
  /// Source: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil.
  public init?(year: Int64, month: Int64, day: Int64) {
    guard (1...9999).contains(year), (1...12).contains(month), day >= 1, day <= Day.days(in: month, of: year) else {
      return nil
    }
    self.init(rawValue: Self.count(year, month, day))
  }

  /// The first day of the month that lies `months` months behind January of a year, of any year that a day may lie in: what
  /// lies beyond is the last day of that end.
  static func first(ofMonth months: Int64, after year: Int64) -> Day {
    let year = min(max(year, -6_000_000), 6_000_000) + min(max(months, -72_000_000), 72_000_000).floorDivided(by: 12)
    return Day(rawValue: count(year, months.floorModulo(12) + 1, 1))
  }

  /// Days since 1970-01-01 of a day that exists, in a year within ±12 million.
  private static func count(_ year: Int64, _ month: Int64, _ day: Int64) -> Int32 {
    let shifted = month <= 2 ? year - 1 : year
    let era = shifted.floorDivided(by: 400)
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return Int32(clamping: era * 146_097 + dayOfEra - 719_468)
  }

  private static func days(in month: Int64, of year: Int64) -> Int64 {
    switch month {
    case 2: return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: return 30
    default: return 31
    }
  }

  /// Year, month (1-12) and day of month (1-31).
  public var civil: (year: Int64, month: Int64, day: Int64) {
    let shifted = Int64(rawValue) + 719_468
    let era = shifted.floorDivided(by: 146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
  }

  /// 0 for Sunday to 6 for Saturday.
  public var weekday: Int { Int((Int64(rawValue) + 4).floorModulo(7)) }

  /// Midnight UTC at the start of the day.
  public var start: Timestamp {
    let (product, isBeyond) = Int64(rawValue).multipliedReportingOverflow(by: 86_400_000_000)
    return Timestamp(rawValue: isBeyond ? (rawValue < 0 ? .min : .max) : product)
  }

  /// The day `days` later; the first or the last one where that is beyond.
  public func advanced(by days: Int32) -> Day { Day(rawValue: Int32(clamping: Int64(rawValue) + Int64(days))) }

  public static func < (a: Day, b: Day) -> Bool { a.rawValue < b.rawValue }

  /// Parses `2026-01-02`; nil otherwise.
  public init?(_ text: some StringProtocol) {
    var scanner = DigitScanner(text)
    guard let day = scanner.date(), scanner.isAtEnd else { return nil }
    self = day
  }

  /// ISO 8601: `2026-01-02`.
  public var description: String {
    let (year, month, day) = civil
    return "\(pad(year, 4))-\(pad(month, 2))-\(pad(day, 2))"
  }
}

extension Int64 {
  /// Rounded towards the smaller number; right for every number and every divisor above zero.
  func floorDivided(by divisor: Int64) -> Int64 {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? quotient - 1 : quotient
  }

  /// What is left of it: 0 to `divisor` - 1.
  func floorModulo(_ divisor: Int64) -> Int64 {
    let remainder = self % divisor
    return remainder < 0 ? remainder + divisor : remainder
  }
}

private func pad(_ value: Int64, _ width: Int) -> String {
  let digits = String(value)
  return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
}

/// Reads fixed-width digits and literals off the front of an ASCII text.
private struct DigitScanner {
  private var rest: ArraySlice<UInt8>

  init(_ text: some StringProtocol) { rest = Array(text.utf8)[...] }

  var isAtEnd: Bool { rest.isEmpty }

  mutating func take(_ literal: Unicode.Scalar) -> Bool {
    guard rest.first == UInt8(ascii: literal) else { return false }
    rest.removeFirst()
    return true
  }

  mutating func take(anyOf literals: String) -> Bool {
    guard let first = rest.first, literals.utf8.contains(first) else { return false }
    rest.removeFirst()
    return true
  }

  mutating func digits(upTo count: Int) -> [UInt8]? {
    var digits: [UInt8] = []
    while let byte = rest.first, byte >= 0x30, byte <= 0x39 {
      digits.append(byte - 0x30)
      rest.removeFirst()
    }
    return (1...count).contains(digits.count) ? digits : nil
  }

  mutating func number(digits count: Int) -> Int64? {
    guard rest.count >= count else { return nil }
    var value: Int64 = 0
    for byte in rest.prefix(count) {
      guard byte >= 0x30, byte <= 0x39 else { return nil }
      value = value * 10 + Int64(byte - 0x30)
    }
    rest.removeFirst(count)
    return value
  }

  mutating func date() -> Day? {
    guard let year = number(digits: 4), take("-"), let month = number(digits: 2), take("-"),
      let day = number(digits: 2)
    else { return nil }
    return Day(year: year, month: month, day: day)
  }
}
