import Lifecycle
import Market
import Testing

@testable import Services

struct ClaimRestsTests {
  private let backoff = Backoff(base: .milliseconds(500), ceiling: .seconds(30))
  private let start = ContinuousClock().now
  private let shards = (0..<2 as Range<Int16>).map { Shard(rawValue: $0) }

  @Test func restsDoubleAndAreEachShardsOwn() {
    var rests = ClaimRests()
    var now = start
    for failure in 1...10 {
      let pause = rests.failed(shards[0], now: now, backoff)
      #expect(pause == backoff.bound(afterFailures: failure))
      #expect(rests.resting(now: now) == [shards[0]])
      now += pause
      #expect(rests.resting(now: now) == [])
    }
    #expect(rests.failed(shards[1], now: now, backoff) == .milliseconds(500))
  }

  @Test func aShardThatWasTakenOverBeginsAnew() {
    var rests = ClaimRests()
    for _ in 1...5 { _ = rests.failed(shards[0], now: start, backoff) }
    rests.recovered(shards[0])
    #expect(rests.resting(now: start) == [])
    #expect(rests.failed(shards[0], now: start, backoff) == .milliseconds(500))
  }
}
