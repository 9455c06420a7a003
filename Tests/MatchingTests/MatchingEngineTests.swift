import Market
import Matching
import Testing

/// The engine as a value: recovery, replay, memory, limits.
@Suite struct MatchingEngineTests {
  static let instrument = InstrumentID(rawValue: 7)

  @Test(arguments: [UInt64](1...4))
  func batchingChangesNothing(seed: UInt64) {
    var random = RandomCommands(seed: seed)
    let commands = random.batch(5_000)
    var whole = MatchingEngine()
    var events: [BookEvent] = []
    whole.apply(commands, into: &events)
    var pieces = MatchingEngine(expectedOrders: 100)
    var pieceEvents: [BookEvent] = []
    var start = 0
    while start < commands.count {
      let end = min(commands.count, start + random.number(1...40))
      var some: [BookEvent] = []
      pieces.apply(Array(commands[start..<end]), into: &some)
      for var event in some {
        event.command += Int32(start)
        pieceEvents.append(event)
      }
      start = end
    }
    #expect(events == pieceEvents)
    #expect(whole.digest() == pieces.digest())
  }

  @Test(arguments: [UInt64](1...4))
  func restoredEngineGoesOnAsTheOldOne(seed: UInt64) throws {
    var random = RandomCommands(seed: seed, priceSpan: 60)
    var engine = MatchingEngine()
    var events: [BookEvent] = []
    engine.apply(random.batch(3_000), into: &events)
    var restored = MatchingEngine()
    for instrument in engine.instruments {
      for order in engine.restingOrders(instrument) { try restored.restore(order) }
    }
    #expect(restored.restingCount == engine.restingCount)
    #expect(restored.digest() == engine.digest())
    let more = random.batch(3_000)
    var (after, afterRestored): ([BookEvent], [BookEvent]) = ([], [])
    engine.apply(more, into: &after)
    restored.apply(more, into: &afterRestored)
    #expect(after == afterRestored)
    #expect(restored.digest() == engine.digest())
  }

  @Test func copyIsASnapshot() {
    var random = RandomCommands(seed: 5)
    var engine = MatchingEngine()
    var events: [BookEvent] = []
    engine.apply(random.batch(500), into: &events)
    let snapshot = engine
    let digest = engine.digest()
    engine.apply(random.batch(500), into: &events)
    #expect(snapshot.digest() == digest)
    #expect(engine.digest() != digest)
  }

  @Test func restoreRefusesContradictions() throws {
    var engine = MatchingEngine()
    func order(_ key: OrderKey, _ side: Side, _ price: Int64, leaves: Int64 = 10, filled: Int64 = 0) -> RestingOrder {
      RestingOrder(
        order: key, instrument: MatchingEngineTests.instrument, account: AccountNumber(rawValue: 1), side: side,
        price: Price(rawValue: price), leaves: Quantity(rawValue: leaves), filled: Quantity(rawValue: filled))
    }
    try engine.restore(order(1, .buy, 100, filled: 5))
    let digest = engine.digest()
    #expect(throws: RestoreRefusal.duplicateOrder(1)) { try engine.restore(order(1, .buy, 100)) }
    #expect(throws: RestoreRefusal.wouldTrade(2)) { try engine.restore(order(2, .sell, 100)) }
    #expect(throws: RestoreRefusal.invalid(0)) { try engine.restore(order(0, .buy, 100)) }
    #expect(throws: RestoreRefusal.invalid(3)) { try engine.restore(order(3, .buy, 0)) }
    #expect(throws: RestoreRefusal.invalid(3)) { try engine.restore(order(3, .buy, 100, leaves: 0)) }
    #expect(throws: RestoreRefusal.invalid(3)) { try engine.restore(order(3, .buy, 100, leaves: .max, filled: .max)) }
    #expect(throws: RestoreRefusal.invalid(3)) { try engine.restore(order(3, .buy, 100, filled: -1)) }
    #expect(engine.digest() == digest)
    #expect(engine.find(1)?.filled == Quantity(rawValue: 5))
  }

  @Test func oneOrderSweepsThousands() {
    var engine = MatchingEngine()
    var events: [BookEvent] = []
    let makers = 5_000
    let sells = (1...makers).map { sell(OrderKey($0), at: Int64($0 % 100 + 1)) }
    engine.apply(sells, into: &events)
    events.removeAll()
    let buy = BookCommand.place(
      1 << 60, .buy, Quantity(rawValue: Int64(makers) + 1), at: Price(rawValue: .max),
      in: MatchingEngineTests.instrument)
    engine.apply([buy, sell(1 << 61, at: 1)], into: &events)
    #expect(events.count == 1 + makers + 2)
    #expect(events.map(\.command) == Array(repeating: 0, count: makers + 1) + [1, 1])
    #expect(events.last?.counterpart == 1 << 60)
    #expect(engine.restingCount == 0)
  }

