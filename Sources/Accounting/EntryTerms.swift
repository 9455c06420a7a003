public import Market

/// The terms with which an order may come into a book, whoever brings it: a new order, a replacement, a leg of a class, a
/// closing, an operator. What needs the ledger (identity, money, shares, own orders) is judged beside it.
public struct EntryTerms: Hashable, Sendable {
  /// Which way.
  public var side: Side
  /// How it is priced once it is in the book.
  public var type: OrderType
  /// How long it lives.
  public var timeInForce: TimeInForce
  /// Rejected instead of trading at entry.
  public var postOnly: Bool
  /// Whether it waits for a trade, or has waited for one.
  public var hasTrigger: Bool
  /// The class that it belongs to.
  public var orderClass: OrderClass

  /// Names terms.
  public init(
    side: Side, type: OrderType, timeInForce: TimeInForce, postOnly: Bool = false, hasTrigger: Bool = false,
    orderClass: OrderClass = .simple
  ) {
    self.side = side
    self.type = type
    self.timeInForce = timeInForce
    self.postOnly = postOnly
    self.hasTrigger = hasTrigger
    self.orderClass = orderClass
  }

  /// What contradicts what among them, as a sentence; nil when nothing does.
  public var contradiction: String? {
    if postOnly {
      if hasTrigger { return "an order with a stop price cannot be post_only" }
      if type == .market { return "a market order cannot be post_only" }
      switch timeInForce {
      case .day, .gtc: break
      case .ioc, .fok: return "an ioc or fok order cannot be post_only"
      case .opg, .cls: return "an opg or cls order cannot be post_only"
      }
    }
    if timeInForce.isForAuction, hasTrigger { return "an opg or cls order cannot have a stop price" }
    if orderClass != .simple, timeInForce != .day, timeInForce != .gtc {
      return "\(orderClass) orders must have time_in_force day or gtc"
    }
    return nil
  }
}

/// The prices of the exits of a class, each of which has to stand on its side of the others.
public struct ExitPrices: Hashable, Sendable {
  /// Which way the exits trade.
  public var side: Side
  /// The limit price of the take-profit.
  public var takeProfit: Price?
  /// The price that sends the stop-loss to the book.
  public var stop: Price?
  /// The limit price of the stop-loss; nil for a market order.
  public var stopLimit: Price?
  /// What the entry is expected to trade at; nil when that is not known, or past.
  public var base: Price?

  /// Names prices.
  public init(side: Side, takeProfit: Price?, stop: Price?, stopLimit: Price?, base: Price?) {
    self.side = side
    self.takeProfit = takeProfit
    self.stop = stop
    self.stopLimit = stopLimit
    self.base = base
  }

  /// Which of them stands on the wrong side, as a sentence; nil when none does.
  public var contradiction: String? {
    let isSell = side == .sell
    if let takeProfit, let stop, isSell ? takeProfit <= stop : takeProfit >= stop {
      return "take_profit.limit_price must be \(isSell ? ">" : "<") stop_loss.stop_price"
    }
    if let stop, let stopLimit, isSell ? stopLimit > stop : stopLimit < stop {
      return "stop_loss.limit_price must be \(isSell ? "<=" : ">=") stop_loss.stop_price"
    }
    guard let base else { return nil }
    if let takeProfit, isSell ? takeProfit <= base : takeProfit >= base {
      return "take_profit.limit_price must be \(isSell ? ">= base_price + 0.01" : "<= base_price - 0.01")"
    }
    if let stop, isSell ? stop >= base : stop <= base {
      return "stop_loss.stop_price must be \(isSell ? "<= base_price - 0.01" : ">= base_price + 0.01")"
    }
    return nil
  }
}
