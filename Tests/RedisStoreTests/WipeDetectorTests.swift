import Market
import Ports
import Testing

@testable import RedisStore

@Suite struct WipeDetectorTests {
  private let shard = Shard(rawValue: 1)
  private let high = StreamPosition(milliseconds: 900, counter: 2)
  private let low = StreamPosition(milliseconds: 3, counter: 0)

  @Test func readersStartWhereTheySay() {
    let monitor = WipeDetector()
    #expect(monitor.start(of: shard, at: high) == high)
    #expect(monitor.start(of: shard, at: nil) == .beginning)
  }

  @Test func positionBeyondTheEndReadsFromTheBeginningUntilItIsLeft() {
    for last in [nil, low, .beginning, StreamPosition(milliseconds: 900, counter: 1)] as [StreamPosition?] {
      var monitor = WipeDetector()
      monitor.saw(last, of: shard, at: high)
      #expect(monitor.start(of: shard, at: high) == .beginning)
      #expect(monitor.start(of: Shard(rawValue: 2), at: high) == high)
      #expect(monitor.suspects([shard: high]) == [])
      monitor.forget(except: [shard: high])
      #expect(monitor.start(of: shard, at: high) == .beginning)
      monitor.forget(except: [shard: low])
      #expect(monitor.start(of: shard, at: low) == low)
      #expect(monitor.suspects([shard: low]) == [shard])
      #expect(monitor.start(of: shard, at: high) == high)
    }
  }

  @Test func positionAtOrBeforeTheEndIsGood() {
    var monitor = WipeDetector()
    monitor.saw(high, of: shard, at: high)
    monitor.saw(StreamPosition(milliseconds: 900, counter: 3), of: shard, at: high)
    #expect(monitor.start(of: shard, at: high) == high)
  }

  @Test func lookIsDueAtIntervalsAndOverANewConnection() {
    var monitor = WipeDetector()
    #expect(monitor.isDue(now: 5, generation: 1))
    monitor.polled(now: 5, generation: 1)
    #expect(!monitor.isDue(now: 5 + WipeDetector.interval - 1, generation: 1))
    #expect(monitor.isDue(now: 5 + WipeDetector.interval, generation: 1))
    #expect(monitor.isDue(now: 6, generation: 2))
  }

  @Test func positionsAreReadStrictly() {
    #expect(StreamPosition(Array("18446744073709551615-7".utf8)) == StreamPosition(milliseconds: .max, counter: 7))
    for text in ["", "-", "1", "1-", "-1", "1-2-3", "18446744073709551616-0", "a-1", "1 -1"] {
      #expect(StreamPosition(Array(text.utf8)) == nil)
    }
  }
}
