public import Market

/// What settling needs to know of an order in the book.
public struct OpenOrder: Hashable, Sendable {
  /// Its public identifier.
  public var id: OrderID
  /// Whose order it is.
  public var account: AccountNumber
  /// The log row that gives it its place in the queue.
  public var priority: Sequence
  /// The limit price; of a market order the protection price.
  public var price: Price
  /// All of its shares.
  public var quantity: Quantity
  /// Shares executed.
  public var filled: Quantity
  /// What they were worth.
  public var filledValue: Money
  /// What it trades.
  public var instrument: InstrumentID
  /// Which way.
  public var side: Side

  /// Shares still open.
  public var leaves: Quantity { quantity - filled }

  /// The hold behind the open shares: money of a buy, shares of a sell.
  var hold: Int64 { Hold.amount(side, price: price, leaves: leaves) }

  /// An order as its command places it.
  public init(_ order: PlaceOrder, sequence: Sequence) {
    id = order.id
    account = order.account
    priority = sequence
    price = order.price
    quantity = order.quantity
    filled = .zero
    filledValue = .zero
    instrument = order.instrument
    side = order.side
  }

  /// An order as the database has it.
  public init(_ record: OrderRecord) {
    id = record.id
    account = record.account
    priority = record.priority
    price = record.price
    quantity = record.quantity
    filled = record.filled
    filledValue = record.filledValue
    instrument = record.instrument
    side = record.side
  }

  /// All that is known of an order whose cancel came too late.
  public init(_ cancel: CancelOrder) {
    id = cancel.target
    account = cancel.account
    priority = cancel.targetSequence
    price = Price(rawValue: 0)
    quantity = .zero
    filled = .zero
    filledValue = .zero
    instrument = cancel.instrument
    side = .buy
  }

  /// The same terms under another identifier: what is known of an order that is gone from its replacement.
  public func named(_ id: OrderID) -> OpenOrder {
    var order = self
    order.id = id
    return order
  }
}
