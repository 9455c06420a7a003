import Accounting
import Market
import Services
import TestKit
import Testing

@Suite struct ShardEngineTests {
  /// After every settlement: holds are what open orders require, nothing is made or lost, executions are the trades.
  @Test(arguments: 1...12 as ClosedRange<UInt64>)
  func everySettlementKeepsTheBooksOfTheAccounts(seed: UInt64) throws {
    var model = ModelExchange(seed: seed)
    var engine = try model.engine()
    for step in 0..<80 {
      model.accept(model.random.number(1...12))
      let behind = model.random.oneIn(4) ? model.random.number(0...8) : .max
      let faults = model.store(engine.apply(model.unsettled(behind)))
      #expect(faults + model.faults() == [], "seed \(seed), step \(step)")
      guard faults.isEmpty else { return }
      #expect(
        engine.restingOrders() == model.openOrders.map { OpenOrder($0) }, "the books are the open orders, seed \(seed)")
    }
    #expect(model.trades.count > 50 && model.orders.values.contains { $0.status == .replaced }, "the mix is rich")
  }

  /// The same log, cut into other batches: the same history.
  @Test(arguments: 1...6 as ClosedRange<UInt64>)
  func howTheLogIsCutChangesNothing(seed: UInt64) throws {
    var model = ModelExchange(seed: seed)
    var engine = try model.engine()
    for _ in 0..<60 {
      model.accept(model.random.number(1...12))
      _ = model.store(engine.apply(model.unsettled()))
    }
    var random = SeededRandom(seed: seed)
    for longest in [1, 7, 500] {
      var other = try ShardEngine(shard: Row.shard, processed: .zero, orders: [])
      var (events, trades): ([OrderEvent], [Trade]) = ([], [])
      var rest = model.log[...]
      while !rest.isEmpty {
        let batch = rest.prefix(random.number(1...longest))
        rest = rest.dropFirst(batch.count)
        let settlement = other.apply(batch)
        #expect(settlement.through == batch.last?.sequence)
        events += settlement.events
        trades += settlement.trades
      }
      #expect(events == model.events && trades == model.trades, "seed \(seed), batches up to \(longest)")
      #expect(other.restingOrders() == engine.restingOrders())
    }
  }

  /// A new owner that reads the stored orders goes on exactly as the old one would have.
  @Test(arguments: 1...12 as ClosedRange<UInt64>)
  func anOwnerThatRecoversGoesOnAsTheOldOneWould(seed: UInt64) throws {
    var model = ModelExchange(seed: seed)
    var engine = try model.engine()
    for step in 0..<60 {
      model.accept(model.random.number(1...12))
      // A crash before the settlement is stored: what was computed is lost.
      if model.random.oneIn(5) { _ = engine.apply(model.unsettled()) }
      var heir = try model.engine()
      let rows = model.unsettled(model.random.oneIn(3) ? model.random.number(0...6) : .max)
      let settlement = heir.apply(rows)
      if engine.cursor == settlement.from {
        let old = engine.apply(rows)
        #expect(old.events == settlement.events && old.trades == settlement.trades, "seed \(seed), step \(step)")
        #expect(old.orders == settlement.orders && old.cash == settlement.cash && old.positions == settlement.positions)
      }
      #expect(model.store(settlement) + model.faults() == [], "seed \(seed), step \(step)")
      if engine.cursor != heir.cursor { engine = heir }
    }
  }

  @Test func eachRowLeavesAnEventAndOrdinalsCountFromZero() throws {
    var model = ModelExchange(seed: 77)
    var engine = try model.engine()
    for _ in 0..<40 {
      model.accept(8)
      _ = model.store(engine.apply(model.unsettled()))
    }
    let byRow = Dictionary(grouping: model.events, by: \.sequence)
    #expect(byRow.count == model.log.count)
    for (sequence, events) in byRow {
      #expect(events.map(\.ordinal) == (0..<Int32(events.count)).map { $0 }, "\(sequence)")
    }
    for trade in model.trades {
      let events = byRow[trade.sequence]!
      let (taker, maker) = (events[Int(trade.ordinal)], events[Int(trade.ordinal) + 1])
      #expect(taker.side == trade.taker && maker.side == trade.taker.opposite && taker.price == trade.price)
      #expect(taker.order == (trade.taker == .buy ? trade.buyOrder : trade.sellOrder))
    }
  }

  @Test func storedOrdersThatContradictEachOtherAreNotTradedUpon() throws {
    var model = ModelExchange(seed: 5)
    model.accept(60)
    var engine = try model.engine()
    _ = model.store(engine.apply(model.unsettled()))
    let orders = model.openOrders
    let buy = try #require(orders.first { $0.side == .buy })
    var crossing = buy
    crossing.sequence = Sequence(rawValue: 10_000)
    crossing.side = .sell
    #expect(throws: RecoveryFault.self) {
      try ShardEngine(shard: Row.shard, processed: model.processed, orders: orders + [crossing])
    }
    #expect(throws: RecoveryFault.self) {
      try ShardEngine(shard: Row.shard, processed: model.processed, orders: orders + [buy])
    }
  }
}
