import JSON
import Testing

internal import Lifecycle

@testable import LabKit

struct MeasureTests {
  @Test(arguments: [1, 2, 3] as [UInt64])
  func quantilesLieWithinABucketOfTheExactOnes(seed: UInt64) {
    print("seed \(seed)")
    var random = SeededRandom(seed)
    var values: [Int64] = []
    var histogram = LatencyHistogram()
    for _ in 0..<20_000 {
      let value = Int64(random.next() >> (64 - random.next() % 44 - 1))
      values.append(value)
      histogram.record(value)
    }
    values.sort()
    for (parts, whole) in [(0, 100), (1, 100), (50, 100), (90, 100), (99, 100), (999, 1000), (9999, 10000), (1, 1)] {
      let rank = max(1, (values.count * parts + whole - 1) / whole)
      let exact = values[rank - 1]
      let measured = histogram.quantile(UInt64(parts), of: UInt64(whole))
      #expect(measured >= exact && measured <= exact + exact / 128, "\(parts) of \(whole): \(measured) for \(exact)")
    }
    #expect(histogram.quantile(1, of: 1) == values.last)
    #expect(histogram.minimum == values.first)
    #expect(histogram.count == 20_000)
  }

  @Test func everyValueLiesInItsBucketAndBucketsMeet() {
    var last: Int64 = -1
    for index in 0...LatencyHistogram.index(of: LatencyHistogram.ceiling) {
      #expect(LatencyHistogram.index(of: last + 1) == index)
      last = LatencyHistogram.upperBound(of: index)
      #expect(LatencyHistogram.index(of: last) == index)
    }
    #expect(last == LatencyHistogram.ceiling)
  }

  @Test func mergingEqualsRecordingTogether() {
    var random = SeededRandom(7)
    var (left, right, both) = (LatencyHistogram(), LatencyHistogram(), LatencyHistogram())
    for index in 0..<1000 {
      let value = Int64(random.next() % 1_000_000_000)
      if index % 3 == 0 { left.record(value) } else { right.record(value) }
      both.record(value)
    }
    left.merge(right)
    left.merge(LatencyHistogram())
    #expect(left == both)
  }

  @Test func spansBeyondTheRangeAreCounted() {
    var histogram = LatencyHistogram()
    #expect(histogram.quantile(1, of: 2) == 0)
    histogram.record(-5)
    histogram.record(.max)
    #expect(histogram.minimum == 0 && histogram.maximum == LatencyHistogram.ceiling)
  }

  @Test func scheduleKeepsItsRateWhateverTheAnswersDo() {
    var schedule = OpenLoopSchedule(rate: 3000, duration: .milliseconds(2500), start: 1000)
    #expect(schedule.count == 7500)
    #expect(schedule.moment(0) == 1000 && schedule.moment(3000) == 1_000_001_000)
    #expect(schedule.moment(7499) == 1000 + 2_499_666_666)
    #expect(schedule.due(at: 999, limit: 10).isEmpty)
    #expect(schedule.due(at: 1_000_001_000, limit: 10) == 0..<10)
    #expect(schedule.due(at: 1_000_001_000, limit: .max) == 10..<3001)
    #expect(schedule.due(at: .max, limit: .max) == 3001..<7500)
    #expect(schedule.next == nil)
  }

  @Test func tableAlignsWordsLeftAndFiguresRight() {
    var table = TextTable([.left("command"), .right("sent"), .left("µ")])
    table.add(["new orders", "7"])
    table.add(["x", "12345", "é"])
    #expect(
      table.text == """
        command      sent  µ
        ----------  -----  -
        new orders      7
        x           12345  é

        """)
    var bare = TextTable([.left(""), .right("")])
    bare.add(["a", "1"])
    #expect(bare.text == "a  1\n")
    #expect(TextTable([.left(""), .left("")]).text == "")
  }

  @Test(
    arguments: [
      (0, "0 ns"), (870, "870 ns"), (1000, "1.00 µs"), (12_345, "12.3 µs"), (456_789, "456 µs"), (4_567_890, "4.56 ms"),
      (1_200_000_000, "1.20 s"), (754_000_000_000, "754 s"),
    ] as [(Int64, String)])
  func spansHaveThreeDigits(nanoseconds: Int64, text: String) { #expect(SpanLabel.text(nanoseconds) == text) }

  @Test func progressIsOneLineOnATerminalAndSparseLinesElsewhere() {
    let half = ProgressBar.State(done: 500, total: 1000, rate: 1234, errors: 2, elapsed: 65_000_000_000)
    var terminal = ProgressBar("replay", isTerminal: true, columns: 60)
    #expect(terminal.isDue(0))
    #expect(
      terminal.drawing(half) == "\r\u{1B}[Kreplay  [##########..........]  50.0 %  500/1000 rows  1234")
    #expect(!terminal.isDue(65_050_000_000) && terminal.isDue(65_100_000_000))
    var plain = ProgressBar("replay", isTerminal: false, columns: 80)
    #expect(!plain.isDue(4_999_999_999) && plain.isDue(5_000_000_000))
    #expect(plain.drawing(half) == "replay  50.0 %  500/1000 rows  1234 orders/s  2 errors  ETA 1:05\n")
    let unknown = ProgressBar.State(done: 0, total: nil, rate: 0, errors: 0, elapsed: 0)
    #expect(plain.drawing(unknown) == "replay  0 rows  0 orders/s  0 errors  ETA -\n")
  }

  @Test func jsonTextIsEscaped() throws {
    let value = JSONText.object([
      ("a\"b", .array([.integer(-1), .null, .bool(true)])), ("c", .string("\\ \n é")),
    ])
    #expect(value.text == #"{"a\"b":[-1,null,true],"c":"\\ \n é"}"#)
    let scan = try #require(JSONValue.read(value.text.utf8))
    #expect(scan["c"]?.string == "\\ \n é")
  }
}

/// SplitMix64, for tests that print their seed.
struct SeededRandom: RandomNumberGenerator {
  private var state: UInt64
  init(_ seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
