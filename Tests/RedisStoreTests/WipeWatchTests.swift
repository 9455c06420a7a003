import Market
import Ports
import Testing

@testable import RedisStore

@Suite struct WipeWatchTests {
  private let shard = Shard(rawValue: 1)
  private let high = StreamPosition(milliseconds: 900, counter: 2)
  private let low = StreamPosition(milliseconds: 3, counter: 0)

  @Test func readersStartWhereTheySay() {
    let watch = WipeWatch()
    #expect(watch.start(of: shard, at: high) == high)
    #expect(watch.start(of: shard, at: nil) == .beginning)
  }

  @Test func positionBeyondTheEndReadsFromTheBeginningUntilItIsLeft() {
    for last in [nil, low, .beginning, StreamPosition(milliseconds: 900, counter: 1)] as [StreamPosition?] {
      var watch = WipeWatch()
      watch.saw(last, of: shard, at: high)
      #expect(watch.start(of: shard, at: high) == .beginning)
      #expect(watch.start(of: Shard(rawValue: 2), at: high) == high)
      #expect(watch.suspects([shard: high]) == [])
      watch.forget(except: [shard: high])
      #expect(watch.start(of: shard, at: high) == .beginning)
      watch.forget(except: [shard: low])
      #expect(watch.start(of: shard, at: low) == low)
      #expect(watch.suspects([shard: low]) == [shard])
      #expect(watch.start(of: shard, at: high) == high)
    }
  }

  @Test func positionAtOrBeforeTheEndIsGood() {
    var watch = WipeWatch()
    watch.saw(high, of: shard, at: high)
    watch.saw(StreamPosition(milliseconds: 900, counter: 3), of: shard, at: high)
    #expect(watch.start(of: shard, at: high) == high)
  }

  @Test func lookIsDueAtIntervalsAndOverANewConnection() {
    var watch = WipeWatch()
    #expect(watch.isDue(now: 5, generation: 1))
    watch.looked(now: 5, generation: 1)
    #expect(!watch.isDue(now: 5 + WipeWatch.interval - 1, generation: 1))
    #expect(watch.isDue(now: 5 + WipeWatch.interval, generation: 1))
    #expect(watch.isDue(now: 6, generation: 2))
  }

  @Test func positionsAreReadStrictly() {
    #expect(StreamPosition(Array("18446744073709551615-7".utf8)) == StreamPosition(milliseconds: .max, counter: 7))
    for text in ["", "-", "1", "1-", "-1", "1-2-3", "18446744073709551616-0", "a-1", "1 -1"] {
      #expect(StreamPosition(Array(text.utf8)) == nil)
    }
  }
}
