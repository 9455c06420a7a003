public import Market

/// The engine's name of an order: the sequence of the log row that placed it. Unique within a shard, never 0.
public typealias OrderKey = UInt64

/// One instruction to a book: a plain value of fixed size, so that batches lie flat in memory.
@frozen
public struct BookCommand: Hashable, Sendable {
  /// What a command asks for.
  @frozen
  public enum Kind: UInt8, Hashable, Sendable {
    /// Enter an order.
    case place = 0
    /// Take an order out.
    case cancel = 1
    /// Take `quantity` shares off a resting order, which keeps its place in the queue; all of them cancel it.
    case reduce = 2
    /// Put order `order` in the place of `target`; the same order moves.
    case replace = 3
  }

  /// What the command asks for.
  public var kind: Kind
  /// Which way the order goes (place, replace).
  public var side: Side
  /// How it is priced (place, replace); a market order's `price` is its protection price and it never rests.
  public var type: OrderType
  /// How long it lives (place, replace).
  public var timeInForce: TimeInForce
  /// Rejected instead of trading at entry (place, replace).
  public var postOnly: Bool
  /// What happens when it would meet an order of its own account (place, replace).
  public var selfTradePrevention: SelfTradePrevention
  /// The book.
  public var instrument: InstrumentID
  /// The order: the new one (place, replace) or the one in question (cancel, reduce).
  public var order: OrderKey
  /// The order to be replaced (replace).
  public var target: OrderKey
  /// Whose order it is. A cancel, reduce or replace by another account does not find its target; 0 asks no question.
  public var account: AccountNumber
  /// Limit price, or protection price of a market order (place, replace).
  public var price: Price
  /// Shares: the whole order (place), the amount to take off (reduce), the whole order with the target's executions
  /// counted (replace).
  public var quantity: Quantity

  /// Makes a command; the named factories say what each kind needs.
  @inlinable
  public init(
    kind: Kind, side: Side = .buy, type: OrderType = .limit, timeInForce: TimeInForce = .day, postOnly: Bool = false,
    selfTradePrevention: SelfTradePrevention = .cancelNewest, instrument: InstrumentID, order: OrderKey,
    target: OrderKey = 0, account: AccountNumber = AccountNumber(rawValue: 0), price: Price = Price(rawValue: 0),
    quantity: Quantity = Quantity(rawValue: 0)
  ) {
    self.kind = kind
    self.side = side
    self.type = type
    self.timeInForce = timeInForce
    self.postOnly = postOnly
    self.selfTradePrevention = selfTradePrevention
    self.instrument = instrument
    self.order = order
    self.target = target
    self.account = account
    self.price = price
    self.quantity = quantity
  }
}
