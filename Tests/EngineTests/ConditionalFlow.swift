import Accounting
import Engine
import Market
import TestKit

/// A shard's engine under a few commands in words, and what it told: what the tests of conditional orders share.
struct ConditionalFlow {
  var engine = try! ShardEngine(shard: Row.shard, processed: .zero, orders: [])
  private(set) var events: [OrderEvent] = []
  private(set) var settlements: [Settlement] = []
  private var last: Int64 = 0

  static func price(_ text: String) -> Price { Price(text)! }

  /// The name of the order that a row places, or of one of its legs.
  static func id(_ row: Int64, leg: Int64 = 0) -> OrderID { Row.id(row * 10 + leg) }

  /// Places an order of an account of its own, unless one is named; returns its row.
  @discardableResult
  mutating func place(
    _ side: Side, _ quantity: Int64, at price: String, stop: String? = nil, trail: Trail.Distance? = nil,
    mark: String = "100", market: Bool = false, account: Int64? = nil, orderClass: OrderClass = .simple,
    legs: [(role: OrderRole, price: String, stop: String?)] = [], timeInForce: TimeInForce = .gtc,
    prevention: SelfTradePrevention = .cancelNewest
  ) -> Int64 {
    let row = last + 1
    var order = PlaceOrder(
      id: Self.id(row), account: AccountNumber(rawValue: account ?? 1_000 + row), instrument: Row.instrument,
      terms: OrderTerms(
        side, Quantity(rawValue: quantity), at: Self.price(price), type: market ? .market : .limit,
        timeInForce: timeInForce, selfTradePrevention: prevention))
    order.trigger = stop.map { Trigger(stop: Self.price($0)) }
    if let trail { order.trigger = Trigger(Trail(trail, mark: Self.price(mark), collar: 500), side) }
    order.orderClass = orderClass
    order.legs = legs.map { leg in
      OrderLeg(
        id: Self.id(row, leg: Int64(leg.role.rawValue)),
        LegTerms(leg.role, .limit, at: Self.price(leg.price), stop: leg.stop.map { Self.price($0) }))
    }
    apply(.place(order))
    return row
  }

  /// Cancels the order of a row, or a leg of it.
  mutating func cancel(_ row: Int64, leg: UInt8 = 0, of account: Int64? = nil) {
    apply(
      .cancel(
        CancelOrder(
          target: Self.id(row, leg: Int64(leg)), targetSequence: Sequence(rawValue: row), targetLeg: leg,
          account: AccountNumber(rawValue: account ?? 1_000 + row), instrument: Row.instrument)))
  }

  /// A trade of one share at a price, between strangers.
  mutating func trade(at price: String) {
    place(.sell, 1, at: price)
    place(.buy, 1, at: price)
  }

  private mutating func apply(_ command: Command) {
    last += 1
    let settlement = engine.apply([
      LogEntry(shard: Row.shard, sequence: Sequence(rawValue: last), acceptedAt: Row.time(last), command: command)
    ])
    settlements.append(settlement)
    events += settlement.events
  }

  /// The rows of the orders that fired, as they did.
  var fired: [Int64] { events.filter { $0.kind == .triggered }.compactMap { row(of: $0.order) } }

  /// What the last event of an order said.
  func ending(_ row: Int64, leg: Int64 = 0) -> OrderEvent.Kind? {
    events.last { $0.order == Self.id(row, leg: leg) }?.kind
  }

  /// What is open of an order.
  func leaves(_ row: Int64, leg: Int64 = 0) -> Int64? {
    engine.openOrders().first { $0.id == Self.id(row, leg: leg) }?.leaves.rawValue
  }

  /// How what an account holds in shares has changed in all.
  func heldShares(_ account: Int64) -> Int64 {
    let key = AcceptanceSnapshot.PositionKey(account: AccountNumber(rawValue: account), instrument: Row.instrument)
    return settlements.reduce(0) { $0 + ($1.positions[key]?.held.rawValue ?? 0) }
  }

  private func row(of order: OrderID) -> Int64? { (1...last).first { Self.id($0) == order } }
}
