internal import Accounting
internal import Market

/// Gathers what a run of commands did to orders, money and shares of one shard.
///
/// The caller reports facts in order (`entered`, `traded`, `closed` …) with the state of each order before the fact and
/// keeps the changed state. Every movement of a hold is the difference of the order's own hold before and after, so that
/// the sum of holds stays what open orders require; what the exits of a class hold together the caller moves.
struct SettlementBuilder: Sendable {
  private let shard: Shard
  private let from: Sequence
  private var through: Sequence
  private var nextOrdinal: Int32 = 0
  private var orders: [OrderID: Settlement.OrderUpdate] = [:]
  private var conditions: [OrderID: Settlement.ConditionsUpdate] = [:]
  private var staleMarks: Set<Settlement.StaleMark> = []
  private var trades: [Trade] = []
  private var events: [OrderEvent] = []
  private var cash: [AccountNumber: Settlement.CashChange] = [:]
  private var positions: [AcceptanceSnapshot.PositionKey: Settlement.PositionChange] = [:]
  private var lastPrices: [InstrumentID: Price] = [:]
  private var phases: [InstrumentID: InstrumentPhase] = [:]
  private var limitsBegun: Set<InstrumentID> = []
  private var auctions: [InstrumentID: AuctionExecution?] = [:]
  private var auctionPrints: [Settlement.AuctionPrint] = []

  /// Begins behind the last processed command.
  init(shard: Shard, after cursor: Sequence) {
    self.shard = shard
    from = cursor
    through = cursor
  }

  /// The price of an instrument's latest trade among these commands; nil when there was none.
  func lastPrice(of instrument: InstrumentID) -> Price? { lastPrices[instrument] }

  /// Begins the next command; sequences are gapless, so it must be the one after the last.
  mutating func begin(_ sequence: Sequence) {
    precondition(sequence == through.next, "shard \(shard): command \(sequence) cannot follow \(through)")
    through = sequence
    nextOrdinal = 0
  }

  /// The order entered the book or is about to trade. Its row says `accepted` already.
  mutating func entered(_ order: OpenOrder) {
    record(.new, order, quantity: order.leaves)
  }

  /// The leg waits for the entry of its class. Its row says so already.
  mutating func held(_ order: OpenOrder) {
    record(.held, order, quantity: order.leaves)
  }

  /// A trade reached the order's stop.
  mutating func triggered(_ order: OpenOrder) {
    record(.triggered, order, quantity: order.leaves)
  }

  /// An order that stood outside the books is about to enter one, at the place that `order` says.
  mutating func entersBook(_ order: OpenOrder) {
    update(order, .accepted)
  }

  /// A leg goes live: it is about to enter the book, or waits for its stop.
  mutating func wentLive(_ order: OpenOrder) {
    update(order, .accepted)
    entered(order)
  }

  /// The order has lost shares that the other exit of its class traded; `order` is what it is now.
  mutating func reduced(_ order: OpenOrder, by quantity: Quantity, reason: UInt8) {
    record(.reduced, order, reason: reason, quantity: quantity)
  }

  /// The order's conditions are these now.
  mutating func changed(_ update: Settlement.ConditionsUpdate) { conditions[update.id] = update }

  /// What the exits of a class hold together has changed: money of buys, shares of sells.
  mutating func holdMoved(
    _ account: AccountNumber, _ side: Side, _ instrument: InstrumentID, by amount: Int64
  ) {
    guard amount != 0 else { return }
    switch side {
    case .buy: cash[account, default: .init()].held += Money(rawValue: amount)
    case .sell:
      let key = AcceptanceSnapshot.PositionKey(account: account, instrument: instrument)
      positions[key, default: .init()].held += Quantity(rawValue: amount)
    }
  }

  /// The engine refused the order; its hold goes back whole.
  mutating func rejected(_ order: OpenOrder, reason: UInt8) {
    release(order, order.hold)
    update(order, .rejected)
    record(.rejected, order, reason: reason, quantity: order.leaves, leaves: .zero)
  }

