import Telemetry
import Testing

@Suite struct RepeatedLinesTests {
  @Test func theFirstIsWrittenAtOnceAndThenOneAPeriodWithTheCount() {
    var lines = RepeatedLines<String>(period: .seconds(60))
    let start = ContinuousClock().now
    #expect(lines.add(3, to: "a", now: start) == 3)
    #expect(lines.add(4, to: "a", now: start + .seconds(1)) == nil)
    #expect(lines.add(1, to: "b", now: start + .seconds(1)) == 1, "each key on its own")
    #expect(lines.add(5, to: "a", now: start + .seconds(59)) == nil)
    #expect(lines.add(1, to: "a", now: start + .seconds(60)) == 10)
    #expect(lines.add(2, to: "a", now: start + .seconds(61)) == nil)
    #expect(lines.add(1, to: "a", now: start + .seconds(1_000)) == 3)
  }
}
