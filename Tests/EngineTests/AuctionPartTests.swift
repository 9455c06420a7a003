import Accounting
import Market
import TestKit
import Testing

@testable import Engine

/// Auctions that are executed in parts.
@Suite struct AuctionPartTests {
  private static let instrument = Row.instrument
  private static let today = Day(rawValue: 20_000)

  /// What a trade says, wherever it stands in the log.
  private struct Deal: Hashable {
    var buy: OrderID
    var sell: OrderID
    var price: Price
    var quantity: Quantity
    var taker: Side

    init(_ trade: Trade) {
      (buy, sell, price) = (trade.buyOrder, trade.sellOrder, trade.price)
      (quantity, taker) = (trade.quantity, trade.taker)
    }
  }

  /// An exchange whose instrument comes to its stages as a test says, and whose worker may die between any two commands.
  private struct Floor {
    var model: ModelExchange
    private var engine: ShardEngine
    /// Whether a new owner takes over behind each command.
    var changesOwner: Bool

    init(seed: UInt64, _ mix: ModelExchange.Mix = .days, changesOwner: Bool = false) throws {
      model = ModelExchange(seed: seed, mix, drivesItself: false)
      engine = try model.engine()
      self.changesOwner = changesOwner
    }

    /// Settles all that is in the log.
    mutating func settle() throws {
      for row in model.unsettled() {
        var other = try model.engine()
        let (settlement, others) = (engine.apply([row]), other.apply([row]))
        #expect(settlement.events == others.events && settlement.trades == others.trades, "\(row.sequence)")
        #expect(settlement.orders == others.orders, "\(row.sequence)")
        #expect(model.store(settlement) + model.faults() == [])
        let heir = try model.engine()
        #expect(heir.openOrders() == engine.openOrders())
        if changesOwner { engine = heir }
      }
    }

    mutating func step(_ stage: SessionStage, limit: Int16 = 0, day: Day = today) throws {
      model.drive(
        .step(
          SessionStep(instrument, SessionPoint(day, stage), auction: AuctionTerms(partLimit: limit))))
      try settle()
    }

    var auction: AuctionExecution? { model.auctions[instrument] }

    /// Carries the auction on by a part.
    mutating func part(_ limit: Int16) throws {
      model.driveAuctions(limit: limit)
      try settle()
    }

    /// Carries the auction on to its end.
    /// - Returns: How many parts that took.
    @discardableResult
    mutating func finish(_ limit: Int16) throws -> Int {
      var parts = 0
      while auction != nil {
        try part(limit)
        parts += 1
        guard parts < 10_000 else {
          Issue.record("an auction does not end")
          break
        }
      }
      return parts
    }

    /// Open orders without what depends on the numbers of log rows.
    var standing: [OrderID: Quantity] {
      Dictionary(uniqueKeysWithValues: engine.openOrders().map { ($0.id, $0.leaves) })
    }
    var deals: [Deal] { model.trades.filter { $0.instrument == instrument }.map(Deal.init) }
    var statuses: [OrderID: OrderStatus] { model.orders.mapValues(\.status) }
  }

  /// Whatever the size of the parts, and whoever carries them out: the same trades in the same order at one price, the same
  /// orders end, the same are left.
  @Test(arguments: 1...6 as ClosedRange<UInt64>, [1, 2, 7, 1_000] as [Int16])
  func partsOfAnySizeTradeAsAllAtOnce(seed: UInt64, limit: Int16) throws {
    for stage in [SessionStage.open, .closed] { try compare(seed, limit, stage) }
  }

  private func compare(_ seed: UInt64, _ limit: Int16, _ stage: SessionStage) throws {
    var floor = try Floor(seed: seed)
    try floor.step(.preOpen)
    if stage == .closed {
      floor.model.accept(120)
      try floor.settle()
      try floor.step(.open)
      try floor.finish(.max)
      // For the close, without meeting before.
      floor.model.drive(.halt(TradingHalt(Self.instrument, isHalted: true)))
    }
    floor.model.accept(120)
    try floor.settle()
    for changesOwner in [false, true] {
      var (expected, parts) = (floor, floor)
      parts.changesOwner = changesOwner
      for (index, terms) in [AuctionTerms.whole, AuctionTerms(partLimit: limit)].enumerated() {
        var one = index == 0 ? expected : parts
        if stage == .closed {
          one.model.drive(.halt(TradingHalt(Self.instrument, isHalted: false, auction: terms)))
          try one.settle()
          try one.finish(index == 0 ? .max : limit)
        }
        try one.step(stage, limit: terms.partLimit)
        let count = try one.finish(index == 0 ? .max : limit)
        #expect(index == 0 || limit > 2 || stage == .closed || count > 1, "seed \(seed): an auction of one part")
        if index == 0 { expected = one } else { parts = one }
      }
      #expect(parts.deals == expected.deals, "seed \(seed)")
      #expect(parts.statuses == expected.statuses && parts.standing == expected.standing, "seed \(seed)")
      #expect(parts.model.lastPrices == expected.model.lastPrices)
      #expect(expected.deals.count > 10, "the mix is rich, seed \(seed)")
    }
  }

