public import Market

/// One thing that happened in a book: a plain value of fixed size.
///
/// A place gives `accepted` (or `rejected`), then its trades, then at most one `canceled` for a rest that may not stay.
/// A replace gives `replaced` (or `replaceRejected`), then the new order's trades and the like.
@frozen
public struct BookEvent: Hashable, Sendable {
  /// What happened.
  @frozen
  public enum Kind: UInt8, Hashable, Sendable {
    /// `order` entered with `quantity` shares.
    case accepted = 0
    /// `order` was refused; nothing else happened.
    case rejected = 1
    /// `order` (taker) traded `quantity` with `counterpart` (maker) at the maker's `price`; `leaves` and
    /// `counterpartLeaves` are what both have left.
    case trade = 2
    /// `order` left the book with `quantity` unexecuted shares.
    case canceled = 3
    /// `order` lost `quantity` shares and keeps its place; `leaves` remain.
    case reduced = 4
    /// `order` took the place of `counterpart`; `leaves` shares of it are open, `counterpartLeaves` were open of the old one.
    case replaced = 5
    /// A cancel or reduce did not find `order`.
    case cancelRejected = 6
    /// A replacement of `counterpart` by `order` was refused; the old order, if it is there, stays as it is.
    case replaceRejected = 7
  }

  /// Why it happened.
  @frozen
  public enum Reason: UInt8, Hashable, Sendable {
    /// Nothing to explain.
    case none = 0
    /// The account asked for it.
    case requested = 1
    /// An immediate-or-cancel or market order found no more shares within its price.
    case notImmediatelyFillable = 2
    /// A fill-or-kill order could not be filled whole.
    case notWhollyFillable = 3
    /// It would have met an order of its own account.
    case selfTrade = 4
    /// A post-only order would have traded at entry.
    case postOnlyWouldTrade = 5
    /// No such order is in the book (or it belongs to another account).
    case unknownOrder = 6
    /// The new quantity is not above what has been executed.
    case quantityNotAboveFilled = 7
    /// The order key is in the book already.
    case duplicateOrder = 8
    /// Quantity or price is not positive.
    case invalid = 9
  }

  /// What happened.
  public var kind: Kind
  /// Why.
  public var reason: Reason
  /// The side of `order`.
  public var side: Side
  /// Position of the command in the batch.
  public var command: Int32
  /// The order in question; the taker of a trade; the new order of a replacement.
  public var order: OrderKey
  /// The maker of a trade; the old order of a replacement; otherwise 0.
  public var counterpart: OrderKey
  /// The price of a trade; otherwise the order's price where it is known.
  public var price: Price
  /// Shares traded, cancelled, reduced or entered.
  public var quantity: Quantity
  /// Shares of `order` still open afterwards.
  public var leaves: Quantity
  /// Shares of `counterpart` still open afterwards (trade), or that were open before (replaced).
  public var counterpartLeaves: Quantity

  /// Makes an event.
  @inlinable
  public init(
    kind: Kind, reason: Reason = .none, side: Side, command: Int32, order: OrderKey, counterpart: OrderKey = 0,
    price: Price = Price(rawValue: 0), quantity: Quantity = .zero, leaves: Quantity = .zero,
    counterpartLeaves: Quantity = .zero
  ) {
    self.kind = kind
    self.reason = reason
    self.side = side
    self.command = command
    self.order = order
    self.counterpart = counterpart
    self.price = price
    self.quantity = quantity
    self.leaves = leaves
    self.counterpartLeaves = counterpartLeaves
  }
}