  /// Two orders traded `quantity` shares at the maker's price.
  ///
  /// The buyer's hold falls by its own limit price times the quantity, which also gives back what it saved.
  mutating func traded(taker: inout OpenOrder, maker: inout OpenOrder, price: Price, quantity: Quantity) {
    let (buy, sell) = taker.side == .buy ? (taker, maker) : (maker, taker)
    trades.append(
      Trade(
        shard: shard, sequence: through, ordinal: nextOrdinal, instrument: taker.instrument, buyOrder: buy.id,
        buyer: buy.account, sellOrder: sell.id, seller: sell.account, price: price, quantity: quantity,
        taker: taker.side))
    let value = price * quantity
    cash[buy.account, default: .init()].cash -= value
    cash[sell.account, default: .init()].cash += value
    lastPrices[taker.instrument] = price
    execute(&taker, price: price, quantity: quantity)
    execute(&maker, price: price, quantity: quantity)
  }

  /// What was left of the order was canceled.
  mutating func canceled(_ order: OpenOrder, reason: UInt8) {
    release(order, order.hold)
    update(order, .canceled)
    record(.canceled, order, reason: reason, quantity: order.leaves, leaves: .zero)
  }

  /// The order's time is over.
  mutating func expired(_ order: OpenOrder, reason: UInt8 = 0) {
    release(order, order.hold)
    update(order, .expired)
    record(.expired, order, reason: reason, quantity: order.leaves, leaves: .zero)
  }

  /// The instrument trades in another way now.
  mutating func phaseChanged(_ instrument: InstrumentID, _ phase: InstrumentPhase) {
    phases[instrument] = phase
  }

  /// The instrument has come to an end of its band, or has left it: a limit state has begun, or is over.
  mutating func limitChanged(_ instrument: InstrumentID, _ phase: InstrumentPhase) {
    phases[instrument] = phase
    if phase.limit != nil { limitsBegun.insert(instrument) }
  }

  /// The instrument's auction stands here now; nil when it is over.
  mutating func auctionMoved(_ instrument: InstrumentID, to auction: AuctionExecution?) {
    auctions.updateValue(auction, forKey: instrument)
  }

  /// The command has crossed orders of the instrument in an auction; their trades are reported by themselves.
  mutating func auctioned(
    _ instrument: InstrumentID, on day: Day?, isClosing: Bool, price: Price, quantity: Quantity
  ) {
    auctionPrints.append(
      .init(
        instrument: instrument, sequence: through, day: day, isClosing: isClosing, price: price, quantity: quantity))
  }

  /// A cancel did not find the order in the book: it had closed before.
  mutating func cancelRejected(_ target: OpenOrder, reason: UInt8) {
    record(.cancelRejected, target, reason: reason, quantity: .zero, leaves: .zero)
  }

  /// A cancel of an order in the book was refused: the order goes on.
  mutating func cancelRefused(_ order: OpenOrder, reason: UInt8) {
    goesOn(order)
    record(.cancelRejected, order, reason: reason, quantity: .zero)
  }

  /// A change of an order that is open and in no book was dealt with: another may be asked for.
  mutating func unmarked(_ order: OrderID, of account: AccountNumber) {
    staleMarks.insert(.init(account: account, order: order))
  }

  /// `new` took the place of `old`; `extraHold` was taken for the pair beyond the old order's hold.
  /// - Parameter isHeld: Whether they are legs that wait for their entry.
  mutating func replaced(old: OpenOrder, new: OpenOrder, extraHold: Int64, isHeld: Bool = false) {
    release(old, old.hold + extraHold - new.hold)
    update(old, .replaced, replacedBy: new.id)
    record(.replaced, old, quantity: old.leaves, leaves: .zero)
    update(new, new.filled > .zero ? .partiallyFilled : .accepted)
    record(isHeld ? .held : .new, new, quantity: new.leaves)
  }

