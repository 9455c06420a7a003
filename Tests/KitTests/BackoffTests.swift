import Lifecycle
import Testing

struct BackoffTests {
  let backoff = Backoff(base: .milliseconds(10), ceiling: .milliseconds(500))

  @Test func boundsDoubleUpToTheCeiling() {
    #expect(
      (0...8).map { backoff.bound(afterFailures: $0) }
        == [0, 10, 20, 40, 80, 160, 320, 500, 500].map { .milliseconds($0) })
    #expect(backoff.bound(afterFailures: .max) == .milliseconds(500))
  }

  @Test func pausesFillTheWholeSpanAndNothingBeyond() {
    var generator = SystemRandomNumberGenerator()
    for failures in 0...12 {
      let bound = backoff.bound(afterFailures: failures)
      #expect(backoff.pause(afterFailures: failures, random: 0) == .zero)
      for _ in 0..<200 { #expect(backoff.pause(afterFailures: failures, random: generator.next()) <= bound) }
    }
    // The longest one is drawn too: 10 ms are 10,001 possible pauses.
    #expect(backoff.pause(afterFailures: 1, random: 10_000) == .milliseconds(10))
    #expect(backoff.pause(afterFailures: 1, random: 10_001) == .zero)
  }

  @Test func restsAreNeverShorterThanHalf() {
    var generator = SystemRandomNumberGenerator()
    #expect(backoff.rest(afterFailures: 0, random: .max) == .zero)
    for failures in 1...12 {
      let bound = backoff.bound(afterFailures: failures)
      #expect(backoff.rest(afterFailures: failures, random: 0) == bound / 2)
      for _ in 0..<200 {
        #expect((bound / 2...bound).contains(backoff.rest(afterFailures: failures, random: generator.next())))
      }
    }
  }
}
