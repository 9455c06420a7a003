public import Market

/// What settling needs to know of an open order.
public struct OpenOrder: HasOrderTerms, Hashable, Sendable {
  /// Its public identifier.
  public var id: OrderID
  /// Whose order it is.
  public var account: AccountNumber
  /// The log row that gives it its place in the queue.
  public var priority: Sequence
  /// What it asks for; an exit has fewer shares after executions of the other.
  public var terms: OrderTerms
  /// Shares executed.
  public var filled: Quantity
  /// What they were worth.
  public var filledValue: Money
  /// What it trades.
  public var instrument: InstrumentID
  /// Its place among the orders that entered the book by the command of its priority.
  public var activation: Int32
  /// Whether it is the exit of a class; what exits hold, they hold together.
  public var isExit: Bool

  /// Shares still open.
  public var leaves: Quantity { quantity - filled }

  /// The hold behind the open shares: money of a buy, shares of a sell; nothing of an exit's own.
  public var hold: Int64 { isExit ? 0 : Hold.amount(side, price: price, leaves: leaves) }

  /// An order as its command places it.
  public init(_ order: PlaceOrder, sequence: Sequence) {
    id = order.id
    account = order.account
    priority = sequence
    terms = order.terms
    filled = .zero
    filledValue = .zero
    instrument = order.instrument
    activation = 0
    isExit = order.orderClass == .oco
  }

  /// A leg as the command of its class places it.
  public init(_ leg: OrderLeg, of order: PlaceOrder, sequence: Sequence) {
    self.init(order, sequence: sequence)
    id = leg.id
    terms = leg.terms(of: order)
    isExit = true
  }

  /// An order as the database has it.
  public init(_ record: OrderRecord) {
    id = record.id
    account = record.account
    priority = record.priority
    terms = record.terms
    filled = record.filled
    filledValue = record.filledValue
    instrument = record.instrument
    activation = record.conditions?.activation ?? 0
    isExit = record.isExit
  }

  /// All that is known of an order whose cancel came too late.
  public init(_ cancel: CancelOrder) {
    id = cancel.target
    account = cancel.account
    priority = cancel.targetSequence
    terms = OrderTerms(.buy, .zero, at: Price(rawValue: 0))
    filled = .zero
    filledValue = .zero
    instrument = cancel.instrument
    activation = 0
    isExit = false
  }

  /// Takes over what a replacement keeps: the executions, and of an exit its shares, which only the other exit changes.
  public mutating func inherit(from old: OpenOrder) {
    filled = old.filled
    filledValue = old.filledValue
    isExit = old.isExit
    if isExit { quantity = old.quantity }
  }

  /// The same terms under another identifier: what is known of an order that is gone from its replacement.
  public func named(_ id: OrderID) -> OpenOrder {
    var order = self
    order.id = id
    return order
  }
}

extension OrderLeg {
  /// Its terms: what it does not say is as in the order that brings it.
  public func terms(of order: PlaceOrder) -> OrderTerms {
    OrderTerms(
      order.sideOfLegs, order.quantity, at: terms.price, type: terms.type, timeInForce: order.timeInForce,
      selfTradePrevention: order.selfTradePrevention)
  }
}

extension PlaceOrder {
  /// Which way its legs go: against an entry; with the take-profit that stands at the head of an OCO.
  public var sideOfLegs: Side { orderClass == .oco ? side : side.opposite }
}