  /// A replacement was refused: `new` ends as rejected and gives `extraHold` back; the old order, if it is open, goes on.
  mutating func replaceRejected(
    old: OpenOrder?, target: OpenOrder, new: OpenOrder, extraHold: Int64, reason: UInt8
  ) {
    release(new, extraHold)
    update(new, .rejected)
    if let old { goesOn(old) }
    record(.replaceRejected, target, reason: reason, quantity: .zero, leaves: old?.leaves ?? .zero)
    record(.rejected, new, reason: reason, quantity: new.leaves, leaves: .zero)
  }

  /// Everything gathered, each row once and in lock order.
  func finish() -> Settlement {
    var settlement = Settlement(shard: shard, from: from, through: through)
    settlement.orders = orders.values.sorted { ($0.account, $0.id) < ($1.account, $1.id) }
    settlement.conditions = conditions.values.sorted { ($0.account, $0.id) < ($1.account, $1.id) }
    settlement.staleMarks = staleMarks.sorted { ($0.account, $0.order) < ($1.account, $1.order) }
    settlement.trades = trades
    settlement.events = events
    settlement.cash = cash.filter { $0.value != .init() }
    settlement.positions = positions.filter { $0.value != .init() }
    settlement.lastPrices = lastPrices.sorted { $0.key < $1.key }.map { .init(instrument: $0.key, price: $0.value) }
    settlement.phases = phases.sorted { $0.key < $1.key }.map {
      .init(
        instrument: $0.key, phase: $0.value, beginsLimit: $0.value.limit != nil && limitsBegun.contains($0.key))
    }
    settlement.auctions = auctions.sorted { $0.key < $1.key }.map { .init(instrument: $0.key, auction: $0.value) }
    settlement.auctionPrints = auctionPrints
    return settlement
  }

  private mutating func execute(_ order: inout OpenOrder, price: Price, quantity: Quantity) {
    let before = order.hold
    order.filled += quantity
    order.filledValue += price * quantity
    let key = AcceptanceSnapshot.PositionKey(account: order.account, instrument: order.instrument)
    switch order.side {
    case .buy: positions[key, default: .init()].fills.buy(quantity, for: price * quantity)
    case .sell: positions[key, default: .init()].fills.sell(quantity)
    }
    release(order, before - order.hold)
    let done = order.leaves == .zero
    update(order, done ? .filled : .partiallyFilled)
    record(done ? .fill : .partialFill, order, price: price, quantity: quantity)
  }

  private mutating func release(_ order: OpenOrder, _ amount: Int64) {
    precondition(amount >= 0, "order \(order.id): a hold must not grow while settling")
    holdMoved(order.account, order.side, order.instrument, by: -amount)
  }

  /// The order stays open without a change on its way.
  private mutating func goesOn(_ order: OpenOrder) {
    update(order, order.filled > .zero ? .partiallyFilled : .accepted, clearsPending: true)
  }

  private mutating func update(
    _ order: OpenOrder, _ status: OrderStatus, replacedBy: OrderID? = nil, clearsPending: Bool = false
  ) {
    let earlier = orders[order.id]
    precondition(
      earlier.map { $0.status == status || $0.status.mayBecome(status) } ?? true,
      "order \(order.id): it may not become \(status)")
    orders[order.id] = .init(
      account: order.account, id: order.id, status: status, filled: order.filled, filledValue: order.filledValue,
      priority: order.priority, replacedBy: replacedBy,
      clearsPending: clearsPending || earlier?.clearsPending == true || !status.isOpen)
  }

  private mutating func record(
    _ kind: OrderEvent.Kind, _ order: OpenOrder, reason: UInt8 = 0, price: Price? = nil, quantity: Quantity,
    leaves: Quantity? = nil
  ) {
    events.append(
      OrderEvent(
        shard: shard, sequence: through, ordinal: nextOrdinal, kind: kind, reason: reason, order: order.id,
        account: order.account, instrument: order.instrument, side: order.side, price: price ?? order.price,
        quantity: quantity, filled: order.filled, filledValue: order.filledValue, leaves: leaves ?? order.leaves))
    nextOrdinal += 1
  }
}
