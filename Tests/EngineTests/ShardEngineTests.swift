import Accounting
import Engine
import Market
import TestKit
import Testing

@Suite struct ShardEngineTests {
  /// After every settlement: holds are what open orders require, nothing is made or lost, executions are the trades.
  @Test(arguments: 1...8 as ClosedRange<UInt64>, ModelExchange.Mix.allCases)
  func everySettlementKeepsTheBooksOfTheAccounts(seed: UInt64, mix: ModelExchange.Mix) throws {
    var model = ModelExchange(seed: seed, mix)
    var engine = try model.engine()
    for step in 0..<(mix.hasDays ? 120 : 80) {
      model.accept(model.random.number(1...12))
      let behind = model.random.oneIn(4) ? model.random.number(0...8) : .max
      let faults = model.store(engine.apply(model.unsettled(behind)))
      #expect(faults + model.faults() == [], "seed \(seed), step \(step)")
      guard faults.isEmpty else { return }
      #expect(
        engine.openOrders() == model.openOrders.map { OpenOrder($0) }, "the books are the open orders, seed \(seed)")
    }
    let hasDays = mix.hasDays
    #expect(
      model.trades.count > (hasDays ? 15 : 50) && model.orders.values.contains { $0.status == .replaced },
      "the mix is rich")
    if hasDays {
      let steps = Set(model.log.filter { Self.isOfAuction($0.command) }.map(\.sequence))
      #expect(model.events.contains { $0.kind == .expired }, "the mix is rich, seed \(seed)")
      #expect(model.trades.contains { steps.contains($0.sequence) }, "the mix is rich, seed \(seed)")
    }
    guard mix == .conditional else { return }
    let kinds = Set(model.events.map(\.kind))
    #expect(kinds.isSuperset(of: [.triggered, .held, .fill, .canceled]), "the mix is rich, seed \(seed)")
  }

  /// Whether a row may begin an auction, or carry it on.
  private static func isOfAuction(_ command: Command) -> Bool {
    switch command {
    case .step, .halt, .cross: true
    case .place, .cancel, .replace, .expire, .band: false
    }
  }

  /// While an instrument trades within a band, nothing trades beyond it, and what stands at its end trades when it moves.
  @Test(arguments: 1...8 as ClosedRange<UInt64>, [ModelExchange.Mix.bands, .everything])
  func nothingTradesBeyondItsBand(seed: UInt64, mix: ModelExchange.Mix) throws {
    var model = ModelExchange(seed: seed, mix)
    var engine = try model.engine()
    var (atEnds, byMoves) = (0, 0)
    for step in 0..<150 {
      model.accept(model.random.number(1...12))
      for row in model.unsettled() {
        let before = model.phases
        let settlement = engine.apply([row])
        #expect(model.store(settlement) == [], "seed \(seed), step \(step)")
        for trade in settlement.trades {
          let (old, new) = (before[trade.instrument] ?? InstrumentPhase(), model.phases[trade.instrument])
          guard old.isContinuous, let new, new.isContinuous, let band = new.band?.band else { continue }
          #expect(band.contains(trade.price), "seed \(seed), step \(step), row \(row)")
          atEnds += trade.price == band.lower || trade.price == band.upper ? 1 : 0
          if case .band = row.command { byMoves += 1 }
        }
      }
    }
    #expect(atEnds > 0 && byMoves > 0 || mix == .everything, "the mix is rich, seed \(seed)")
  }

  /// The same log, cut into other batches: the same history.
  @Test(arguments: 1...6 as ClosedRange<UInt64>, ModelExchange.Mix.allCases)
  func howTheLogIsCutChangesNothing(seed: UInt64, mix: ModelExchange.Mix) throws {
    var model = ModelExchange(seed: seed, mix)
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
      #expect(other.openOrders() == engine.openOrders())
    }
  }

  /// A new owner that reads the stored orders goes on exactly as the old one would have.
  @Test(arguments: 1...8 as ClosedRange<UInt64>, ModelExchange.Mix.allCases)
  func anOwnerThatRecoversGoesOnAsTheOldOneWould(seed: UInt64, mix: ModelExchange.Mix) throws {
    var model = ModelExchange(seed: seed, mix)
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

  /// Whatever is passed over, carried out again or refused, at whatever time: holds stay what is open, nothing stays pending
  /// for ever, an owner that recovers stands where the old one stood, and the log tells the whole story again.
  @Test(arguments: 1...8 as ClosedRange<UInt64>, ModelExchange.Mix.allCases)
  func quarantineKeepsTheBooksOfTheAccounts(seed: UInt64, mix: ModelExchange.Mix) throws {
    var model = ModelExchange(seed: seed, mix)
    var engine = try model.engine()
    for step in 0..<120 {
      if step < 100 { model.accept(model.random.number(1...10)) }
      for sequence in model.quarantined.sorted() where step >= 100 || model.random.oneIn(6) {
        model.comeBack(sequence, isRefused: model.random.oneIn(2))
      }
      for row in model.unsettled(step < 100 && model.random.oneIn(3) ? model.random.number(0...6) : .max) {
        let faults =
          step < 100 && model.random.oneIn(6)
          ? model.store(quarantine: engine.quarantine(row.sequence)) : model.store(engine.apply([row]))
        #expect(faults == [], "seed \(seed), step \(step), row \(row.sequence)")
        guard faults.isEmpty else { return }
      }
      #expect(model.faults() == [], "seed \(seed), step \(step)")
      let heir = try model.engine()
      #expect(heir.openOrders() == engine.openOrders(), "seed \(seed), step \(step)")
      if model.random.oneIn(3) { engine = heir }
    }
    #expect(model.quarantined.isEmpty && model.passedOver.count > 30)
    #expect(model.orders.values.filter { $0.status.isOpen && $0.pending != .none } == [], "seed \(seed)")
    let refused = Set(model.events.filter { $0.reason == OrderEvent.refusedByOperator }.map(\.kind))
    #expect(refused.isSuperset(of: [.rejected, .cancelRejected]), "the mix is rich, seed \(seed)")
    var replay = try ShardEngine(shard: Row.shard, processed: .zero, orders: [])
    let published = model.log.flatMap { row in
      model.passedOver.contains(row.sequence) ? replay.quarantine(row.sequence).events : replay.apply([row]).events
    }
    #expect(published == model.events && replay.openOrders() == engine.openOrders(), "seed \(seed)")
  }

  /// Refused rows among others, in batches of any size.
  @Test func refusedRowsOfABatchAreRejectedInTheirPlace() throws {
    var model = ModelExchange(seed: 99)
    model.accept(200)
    let rows = model.log.map { row in
      var row = row
      row.isRefused = model.random.oneIn(4)
      return row
    }
    func events(_ longest: Int) throws -> [OrderEvent] {
      var engine = try ShardEngine(shard: Row.shard, processed: .zero, orders: [])
      return stride(from: 0, to: rows.count, by: longest).flatMap { start in
        engine.apply(rows[start..<min(start + longest, rows.count)]).events
      }
    }
    let whole = try events(rows.count)
    #expect(try events(1) == whole && events(7) == whole)
    let refused = Set(rows.filter(\.isRefused).map(\.sequence))
    #expect(Set(whole.filter { $0.reason == OrderEvent.refusedByOperator }.map(\.sequence)) == refused)
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
