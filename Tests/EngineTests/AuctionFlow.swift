import Accounting
import Engine
import Market
import TestKit

/// A shard's engine under a few commands in words, among them steps, halts and parts of auctions.
struct AuctionFlow {
  static let today = Day(rawValue: 20_000)

  private var engine = try! ShardEngine(shard: Row.shard, processed: .zero, orders: [])
  private(set) var events: [OrderEvent] = []
  private(set) var trades: [Trade] = []
  private var last: Int64 = 0

  /// The name of the order that a row places.
  static func id(_ row: Int64) -> OrderID { Row.id(row) }

  /// Places an order of an account of its own, unless one is named; returns its row.
  @discardableResult
  mutating func place(
    _ side: Side, _ quantity: Int64, at price: String, stop: String? = nil, market: Bool = false,
    timeInForce: TimeInForce = .day, account: Int64? = nil, prevention: SelfTradePrevention = .cancelNewest
  ) -> Int64 {
    let row = last + 1
    apply(
      .place(
        PlaceOrder(
          id: Self.id(row), account: AccountNumber(rawValue: account ?? 1_000 + row), instrument: Row.instrument,
          terms: OrderTerms(
            side, Quantity(rawValue: quantity), at: Price(price)!, type: market ? .market : .limit,
            timeInForce: timeInForce, selfTradePrevention: prevention),
          trigger: stop.map { Trigger(stop: Price($0)!) })))
    return row
  }

  mutating func step(_ stage: SessionStage, limit: Int16 = 0, reference: String? = nil) {
    let terms = AuctionTerms(partLimit: limit, reference: reference.map { Price($0)! })
    apply(.step(SessionStep(Row.instrument, SessionPoint(Self.today, stage), auction: terms)))
  }

  mutating func halt(_ isHalted: Bool, limit: Int16 = 0) {
    apply(.halt(TradingHalt(Row.instrument, isHalted: isHalted, auction: AuctionTerms(partLimit: limit))))
  }

  mutating func part(_ limit: Int16) { apply(.cross(AuctionPart(Row.instrument, limit: limit))) }

  /// Carries an auction on to its end, in small parts.
  mutating func finish() { while auction != nil { part(1) } }

  /// The auction that is being executed.
  var auction: AuctionExecution? { engine.executedAuctions[Row.instrument] }

  /// The rows of open orders.
  var open: [Int64] {
    let ids = Set(engine.openOrders().map(\.id))
    return (0...last).filter { ids.contains(Self.id($0)) }
  }

  private mutating func apply(_ command: Command) {
    last += 1
    let settlement = engine.apply([
      LogEntry(shard: Row.shard, sequence: Sequence(rawValue: last), acceptedAt: Row.time(last), command: command)
    ])
    events += settlement.events
    trades += settlement.trades
  }
}
