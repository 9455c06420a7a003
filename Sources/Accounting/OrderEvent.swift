public import Market

/// One line of an order's history as it is stored and shown: what a command did to one order.
public struct OrderEvent: Hashable, Sendable {
  /// What happened to the order. Raw values are stored.
  @frozen
  public enum Kind: UInt8, Hashable, Sendable, CaseIterable {
    /// It entered the book (or traded at once).
    case new = 0
    /// It traded and has shares left.
    case partialFill = 1
    /// It traded its last share.
    case fill = 2
    /// What was left of it was canceled.
    case canceled = 3
    /// Another order took its place.
    case replaced = 4
    /// The engine refused it.
    case rejected = 5
    /// The day ended.
    case expired = 6
    /// A cancel came too late.
    case cancelRejected = 7
    /// A replacement came too late or was refused.
    case replaceRejected = 8
    /// A trade reached the stop of a waiting order: it goes to the book. (A stop is `new` from the moment when it waits.)
    case triggered = 9
    /// A leg waits for the entry of its class; it is `new` when that is completely filled.
    case held = 10
    /// The exit of a class lost shares, because the other exit of the class traded them.
    case reduced = 11
  }

  /// The reason of a rejection that an operator asked for; beyond the engine's own.
  public static let refusedByOperator: UInt8 = 100
  /// The reason of a cancel: the entry of the class ended without being completely filled.
  public static let entryEnded: UInt8 = 101
  /// The reason of a cancel or a reduction: another order of the class was filled, fired or ended.
  public static let otherEnded: UInt8 = 102
  /// The reason of a rejection: an order that trades at once or not at all came while orders were collected.
  public static let outsideSession: UInt8 = 103
  /// The reason of a rejection: an order for the opening auction came after it.
  public static let openingOver: UInt8 = 104
  /// The reason of a rejection: an order for an auction came where there are none.
  public static let noAuctions: UInt8 = 105
  /// The reason of an expiry: an order for an auction, or what was left of a market order that waited for one, did not
  /// trade in it.
  public static let auctionOver: UInt8 = 106

  /// Which log.
  public var shard: Shard
  /// The command that caused it.
  public var sequence: Sequence
  /// Its place among the events of the command, from 0.
  public var ordinal: Int32
  /// What happened.
  public var kind: Kind
  /// Why (a raw value of the engine's reasons; 0 when there is nothing to explain).
  public var reason: UInt8
  /// The order.
  public var order: OrderID
  /// Whose order it is.
  public var account: AccountNumber
  /// What it trades.
  public var instrument: InstrumentID
  /// Which way it goes.
  public var side: Side
  /// The price of the execution; otherwise the order's price.
  public var price: Price
  /// The shares executed, canceled, entered, taken off, or waiting.
  public var quantity: Quantity
  /// All shares of the order executed so far.
  public var filled: Quantity
  /// What all executed shares were worth: the sum of price × quantity.
  public var filledValue: Money
  /// Shares still open.
  public var leaves: Quantity

  /// Makes an event.
  public init(
    shard: Shard, sequence: Sequence, ordinal: Int32, kind: Kind, reason: UInt8, order: OrderID,
    account: AccountNumber, instrument: InstrumentID, side: Side, price: Price, quantity: Quantity, filled: Quantity,
    filledValue: Money, leaves: Quantity
  ) {
    self.shard = shard
    self.sequence = sequence
    self.ordinal = ordinal
    self.kind = kind
    self.reason = reason
    self.order = order
    self.account = account
    self.instrument = instrument
    self.side = side
    self.price = price
    self.quantity = quantity
    self.filled = filled
    self.filledValue = filledValue
    self.leaves = leaves
  }
}

/// One execution between two orders: the journal by which cash goes to the seller and shares to the buyer.
public struct Trade: Hashable, Sendable {
  /// Which log.
  public var shard: Shard
  /// The command that caused it.
  public var sequence: Sequence
  /// The ordinal of the taker's event; the maker's is the next.
  public var ordinal: Int32
  /// What was traded.
  public var instrument: InstrumentID
  /// The order that bought.
  public var buyOrder: OrderID
  /// Who bought.
  public var buyer: AccountNumber
  /// The order that sold.
  public var sellOrder: OrderID
  /// Who sold.
  public var seller: AccountNumber
  /// At what price: the maker's.
  public var price: Price
  /// How many shares.
  public var quantity: Quantity
  /// The side that came second.
  public var taker: Side

  /// Makes a trade.
  public init(
    shard: Shard, sequence: Sequence, ordinal: Int32, instrument: InstrumentID, buyOrder: OrderID,
    buyer: AccountNumber, sellOrder: OrderID, seller: AccountNumber, price: Price, quantity: Quantity, taker: Side
  ) {
    self.shard = shard
    self.sequence = sequence
    self.ordinal = ordinal
    self.instrument = instrument
    self.buyOrder = buyOrder
    self.buyer = buyer
    self.sellOrder = sellOrder
    self.seller = seller
    self.price = price
    self.quantity = quantity
    self.taker = taker
  }
}
