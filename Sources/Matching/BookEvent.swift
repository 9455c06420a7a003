public import Market

/// One thing that happened in a book: a plain value of fixed size.
///
/// Every command gives at least one event, and its events follow each other:
///
/// | command | events |
/// |---|---|
/// | place | `rejected`, or `accepted` and then what the order meets |
/// | replace | `replaceRejected`, or `replaced` and then what the new order meets |
/// | cancel | `canceled` (reason `requested`) or `cancelRejected` |
/// | reduce | `reduced`, `canceled` (reason `requested`, when no shares are left) or `cancelRejected` |
///
/// What an order meets is any number of `trade` and of `canceled` with reason `selfTrade` for resting orders of its own
/// account, in the order in which they happened, and then at most one `canceled` of the order itself, for shares that
/// may not rest. An order whose last event leaves shares open rests in the book. A maker is filled when a trade
/// leaves nothing of it; no other event follows.
@frozen
public struct BookEvent: Hashable, Sendable {
  /// What happened; the fields that are not named stay zero.
  @frozen
  public enum Kind: UInt8, Hashable, Sendable {
    /// `order` (side, price) entered with `quantity` shares; `leaves` is the same.
    case accepted = 0
    /// `order` (side, price, quantity as asked for) was refused for `reason`; nothing else happened.
    case rejected = 1
    /// `order` (taker, of `side`) traded `quantity` with `counterpart` (maker) at the maker's `price`; `leaves` and
    /// `counterpartLeaves` are what both have left.
    case trade = 2
    /// `order` (side, price) ended with `quantity` unexecuted shares; `leaves` is 0.
    ///
    /// With reason `selfTrade` it is the incoming order or the resting one, and `counterpart` is the other.
    case canceled = 3
    /// `order` (side, price) lost `quantity` shares and keeps its place; `leaves` remain.
    case reduced = 4
    /// `order` (side, price) took the place of `counterpart`: `quantity` is the whole new order with the executions of
    /// the old one counted, `leaves` of it are open, `counterpartLeaves` were open of the old one, which is gone without
    /// an event of its own. `keepsPriority` tells whether it also took the place in the queue.
    case replaced = 5
    /// A cancel or reduce of `order` was refused for `reason` (`unknownOrder`; a reduce by nothing is `invalid`).
    case cancelRejected = 6
    /// A replacement of `counterpart` by `order` (side, price, quantity as asked for) was refused for `reason`; the old
    /// order, if it is there, stays as it is.
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
    /// No such order is in this book, or it belongs to another account.
    case unknownOrder = 6
    /// The new quantity is not above what has been executed.
    case quantityNotAboveFilled = 7
    /// The order key is in use by a resting order.
    case duplicateOrder = 8
    /// The key is 0, quantity or price is out of range, or a replacement changes the side.
    case invalid = 9
  }

  /// What happened.
  public var kind: Kind
  /// Why the order was rejected or has ended.
  public var reason: Reason
  /// The side of `order`.
  public var side: Side
  /// Whether a replacement stands where the old order stood in the queue.
  public var keepsPriority: Bool
  /// Position of the command in the batch.
  public var command: Int32
  /// The order in question; the taker of a trade; the new order of a replacement.
  public var order: OrderKey
  /// The maker of a trade; the old order of a replacement; the other order of a self-trade; otherwise 0.
  public var counterpart: OrderKey
  /// The price of a trade; otherwise the order's price where it is known.
  public var price: Price
  /// Shares traded, canceled, reduced, entered or asked for.
  public var quantity: Quantity
  /// Shares of `order` still open afterwards.
  public var leaves: Quantity
  /// Shares of `counterpart` still open afterwards (trade), or that were open before (replaced).
  public var counterpartLeaves: Quantity

  /// Makes an event.
  @inlinable
  public init(
    kind: Kind, reason: Reason = .none, side: Side, keepsPriority: Bool = false, command: Int32, order: OrderKey,
    counterpart: OrderKey = 0, price: Price = Price(rawValue: 0), quantity: Quantity = Quantity(rawValue: 0),
    leaves: Quantity = Quantity(rawValue: 0),
    counterpartLeaves: Quantity = Quantity(rawValue: 0)
  ) {
    self.kind = kind
    self.reason = reason
    self.side = side
    self.keepsPriority = keepsPriority
    self.command = command
    self.order = order
    self.counterpart = counterpart
    self.price = price
    self.quantity = quantity
    self.leaves = leaves
    self.counterpartLeaves = counterpartLeaves
  }
}
