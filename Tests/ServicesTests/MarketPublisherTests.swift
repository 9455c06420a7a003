import Lifecycle
import Market
import Ports
import TestKit
import Testing

@testable import Services

@Suite struct MarketPublisherTests {
  /// A stream in memory that may fail, hang or forget.
  private actor FakeMarket: MarketStream {
    private(set) var published: [MarketUpdate] = []
    private(set) var calls = 0
    private var isDown = false
    private var isHeld = false
    private var forgotten: Set<Shard> = []
    private var lost: Set<InstrumentID> = []

    func set(isDown: Bool) { self.isDown = isDown }
    func set(isHeld: Bool) { self.isHeld = isHeld }
    func forget(_ shard: Shard) { forgotten = [shard] }
    func lose(_ instrument: InstrumentID) { lost = [instrument] }

    func publish(_ updates: [Shard: [MarketUpdate]]) async throws(StreamError) -> Set<InstrumentID> {
      calls += 1
      while isHeld { try? await Task.sleep(for: .milliseconds(1)) }
      if isDown { throw StreamError(reason: "down") }
      published += updates.values.joined()
      defer { lost = [] }
      return lost
    }

    func renew(_ owners: [Shard: UInt64]) async throws(StreamError) -> Set<Shard> {
      if isDown { throw StreamError(reason: "down") }
      defer { forgotten = [] }
      return forgotten
    }
  }

  private let market = FakeMarket()
  private let instrument = InstrumentID(rawValue: 7)

  private func publisher(waiting: Int = 1_000) -> MarketPublisher {
    var settings = MarketPublisher.Settings()
    settings.waitingLimit = waiting
    settings.renewalPeriod = .milliseconds(5)
    settings.failurePause = .milliseconds(5)
    return MarketPublisher(stream: market, settings: settings)
  }

  private func update(_ sequence: Int64, after previous: Int64?) -> MarketUpdate {
    let level = PriceLevelView(price: Price(rawValue: 10_000), size: Quantity(rawValue: sequence))
    return MarketUpdate(
      instrument: instrument, sequence: Sequence(rawValue: sequence), previous: previous.map { Sequence(rawValue: $0) },
      at: Row.start, trades: [], quote: Quote(at: Row.start, sequence: .zero, bid: level, ask: nil), isQuoteNew: true,
      changes: [.init(side: .buy, level: level)], checksum: 0)
  }

  @Test func aShardTakenOverIsReportedWhole() async {
    let publisher = publisher()
    #expect(publisher.takeLoss().isEmpty)
    publisher.begin(Row.shard, nonce: 1)
    #expect(publisher.takeLoss().shards == [Row.shard])
    #expect(publisher.takeLoss().isEmpty)
  }

  @Test func updatesOfAnInstrumentGoOutTogetherWhileOneIsUnderWay() async {
    let publisher = publisher()
    await market.set(isHeld: true)
    publisher.offer([update(1, after: nil)], of: Row.shard)
    await eventually("the first is under way") { await market.calls == 1 }
    for sequence in 2...50 as ClosedRange<Int64> {
      publisher.offer([update(sequence, after: sequence - 1)], of: Row.shard)
    }
    await market.set(isHeld: false)
    await eventually("the rest is out") { await market.published.last?.sequence == Sequence(rawValue: 50) }
    let published = await market.published
    #expect(published.count == 2 && published[1].previous == Sequence(rawValue: 1))
    #expect(published[1].changes == update(50, after: 49).changes)
  }

  @Test func whatFailsIsCountedAndReportedWholeLater() async {
    let publisher = publisher()
    publisher.begin(Row.shard, nonce: 1)
    _ = publisher.takeLoss()
    await market.set(isDown: true)
    publisher.offer([update(1, after: nil)], of: Row.shard)
    await eventually("the failure is counted") { publisher.counts.failures == 1 }
    #expect(publisher.counts.dropped == 1)
    await eventually("whole books are wanted") { publisher.takeLoss().shards == [Row.shard] }
  }

  /// However long the stream hangs, offering returns, and no more waits than the bound.
  @Test func aHangingStreamHoldsNobodyUp() async {
    let publisher = publisher(waiting: 20)
    publisher.begin(Row.shard, nonce: 1)
    _ = publisher.takeLoss()
    await market.set(isHeld: true)
    publisher.offer([update(1, after: nil)], of: Row.shard)
    await eventually("the first is under way") { await market.calls == 1 }
    for sequence in 2...500 as ClosedRange<Int64> {
      var update = update(sequence, after: sequence - 1)
      update.instrument = InstrumentID(rawValue: Int32(sequence))
      publisher.offer([update], of: Row.shard)
    }
    #expect(publisher.counts.dropped > 400)
    #expect(publisher.takeLoss().shards == [Row.shard])
    await market.set(isHeld: false)
    await eventually("the first is out") { await market.published.contains { $0.sequence == Sequence(rawValue: 1) } }
  }

  @Test func aWipeAndALostStateAreReportedWhole() async {
    let publisher = publisher()
    publisher.begin(Row.shard, nonce: 1)
    _ = publisher.takeLoss()
    let running = Task { await publisher.run() }
    await market.forget(Row.shard)
    await eventually("the wipe is seen") { publisher.takeLoss().shards == [Row.shard] }
    await market.lose(instrument)
    publisher.offer([update(1, after: nil)], of: Row.shard)
    await eventually("the loss is seen") { publisher.takeLoss().instruments == [instrument] }
    publisher.keep([Shard]())
    await market.forget(Row.shard)
    running.cancel()
    #expect(publisher.takeLoss().isEmpty)
  }
}
