import Lifecycle
import Testing

@Suite struct WholeDurationTests {
  @Test func spansAreRoundedTowardsZero() {
    let span = Duration(secondsComponent: 1, attosecondsComponent: 999_999_999_999_999_999)
    #expect(span.wholeNanoseconds == 1_999_999_999)
    #expect(span.wholeMicroseconds == 1_999_999 && span.wholeMilliseconds == 1_999)
    #expect(
      Duration.milliseconds(-1_500).wholeMilliseconds == -1_500
        && (Duration.zero - .nanoseconds(1)).wholeMicroseconds == 0)
  }

  @Test func spansThatDoNotFitAreTheGreatest() {
    let ages = Duration.seconds(Int64.max / 2)
    #expect(ages.wholeNanoseconds == .max && (.zero - ages).wholeNanoseconds == .min)
    #expect(
      ages.wholeMilliseconds == .max && Duration.seconds(9_000_000_000).wholeNanoseconds == 9_000_000_000_000_000_000)
  }
}
