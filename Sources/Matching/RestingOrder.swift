public import Market

/// An order that stands in a book.
public struct RestingOrder: Hashable, Sendable {
  /// Its name.
  public var order: OrderKey
  /// What it trades.
  public var instrument: InstrumentID
  /// Whose it is; 0 for nobody in particular.
  public var account: AccountNumber
  /// Whether it buys or sells.
  public var side: Side
  /// Its limit price.
  public var price: Price
  /// Shares still open.
  public var leaves: Quantity
  /// Shares executed so far.
  public var filled: Quantity
  /// What happens when it, as an incoming order, would meet its own account; kept so that a book tells all it was told.
  public var selfTradePrevention: SelfTradePrevention

  /// Names a resting order.
  public init(
    order: OrderKey, instrument: InstrumentID, account: AccountNumber, side: Side, price: Price, leaves: Quantity,
    filled: Quantity = .zero, selfTradePrevention: SelfTradePrevention = .cancelNewest
  ) {
    self.order = order
    self.instrument = instrument
    self.account = account
    self.side = side
    self.price = price
    self.leaves = leaves
    self.filled = filled
    self.selfTradePrevention = selfTradePrevention
  }
}

/// Why an order cannot be put back into its book: the records it comes from contradict each other.
public enum RestoreRefusal: Error, Hashable, Sendable {
  /// The key is 0, or price, open or executed quantity is out of range.
  case invalid(OrderKey)
  /// The key is in use by a resting order.
  case duplicateOrder(OrderKey)
  /// It would trade with an order that is in the book.
  case wouldTrade(OrderKey)
}

extension RestoreRefusal: CustomStringConvertible {
  /// What contradicts what, for people.
  public var description: String {
    switch self {
    case .invalid: "its price, its open or its executed quantity is out of range"
    case .duplicateOrder: "another order stands in the book under its number"
    case .wouldTrade: "it would trade with an order that stands in the book"
    }
  }
}
