import Market
import TestKit
import Testing

@Suite struct BarFrameTests {
  static let frames: [BarFrame] = [
    .minutes(1), .minutes(7), .minutes(59), .minutes(60), .minutes(5 * 60), .minutes(23 * 60), .day, .week, .months(1),
    .months(4), .months(12),
  ]

  @Test(arguments: [
    ("1Min", BarFrame.minutes(1)), ("59T", .minutes(59)), ("1Hour", .minutes(60)), ("23H", .minutes(1380)),
    ("1Day", .day),
    ("1D", .day), ("1Week", .week), ("1Month", .months(1)), ("12M", .months(12)), ("30Min", .minutes(30)),
  ])
  func textsAreRead(text: String, frame: BarFrame) { #expect(BarFrame(text) == frame) }

  @Test(arguments: [
    "", "Min", "0Min", "60Min", "01Min", "1min", "24Hour", "2Day", "2Week", "5Month", "24Month", "1Year", "-1Min",
  ])
  func otherTextsAreRefused(text: String) { #expect(BarFrame(text) == nil) }

  @Test(arguments: [
    (BarFrame.minutes(240), "2026-07-01T13:31:07Z", "2026-07-01T12:00:00Z", "2026-07-01T16:00:00Z"),
    (.minutes(240), "2026-01-05T14:31:00Z", "2026-01-05T13:00:00Z", "2026-01-05T17:00:00Z"),
    (.minutes(7 * 60), "2026-01-06T04:59:59Z", "2026-01-06T02:00:00Z", "2026-01-06T05:00:00Z"),
    (.day, "2026-01-06T04:59:59Z", "2026-01-05T05:00:00Z", "2026-01-06T05:00:00Z"),
    (.day, "2026-03-08T12:00:00Z", "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z"),
    (.week, "2026-03-10T12:00:00Z", "2026-03-09T04:00:00Z", "2026-03-16T04:00:00Z"),
    (.months(1), "2026-03-31T12:00:00Z", "2026-03-01T05:00:00Z", "2026-04-01T04:00:00Z"),
    (.months(4), "2026-12-31T12:00:00Z", "2026-09-01T04:00:00Z", "2027-01-01T05:00:00Z"),
  ])
  func barsBeginWhereNewYorksCalendarSays(frame: BarFrame, moment: String, start: String, end: String) {
    let from = frame.start(of: Timestamp(moment)!)
    #expect(from == Timestamp(start)!)
    #expect(frame.end(of: from) == Timestamp(end)!)
  }

  /// Whatever moment somebody names, there is an answer.
  @Test(arguments: frames) func everyMomentHasABar(frame: BarFrame) {
    let moments = [Int64.min, .min + 1, -62_167_219_200_000_000, -62_135_596_800_000_000, -1, 0, 1, .max - 1, .max]
    for moment in moments.map(Timestamp.init(rawValue:)) + [Timestamp("0001-01-01T00:00:00+23:59")!] {
      let start = frame.start(of: moment)
      #expect(start <= moment || moment.rawValue < -9_000_000_000_000_000_000)
      #expect(frame.end(of: start) >= start)
    }
    let first = frame.start(of: Timestamp("0001-01-01")!)
    #expect(first <= Timestamp("0001-01-01")! && frame.end(of: first) > Timestamp("0001-01-01")!)
  }

  /// Bars leave no moment out and hold none twice, also where clocks change.
  @Test(arguments: frames) func barsFollowEachOther(frame: BarFrame) {
    var random = SeededRandom(seed: 3)
    for _ in 0..<2_000 {
      let moment = Timestamp(rawValue: Int64(random.number(1_500_000_000...1_900_000_000)) * 1_000_000)
      let start = frame.start(of: moment)
      let end = frame.end(of: start)
      #expect(start <= moment && moment < end, "\(frame) at \(moment)")
      #expect(frame.start(of: start) == start && frame.start(of: end) == end, "\(frame) at \(moment)")
      #expect(frame.start(of: end.advanced(byMicroseconds: -1)) == start, "\(frame) at \(moment)")
    }
  }
}