  /// What comes between two parts: what is canceled trades no more, what is new does not trade before all that was there
  /// has; the price stays, and an owner that takes over goes on with the same orders.
  @Test(arguments: 1...24 as ClosedRange<UInt64>, [ModelExchange.Mix.days, .everything])
  func betweenTwoPartsNothingElseTrades(seed: UInt64, mix: ModelExchange.Mix) throws {
    let limit: Int16 = seed % 2 == 0 ? 1 : 3
    var floors = try [false, true].map { try Floor(seed: seed, mix, changesOwner: $0) }
    for index in floors.indices {
      try floors[index].step(.preOpen)
      floors[index].model.accept(150)
      try floors[index].settle()
      for stage in [SessionStage.open, .closed] {
        let first = floors[index].deals.count
        try floors[index].step(stage, limit: limit)
        var round = floors[index].auction
        var seen = first
        for _ in 0..<400 where floors[index].auction != nil {
          if stage == .open || floors[index].model.random.oneIn(3) {
            floors[index].model.accept(floors[index].model.random.number(0...2))
          }
          try floors[index].settle()
          #expect(floors[index].deals.count == seen || seen == first, "seed \(seed): a trade between two parts")
          try floors[index].part(limit)
          for trade in floors[index].deals[seen...] {
            // Behind the last trade of a round stops fire.
            guard let round, round.stage == .crossing, mix == .days || floors[index].auction?.price != nil else {
              continue
            }
            #expect(trade.price == round.price, "seed \(seed), \(stage)")
            for order in [trade.buy, trade.sell] {
              #expect(floors[index].model.orders[order]!.priority < round.before, "seed \(seed), \(stage)")
            }
          }
          seen = floors[index].deals.count
          round = floors[index].auction
        }
        try floors[index].finish(.max)
      }
    }
    #expect(floors[0].deals == floors[1].deals, "seed \(seed)")
    #expect(floors[0].statuses == floors[1].statuses)
  }

  /// A close that comes while the opening is being executed is held after it, with the orders for it; and the halt of an
  /// instrument lets its auction end and keeps the rest from trading.
  @Test func whatComesDuringAnAuctionIsHeldAfterIt() throws {
    var flow = AuctionFlow()
    flow.step(.preOpen)
    for _ in 0..<3 {
      flow.place(.buy, 10, at: "10.10")
      flow.place(.sell, 10, at: "9.90")
    }
    let bid = flow.place(.buy, 10, at: "9.80")
    flow.step(.open, limit: 1)
    let late = flow.place(.sell, 5, at: "9.80")
    let forClose = flow.place(.sell, 5, at: "9.70", timeInForce: .cls)
    flow.step(.closed, limit: 1)
    let tooLate = flow.place(.sell, 5, at: "9.60", timeInForce: .cls)
    #expect(flow.trades.count == 1)
    flow.part(1)
    flow.part(1)
    #expect(flow.trades.count == 3 && Set(flow.trades.map(\.price)).count == 1)
    // The closing auction: the bid meets what came before the close.
    flow.finish()
    #expect(flow.trades.count == 5 && flow.trades.dropFirst(3).allSatisfy { $0.buyOrder == AuctionFlow.id(bid) })
    #expect(flow.trades.dropFirst(3).map(\.sellOrder) == [forClose, late].map(AuctionFlow.id))
    #expect(flow.open == [tooLate])
    flow.halt(true)
    #expect(flow.open == [tooLate])
  }

