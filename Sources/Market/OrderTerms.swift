/// What an order asks for: the terms that it keeps from the request to the book and in its row.
///
/// What an order waits for is not among them: a trigger moves while the order waits for it, and stands beside the terms.
@frozen
public struct OrderTerms: Hashable, Sendable {
  /// Whether it buys or sells.
  public var side: Side
  /// How it is priced in the book.
  public var type: OrderType
  /// How long it lives.
  public var timeInForce: TimeInForce
  /// Rejected instead of trading at entry.
  public var postOnly: Bool
  /// What happens when it would meet an order of its own account.
  public var selfTradePrevention: SelfTradePrevention
  /// The limit price; of a market order the protection price.
  public var price: Price
  /// All of its shares; of a replacement with those that the order before it had executed.
  public var quantity: Quantity

  /// Names terms; those of a plain order for the day need only side, quantity and price.
  @inlinable
  public init(
    _ side: Side, _ quantity: Quantity, at price: Price, type: OrderType = .limit, timeInForce: TimeInForce = .day,
    postOnly: Bool = false, selfTradePrevention: SelfTradePrevention = .cancelNewest
  ) {
    self.side = side
    self.type = type
    self.timeInForce = timeInForce
    self.postOnly = postOnly
    self.selfTradePrevention = selfTradePrevention
    self.price = price
    self.quantity = quantity
  }
}

/// The terms that a replacement changes; nil stays as it is.
public struct ChangedTerms: Hashable, Sendable {
  /// The whole new quantity, executions included.
  public var quantity: Quantity?
  /// The new limit price.
  public var price: Price?
  /// The new stop price.
  public var stop: Price?
  /// The new distance of a trailing stop in 1/10000: of a dollar or of a percent, as the order has it.
  public var trail: Int64?
  /// The new time in force.
  public var timeInForce: TimeInForce?

  /// Names changes.
  public init(
    quantity: Quantity? = nil, price: Price? = nil, stop: Price? = nil, trail: Int64? = nil,
    timeInForce: TimeInForce? = nil
  ) {
    self.quantity = quantity
    self.price = price
    self.stop = stop
    self.trail = trail
    self.timeInForce = timeInForce
  }
}

/// A request, a command or a record that has the terms of an order; each of them is called by its own name.
public protocol HasOrderTerms {
  /// The order's terms.
  var terms: OrderTerms { get set }
}

extension HasOrderTerms {
  /// Whether it buys or sells.
  @inlinable
  public var side: Side {
    get { terms.side }
    set { terms.side = newValue }
  }
  /// How it is priced in the book.
  @inlinable
  public var type: OrderType {
    get { terms.type }
    set { terms.type = newValue }
  }
  /// How long it lives.
  @inlinable
  public var timeInForce: TimeInForce {
    get { terms.timeInForce }
    set { terms.timeInForce = newValue }
  }
  /// Rejected instead of trading at entry.
  @inlinable
  public var postOnly: Bool {
    get { terms.postOnly }
    set { terms.postOnly = newValue }
  }
  /// What happens when it would meet an order of its own account.
  @inlinable
  public var selfTradePrevention: SelfTradePrevention {
    get { terms.selfTradePrevention }
    set { terms.selfTradePrevention = newValue }
  }
  /// The limit price; of a market order the protection price.
  @inlinable
  public var price: Price {
    get { terms.price }
    set { terms.price = newValue }
  }
  /// All of its shares.
  @inlinable
  public var quantity: Quantity {
    get { terms.quantity }
    set { terms.quantity = newValue }
  }
}

/// Which way an order goes (FIX tag 54). Raw values are stored.
@frozen
public enum Side: UInt8, Hashable, Sendable, CaseIterable {
  /// Bids for shares with cash.
  case buy = 0
  /// Offers shares for cash.
  case sell = 1

  /// The side an order of this side trades with.
  @inlinable
  public var opposite: Side { self == .buy ? .sell : .buy }
}

/// How an order is priced (FIX tag 40). Raw values are stored.
@frozen
public enum OrderType: UInt8, Hashable, Sendable, CaseIterable {
  /// Trades at its limit price or better.
  case limit = 0
  /// Trades at once at any price up to a protection price; what is left beyond it is canceled.
  case market = 1
}

/// How long an order lives (FIX tag 59). Raw values are stored.
@frozen
public enum TimeInForce: UInt8, Hashable, Sendable, CaseIterable {
  /// Until the close of its trading day.
  case day = 0
  /// Until canceled.
  case gtc = 1
  /// Trades what it can at once; the rest is canceled.
  case ioc = 2
  /// Trades whole at once or not at all.
  case fok = 3
  /// Takes part in the opening auction only.
  case opg = 4
  /// Takes part in the closing auction only.
  case cls = 5

  /// Whether it is for one auction only.
  public var isForAuction: Bool { self == .opg || self == .cls }

  /// Whether it trades at once or not at all.
  public var isImmediate: Bool { self == .ioc || self == .fok }

  /// Whether an order of this life may stand where one of another, which comes later, meets it.
  ///
  /// What trades at once or not at all is gone before anything later is carried out. Orders for the close wait apart until it
  /// comes. Those for the opening wait for it, and until then nothing that trades at once is taken.
  public func mayStand(before incoming: TimeInForce) -> Bool {
    switch self {
    case .ioc, .fok: false
    case .day, .gtc: incoming != .cls
    case .opg: incoming != .cls && !incoming.isImmediate
    case .cls: incoming == .cls
    }
  }
}

/// What happens when an order would meet an order of its own account (FIX tag 2964, SelfTradeType). Raw values are stored.
@frozen
public enum SelfTradePrevention: UInt8, Hashable, Sendable, CaseIterable {
  /// The incoming order's rest is canceled; the resting order stays.
  case cancelNewest = 0
  /// The resting order is canceled; the incoming order goes on.
  case cancelOldest = 1
  /// Both are canceled.
  case cancelBoth = 2
}