  /// Prices that fall on one place of the ladder's memory, and powers of two, the deepest of trees.
  @Test func pricesMayLieAnywhere() {
    var prices = (0..<62).map { Int64(1) << Int64($0) } + [.max, .max - 1]
    prices += (1...3_000).map { Int64(bitPattern: UInt64($0) &* 0xF1DE_83E1_9937_733D &>> 1) }.filter { $0 > 0 }
    prices = Array(Set(prices))
    var engine = MatchingEngine()
    var events: [BookEvent] = []
    engine.apply(prices.enumerated().map { sell(OrderKey($0.offset + 1), at: $0.element) }, into: &events)
    let sorted = prices.sorted()
    #expect(engine.depth(MatchingEngineTests.instrument, .sell, levels: .max).map(\.price.rawValue) == sorted)
    let keys = Dictionary(uniqueKeysWithValues: prices.enumerated().map { ($0.element, OrderKey($0.offset + 1)) })
    let gone = sorted.enumerated().filter { $0.offset % 3 != 0 }.map(\.element)
    engine.apply(gone.map { .cancel(keys[$0]!, in: MatchingEngineTests.instrument) }, into: &events)
    #expect(
      engine.depth(MatchingEngineTests.instrument, .sell, levels: .max).map(\.price.rawValue)
        == sorted.enumerated().filter { $0.offset % 3 == 0 }.map(\.element))
  }

  @Test func keysMayBeAny() {
    // Multiples of a large power of two, inverses of the table's factor (all in one place), and dense ones.
    let keys = (1...500).flatMap { [OrderKey($0) << 50, OrderKey($0) &* 0xF1DE_83E1_9937_733D, OrderKey($0)] }
    let unique = Array(Set(keys)).sorted()
    var engine = MatchingEngine()
    var events: [BookEvent] = []
    engine.apply(unique.map { sell($0, at: 100) }, into: &events)
    #expect(engine.restingCount == unique.count)
    engine.apply(unique.filter { $0 % 2 == 0 }.map { .cancel($0, in: MatchingEngineTests.instrument) }, into: &events)
    #expect(engine.restingOrders(MatchingEngineTests.instrument).map(\.order) == unique.filter { $0 % 2 == 1 })
    #expect(unique.allSatisfy { engine.contains($0) == ($0 % 2 == 1) })
  }

  @Test func restingOrderTakesAtMost160Bytes() {
    var engine = MatchingEngine()
    var events: [BookEvent] = []
    for batch in 0..<100 {
      let keys = (0..<1_000).map { OrderKey(batch * 1_000 + $0 + 1) }
      engine.apply(keys.map { sell($0, at: Int64($0 % 1_000 + 1)) }, into: &events)
      events.removeAll(keepingCapacity: true)
      if batch >= 9 { #expect(engine.memoryFootprint <= 160 * engine.restingCount) }
    }
  }

  @Test func memoryDoesNotGrowWithCommands() {
    var random = RandomCommands(seed: 11, priceSpan: 40)
    var engine = MatchingEngine(expectedOrders: 4_000)
    var events: [BookEvent] = []
    engine.apply(random.batch(20_000), into: &events)
    let footprint = engine.memoryFootprint
    for _ in 0..<20 {
      events.removeAll(keepingCapacity: true)
      engine.apply(random.batch(1_000), into: &events)
    }
    #expect(engine.memoryFootprint == footprint)
  }

  @Test func removingAnInstrumentLeavesTheOthers() {
    var random = RandomCommands(seed: 3)
    var engine = MatchingEngine()
    var events: [BookEvent] = []
    engine.apply(random.batch(2_000), into: &events)
    let others = engine.instruments.filter { $0 != MatchingEngineTests.instrument }
    let orders = others.map(engine.restingOrders)
    engine.remove(MatchingEngineTests.instrument)
    #expect(engine.restingOrders(MatchingEngineTests.instrument).isEmpty)
    #expect(engine.best(.buy, MatchingEngineTests.instrument) == nil)
    #expect(others.map(engine.restingOrders) == orders)
    #expect(engine.restingCount == orders.map(\.count).reduce(0, +))
    engine.removeAll()
    #expect(engine.restingCount == 0)
    #expect(engine.digest() == MatchingEngine().digest())
  }

  @Test func ordersOfOneInstrumentAreUnknownInAnother() {
    var engine = MatchingEngine()
    var events: [BookEvent] = []
    let other = InstrumentID(rawValue: 8)
    engine.apply(
      [sell(1, at: 100), .cancel(1, in: other), .reduce(1, by: Quantity(rawValue: 1), in: other)], into: &events)
    #expect(events.dropFirst().map(\.kind) == [.cancelRejected, .cancelRejected])
    #expect(engine.contains(1))
  }

  @Test func quantitiesUpToTheLimitAreTaken() {
    var engine = MatchingEngine()
    var events: [BookEvent] = []
    let limit = MatchingEngine.maximumQuantity
    let over = Quantity(rawValue: limit.rawValue + 1)
    func place(_ key: OrderKey, _ side: Side, _ quantity: Quantity) -> BookCommand {
      .place(key, side, quantity, at: Price(rawValue: 5), in: MatchingEngineTests.instrument)
    }
    engine.apply(
      [
        place(1, .sell, limit), place(2, .sell, limit), place(3, .buy, over), place(4, .buy, limit),
        place(0, .buy, limit),
      ],
      into: &events)
    #expect(events.map(\.kind) == [.accepted, .accepted, .rejected, .accepted, .trade, .rejected])
    #expect(engine.best(.sell, MatchingEngineTests.instrument)?.quantity == limit)
  }

  private func sell(_ key: OrderKey, at price: Int64) -> BookCommand {
    .place(key, .sell, Quantity(rawValue: 1), at: Price(rawValue: price), in: MatchingEngineTests.instrument)
  }
}
