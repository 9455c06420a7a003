import Market

@testable import LabKit

/// The smallest exchange that keeps the protocol: one book by price and time, naive and obvious.
struct FakeExchange {
  struct Order {
    var id: String
    var client: String
    var account: Int
    var side: Side
    var price: Price
    var quantity: Int64
    var filled: Int64 = 0
    var status = "new"
    var isImmediate: Bool
    var priority: Int
    /// The call after which the matcher has taken it up.
    var newAfter: Int
    var fills: [FlowFill] = []
    var isOpen: Bool { status == "new" }
  }

  private(set) var orders: [String: Order] = [:]
  private(set) var idByClient: [String: String] = [:]
  private var open: [Side: [String]] = [.buy: [], .sell: []]
  private var calls = 0
  /// How many calls pass until an order is `new`.
  var lag = 0
  /// Cancels and replaces of orders that never existed.
  private(set) var strays = 0

  mutating func handle(_ call: TradingCall, account: Int) -> TradingAnswer {
    calls += 1
    switch call {
    case .submit(let order): return submit(order, account)
    case .read: return .shown
    case .find(let client): return idByClient["\(account)/\(client)"].map { .order($0) } ?? .notFound
    case .cancel(let id):
      guard let order = orders[id] else { return stray() }
      guard order.isOpen else { return .tooLate(order.status) }
      close(id, "canceled")
      return .accepted
    case .replace(let id, let quantity, let client): return replace(id, quantity, client, account)
    }
  }

  private mutating func stray() -> TradingAnswer {
    strays += 1
    return .notFound
  }

  private mutating func submit(_ order: LimitOrder, _ account: Int) -> TradingAnswer {
    guard idByClient["\(account)/\(order.clientOrderID)"] == nil else { return .duplicate }
    var taker = Order(
      id: "o\(orders.count)", client: order.clientOrderID, account: account, side: order.side, price: order.price,
      quantity: order.quantity, isImmediate: order.isImmediate, priority: orders.count, newAfter: calls + lag)
    match(&taker)
    if taker.filled == taker.quantity {
      taker.status = "filled"
    } else if taker.isImmediate {
      taker.status = "canceled"
    } else {
      open[taker.side]!.append(taker.id)
    }
    idByClient["\(account)/\(order.clientOrderID)"] = taker.id
    orders[taker.id] = taker
    return .order(taker.id)
  }

  private mutating func match(_ taker: inout Order) {
    let crossing = open[taker.side.opposite]!.map { orders[$0]! }.filter {
      taker.side == .buy ? $0.price <= taker.price : $0.price >= taker.price
    }
    let best = crossing.sorted {
      if $0.price != $1.price { return taker.side == .buy ? $0.price < $1.price : $0.price > $1.price }
      return $0.priority < $1.priority
    }
    for maker in best where taker.filled < taker.quantity {
      let shares = min(taker.quantity - taker.filled, maker.quantity - maker.filled)
      taker.filled += shares
      taker.fills.append(FlowFill(maker: UInt64(maker.priority), price: maker.price, quantity: shares))
      orders[maker.id]!.filled += shares
      if orders[maker.id]!.filled == maker.quantity { close(maker.id, "filled") }
    }
  }

  private mutating func replace(_ id: String, _ quantity: Int64, _ client: String, _ account: Int) -> TradingAnswer {
    guard let old = orders[id] else { return stray() }
    guard idByClient["\(account)/\(client)"] == nil else { return .duplicate }
    guard old.isOpen else { return .tooLate(old.status) }
    guard calls > old.newAfter else { return .tooEarly("accepted") }
    guard quantity > old.filled else { return .refused(reason: "422 qty must be > filled_qty") }
    close(id, "replaced")
    var new = old
    new.id = "o\(orders.count)"
    new.client = client
    new.quantity = quantity
    new.newAfter = calls + lag
    orders[new.id] = new
    idByClient["\(account)/\(client)"] = new.id
    open[new.side]!.append(new.id)
    return .order(new.id)
  }

  private mutating func close(_ id: String, _ status: String) {
    orders[id]!.status = status
    open[orders[id]!.side]!.removeAll { $0 == id }
  }
}

/// Order flow as a venue would have recorded it, made by chance and matched by the fake exchange.
func randomFlow(seed: UInt64, rows count: Int) -> [FlowRow] {
  var random = SeededRandom(seed)
  var venue = FakeExchange()
  var rows: [FlowRow] = []
  var resting: [(id: UInt64, venueID: String)] = []
  for number in 1...count {
    let dice = random.next() % 100
    var action: FlowAction?
    resting.removeAll { venue.orders[$0.venueID]?.isOpen != true }
    if dice >= 55, !resting.isEmpty {
      let index = Int(random.next() % UInt64(resting.count))
      let (id, venueID) = resting[index]
      let order = venue.orders[venueID]!
      let leaves = order.quantity - order.filled
      if dice < 75, leaves > 1 {
        let cut = Int64(random.next() % UInt64(leaves - 1)) + 1
        let answer = venue.handle(
          .replace(order: venueID, quantity: order.quantity - cut, clientOrderID: "v\(number)"), account: 0)
        guard case .order(let replaced) = answer else { preconditionFailure("\(answer)") }
        resting[index].venueID = replaced
        action = .reduce(order: id, by: cut)
      } else {
        _ = venue.handle(.cancel(order: venueID), account: 0)
        action = .cancel(order: id)
      }
    }
    if action == nil {
      let side: Side = random.next() % 2 == 0 ? .buy : .sell
      let price = Price(rawValue: 1_000_000 + Int64(random.next() % 20) * 100 - (side == .buy ? 1000 : 800))
      let quantity = Int64(random.next() % 5 + 1) * 10
      let isImmediate = dice < 12
      let id = UInt64(venue.orders.count)
      let answer = venue.handle(
        .submit(
          LimitOrder(
            symbol: "T", side: side, price: price, quantity: quantity, isImmediate: isImmediate,
            clientOrderID: "v\(number)")), account: 0)
      guard case .order(let venueID) = answer else { preconditionFailure("\(answer)") }
      let fills = venue.orders[venueID]!.fills
      let order = FlowOrder(
        id: isImmediate ? 0 : id + 1, side: side, price: price, quantity: quantity,
        fills: fills.map { FlowFill(maker: $0.maker + 1, price: $0.price, quantity: $0.quantity) })
      action = isImmediate ? .take(order) : .enter(order)
      if venue.orders[venueID]!.isOpen { resting.append((id + 1, venueID)) }
    }
    rows.append(FlowRow(number: number, time: Int64(number) * 1_000_000, action: action!))
  }
  return rows
}
