import Lifecycle
import Testing

@testable import Redis

@Suite struct ReconnectBackoffTests {
  private let backoff = Backoff(base: .milliseconds(20), ceiling: .milliseconds(500))
  private let error = RedisError.unavailable(reason: "refused")

  @Test func restsGrowWithFailuresInARowAndEndWithACallThatIsServed() {
    var rest = ReconnectBackoff(backoff)
    #expect(rest.remaining(now: 0) == 0)
    for failures in 1...20 {
      rest.failed(error, now: 1000, random: 0)
      #expect(rest.remaining(now: 1000) == backoff.rest(afterFailures: failures, random: 0).wholeNanoseconds)
    }
    #expect(throws: RedisError.self) { try rest.check(now: 1001) }
    rest.served()
    rest.failed(error, now: 2000, random: 0)
    #expect(rest.remaining(now: 2000) == backoff.rest(afterFailures: 1, random: 0).wholeNanoseconds)
    #expect(throws: Never.self) { try rest.check(now: 2000 + backoff.base.wholeNanoseconds) }
  }

  /// A server that has become a replica is looked up again at once; one that stays it is not reconnected to by every call.
  @Test func readOnlyServerIsLookedUpAtOnceAndThenLeftAlone() {
    var rest = ReconnectBackoff(backoff)
    let readOnly = RedisError.refused(RedisRefusal(reply: "READONLY You can't write against a read only replica."))
    rest.turnedAway(readOnly, now: 5, random: 0)
    #expect(rest.remaining(now: 5) == 0)
    rest.turnedAway(readOnly, now: 6, random: 0)
    #expect(rest.remaining(now: 6) == backoff.rest(afterFailures: 1, random: 0).wholeNanoseconds)
    let found = #expect(throws: RedisError.self) { try rest.check(now: 7) }
    #expect(found?.description.contains("READONLY") == true)
    rest.served()
    rest.turnedAway(readOnly, now: 8, random: 0)
    #expect(rest.remaining(now: 8) == 0)
  }

  @Test func deadConnectionIsReplacedAtOnce() {
    var rest = ReconnectBackoff(backoff)
    rest.failed(error, now: 0, random: .max)
    rest.end()
    #expect(throws: Never.self) { try rest.check(now: 0) }
  }
}
