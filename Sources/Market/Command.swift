/// Whatever can change a book: one row of a shard's log. Accounts ask for the first three, the exchange for the others.
public enum Command: Hashable, Sendable {
  /// A new order.
  case place(PlaceOrder)
  /// A request to take an order out of the book.
  case cancel(CancelOrder)
  /// A request to put a new order in the place of another.
  case replace(ReplaceOrder)
  /// A step of an instrument's trading day.
  case step(SessionStep)
  /// A part of the expiry at the end of a day.
  case expire(ExpireOrders)
  /// A halt of an instrument, or its end.
  case halt(TradingHalt)
  /// A new price band of an instrument.
  case band(BandChange)
  /// A further part of an auction.
  case cross(AuctionPart)
}

/// A new order as the log carries it; its key in the book is the sequence of its log row.
///
/// `type` says how it is priced in the book. An order with a trigger waits outside it: a stop order is a market order with
/// a trigger, a stop-limit order a limit order with one, a trailing-stop order a market order whose trigger has a trail.
public struct PlaceOrder: HasOrderTerms, Hashable, Sendable {
  /// The order's public identifier.
  public var id: OrderID
  /// Who placed it.
  public var account: AccountNumber
  /// What it trades.
  public var instrument: InstrumentID
  /// What it asks for.
  public var terms: OrderTerms
  /// What it waits for; nil for one that goes to the book at once.
  public var trigger: Trigger?
  /// The class that it belongs to.
  public var orderClass: OrderClass
  /// The exits that it brings along, the take-profit first.
  public var legs: [OrderLeg]

  /// Makes a new order's command.
  public init(
    id: OrderID, account: AccountNumber, instrument: InstrumentID, terms: OrderTerms, trigger: Trigger? = nil,
    orderClass: OrderClass = .simple, legs: [OrderLeg] = []
  ) {
    self.id = id
    self.account = account
    self.instrument = instrument
    self.terms = terms
    self.trigger = trigger
    self.orderClass = orderClass
    self.legs = legs
  }
}

/// A cancel request as the log carries it.
public struct CancelOrder: Hashable, Sendable {
  /// The public identifier of the order to cancel.
  public var target: OrderID
  /// The log row that placed it.
  public var targetSequence: Sequence
  /// Which order of that row it is: 0, or the number of a leg.
  public var targetLeg: UInt8
  /// Whose order it is.
  public var account: AccountNumber
  /// What it trades.
  public var instrument: InstrumentID

  /// Makes a cancel command.
  public init(
    target: OrderID, targetSequence: Sequence, targetLeg: UInt8 = 0, account: AccountNumber, instrument: InstrumentID
  ) {
    self.target = target
    self.targetSequence = targetSequence
    self.targetLeg = targetLeg
    self.account = account
    self.instrument = instrument
  }
}

/// A replacement as the log carries it: a new order that takes another's place.
///
/// The new order keeps the old one's place in the queue when its price is the same and its quantity is smaller; its
/// quantity counts what the old order has already executed.
public struct ReplaceOrder: Hashable, Sendable {
  /// The new order, with its whole quantity (the old order's executions included).
  public var order: PlaceOrder
  /// The public identifier of the order it replaces.
  public var target: OrderID
  /// The log row that placed the old order.
  public var targetSequence: Sequence
  /// Which order of that row it is: 0, or the number of a leg.
  public var targetLeg: UInt8
  /// What was held beyond the old order's own hold when the replacement was accepted: money of a buy in 1/10000 dollar,
  /// shares of a sell.
  public var extraHold: Int64

  /// Makes a replacement command.
  public init(
    order: PlaceOrder, target: OrderID, targetSequence: Sequence, targetLeg: UInt8 = 0, extraHold: Int64
  ) {
    self.order = order
    self.target = target
    self.targetSequence = targetSequence
    self.targetLeg = targetLeg
    self.extraHold = extraHold
  }
}

/// One row of a shard's command log.
public struct LogEntry: Hashable, Sendable {
  /// Which log.
  public var shard: Shard
  /// Where in it.
  public var sequence: Sequence
  /// When it was acknowledged.
  public var acceptedAt: Timestamp
  /// What it asks for.
  public var command: Command
  /// Whether an operator has refused it: it is rejected without reaching a book.
  public var isRefused: Bool
  /// The branch of the ledger's history in which it was accepted; on the way to the shard's owner only.
  public var timeline: DatabaseTimeline

  /// Makes a log row.
  public init(
    shard: Shard, sequence: Sequence, acceptedAt: Timestamp, command: Command, isRefused: Bool = false,
    timeline: DatabaseTimeline = .unnamed
  ) {
    self.shard = shard
    self.sequence = sequence
    self.acceptedAt = acceptedAt
    self.command = command
    self.isRefused = isRefused
    self.timeline = timeline
  }
}
