/// What an operator lets a single order be at most: against slips of the finger. Nil means no bound.
public struct OrderBounds: Hashable, Sendable {
  /// Most shares.
  public var quantity: Quantity?
  /// Most money: price times quantity, a market order at its protection price.
  public var notional: Money?
  /// How far beyond the last price an order may be ready to trade, in 1/10000 of it: a buy above, a sell below.
  public var collar: Int64?

  /// Names bounds.
  public init(quantity: Quantity? = nil, notional: Money? = nil, collar: Int64? = nil) {
    self.quantity = quantity
    self.notional = notional
    self.collar = collar
  }

  /// Which bound an order of these terms is beyond; nil when it keeps within all of them.
  /// - Parameter last: The price of the last trade, or what stands for it; nil when nobody knows one: then no collar holds.
  public func exceeded(_ side: Side, _ quantity: Quantity, at price: Price, last: Price?) -> ExceededBound? {
    if let most = self.quantity, quantity > most { return .quantity(most) }
    if let most = notional, price.cost(of: quantity).map({ $0 > most }) ?? true { return .notional(most) }
    guard let collar, let last else { return nil }
    let limit = last.protected(side, collar: collar)
    guard side == .buy ? price > limit : price < limit else { return nil }
    return .collar(limit)
  }
}

/// The bound that an order is beyond.
public enum ExceededBound: Hashable, Sendable {
  /// More shares than this.
  case quantity(Quantity)
  /// More money than this.
  case notional(Money)
  /// A buy above, or a sell below, this price.
  case collar(Price)
}
