import Market
import TestKit
import Testing

@Suite struct TimestampTests {
  @Test(
    arguments: [
      ("1970-01-01T00:00:00Z", 0), ("1970-01-01", 0), ("1970-01-02", 86_400_000_000),
      ("1969-12-31T23:59:59.999999Z", -1), ("2026-01-02T14:30:00Z", 1_767_364_200_000_000),
      ("2026-01-02t14:30:00.5z", 1_767_364_200_500_000), ("2026-01-02T14:30:00.123456789Z", 1_767_364_200_123_456),
      ("2026-01-02T09:30:00-05:00", 1_767_364_200_000_000), ("2026-01-02T20:00:00+05:30", 1_767_364_200_000_000),
      ("2026-01-02T20:00:00.000001 05:30", 1_767_364_200_000_001), ("2024-02-29T00:00:00-00:00", 1_709_164_800_000_000),
    ] as [(String, Int64)])
  func rfc3339IsReadToTheMicrosecond(_ text: String, _ microseconds: Int64) {
    #expect(Timestamp(text)?.rawValue == microseconds)
  }

  @Test(arguments: [
    "", "now", "2026", "2026-1-2", "2026-01-02T", "2026-01-02 14:30:00Z", "2026-01-02T14:30", "2026-01-02T14:30Z",
    "2026-01-02T14:30:00", "2026-01-02T24:00:00Z", "2026-01-02T14:60:00Z", "2026-01-02T14:30:60Z",
    "2026-01-02T14:30:00.Z", "2026-01-02T14:30:00.1234567890Z", "2026-01-02T14:30:00+5:30", "2026-01-02T14:30:00+24:00",
    "2026-01-02T14:30:00+05:60", "2026-01-02T14:30:00+0530", "2026-01-02T14:30:00ZZ", "2026-02-29",
    "2025-02-29T00:00:00Z",
    "2026-13-01", "2026-00-10", "2026-04-31", "0000-01-01", "-2026-01-01", "2026-01-02T-1:00:00Z", "２０２６-01-01",
  ])
  func whatIsNoMomentIsNotRead(_ text: String) { #expect(Timestamp(text) == nil) }

  @Test(arguments: [1, 2] as [UInt64])
  func printingAndReadingGoRound(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    let (first, last) = (Timestamp("0001-01-01")!, Timestamp("9999-12-31T23:59:59.999999Z")!)
    for time in [first, last] { #expect(Timestamp(time.description) == time) }
    for _ in 0..<2_000 {
      let time = Timestamp(rawValue: random.number(first.rawValue...last.rawValue))
      let text = time.description
      #expect(Timestamp(text) == time && text.utf8.count == 27, "seed \(seed): \(text)")
      // The same wall time in another zone is that much earlier.
      let minutes = random.number(-1_439...1_439)
      let (hours, rest) = abs(minutes).quotientAndRemainder(dividingBy: 60)
      func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
      let local = "\(text.dropLast())\(minutes < 0 ? "-" : "+")\(two(hours)):\(two(rest))"
      #expect(Timestamp(local) == time.advanced(byMicroseconds: Int64(-minutes) * 60_000_000), "seed \(seed): \(local)")
    }
  }

  @Test func textOrderIsTimeOrder() {
    let texts = ["1900-01-01", "1969-12-31T23:59:59.999999Z", "1970-01-01", "2026-01-02T14:30:00Z", "2100-12-31"]
    let times = texts.map { Timestamp($0)! }
    #expect(times == times.sorted() && times.map(\.description) == times.map(\.description).sorted())
  }
}

@Suite struct DayTests {
  @Test func everyDayOfTwoCenturiesFollowsTheCalendar() {
    // The obvious calendar, counted day by day.
    var (year, month, date) = (1900 as Int64, 1 as Int64, 1 as Int64)
    var weekday = 1  // 1 January 1900 was a Monday.
    var day = Day("1900-01-01")!
    #expect(day.rawValue == -25_567)
    while year <= 2100 {
      let civil = day.civil
      guard civil == (year, month, date), Day(year: year, month: month, day: date) == day, day.weekday == weekday,
        Day(day.description) == day, day.start.day == day,
        day.start.advanced(byMicroseconds: -1).day == day.advanced(by: -1)
      else {
        Issue.record("\(year)-\(month)-\(date) is \(day), weekday \(day.weekday)")
        return
      }
      let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
      let lengths: [Int64] = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
      date += 1
      if date > lengths[Int(month) - 1] {
        #expect(Day(year: year, month: month, day: date) == nil)
        (month, date) = (month + 1, 1)
      }
      if month > 12 { (year, month) = (year + 1, 1) }
      weekday = (weekday + 1) % 7
      day = day.advanced(by: 1)
    }
  }
}