  @Test func aHaltLetsTheAuctionEndAndCollectsTheRest() throws {
    var flow = AuctionFlow()
    flow.step(.preOpen)
    for _ in 0..<3 {
      flow.place(.buy, 10, at: "10.10")
      flow.place(.sell, 10, at: "9.90")
    }
    let rest = flow.place(.sell, 10, at: "10.05")
    flow.step(.open, limit: 1)
    flow.halt(true)
    let new = flow.place(.buy, 10, at: "10.20")
    flow.finish()
    #expect(flow.trades.count == 3 && flow.open == [rest, new])
    flow.halt(false)
    flow.finish()
    #expect(flow.trades.count == 4 && flow.open == [])
  }

  /// A stop that the auction's price reaches fires when it is over, and trades with what came meanwhile.
  @Test func stopsFireWhenTheAuctionIsOver() throws {
    var flow = AuctionFlow()
    flow.step(.preOpen)
    for _ in 0..<2 {
      flow.place(.buy, 10, at: "10")
      flow.place(.sell, 10, at: "10")
    }
    let stop = flow.place(.sell, 10, at: "9", stop: "10")
    flow.step(.open, limit: 1)
    let early = flow.place(.buy, 4, at: "9.90")
    let later = flow.place(.sell, 1, at: "9", stop: "9.50")
    #expect(flow.events.allSatisfy { $0.kind != .triggered } && flow.auction != nil)
    flow.finish()
    #expect(flow.events.filter { $0.kind == .triggered }.map(\.order) == [AuctionFlow.id(stop)])
    #expect(flow.trades.last?.buyOrder == AuctionFlow.id(early) && flow.trades.last?.price == Price("9.90")!)
    #expect(flow.events.contains { $0.kind == .triggered && $0.order == AuctionFlow.id(later) } == false)
    #expect(flow.trades.count == 3)
  }

  /// Orders that trade at once or not at all are turned away until the auction is over.
  @Test func immediateOrdersAreTurnedAwayMeanwhile() throws {
    var flow = AuctionFlow()
    flow.step(.preOpen)
    for _ in 0..<2 {
      flow.place(.buy, 10, at: "10")
      flow.place(.sell, 10, at: "10")
    }
    flow.step(.open, limit: 1)
    let early = flow.place(.buy, 1, at: "10", timeInForce: .ioc)
    #expect(flow.events.last?.order == AuctionFlow.id(early) && flow.events.last?.reason == OrderEvent.outsideSession)
    flow.finish()
    flow.place(.sell, 1, at: "10")
    flow.place(.buy, 1, at: "10", timeInForce: .ioc)
    #expect(flow.trades.count == 3)
  }

  /// Where several prices are equally good, the last trade decides; before the first, the price of the listing. At openings,
  /// at closes and behind halts.
  @Test func theReferenceIsTheLastTradeAndBeforeTheFirstTheListing() throws {
    var flow = AuctionFlow()
    flow.step(.preOpen)
    flow.place(.buy, 10, at: "10.10")
    flow.place(.sell, 10, at: "9.50")
    flow.step(.open, limit: 5, reference: "10")
    #expect(flow.trades.map(\.price) == [Price("10")!])
    flow.halt(true)
    flow.place(.buy, 5, at: "10.40")
    flow.place(.sell, 5, at: "9.20")
    flow.halt(false)
    #expect(flow.trades.map(\.price) == [Price("10")!, Price("10")!])
    flow.place(.sell, 1, at: "10.07")
    flow.place(.buy, 1, at: "10.07")
    flow.place(.buy, 5, at: "10.40", market: true, timeInForce: .cls)
    flow.place(.sell, 5, at: "9.20", market: true, timeInForce: .cls)
    flow.step(.closed, limit: 5, reference: "10")
    #expect(flow.trades.last?.price == Price("10.07")! && flow.trades.count == 4)
  }

  /// Only orders that the cross would really join are kept apart.
  @Test func whoWouldNotMeetItselfTrades() throws {
    var flow = AuctionFlow()
    flow.step(.preOpen)
    let mine = flow.place(.buy, 10, at: "10.20", account: 1)
    let others = flow.place(.buy, 10, at: "10.20", account: 2)
    let offer = flow.place(.sell, 10, at: "9.80", account: 3)
    let own = flow.place(.sell, 10, at: "9.90", account: 1)
    flow.step(.open, limit: 5, reference: "10")
    #expect(flow.trades.map(\.buyOrder) == [mine, others].map(AuctionFlow.id))
    #expect(flow.trades.map(\.sellOrder) == [offer, own].map(AuctionFlow.id))
    #expect(flow.events.allSatisfy { $0.kind != .canceled } && flow.trades.allSatisfy { $0.price == Price("10")! })
  }
}
