public import Market

/// What an open order keeps from being spent twice: money of a buy, shares of a sell.
public enum Hold {
  /// The hold of `leaves` open shares: price × leaves in 1/10000 dollar for a buy, shares for a sell.
  ///
  /// Traps on overflow; entry refuses orders for which it would.
  public static func amount(_ side: Side, price: Price, leaves: Quantity) -> Int64 {
    switch side {
    case .buy: return (price * leaves).rawValue
    case .sell: return leaves.rawValue
    }
  }

  /// What must be held beyond the old order's own hold so that a replacement is covered whatever executes in between.
  ///
  /// With `f` further shares executed at the old price, the pair holds `old − oldPrice·f + extra` and the new order needs
  /// `new − newPrice·f`. When the old price is the higher one the gap grows with `f`, up to all shares that both orders
  /// have open; that worst case is added.
  public static func extra(
    _ side: Side, oldPrice: Price, oldLeaves: Quantity, newPrice: Price, newLeaves: Quantity
  ) -> Int64 {
    let old = amount(side, price: oldPrice, leaves: oldLeaves)
    let new = amount(side, price: newPrice, leaves: newLeaves)
    let shared = min(oldLeaves, newLeaves)
    let drift =
      side == .buy && oldPrice > newPrice
      ? (Price(rawValue: oldPrice.rawValue - newPrice.rawValue) * shared).rawValue : 0
    return max(0, new - old + drift)
  }

  /// What the exits of a class hold together: they can trade their shares only once, so that the dearer one is enough.
  /// - Parameters:
  ///   - prices: The prices of the open exits; none hold nothing.
  ///   - leaves: The shares that they share.
  public static func ofExits(_ side: Side, prices: [Price], leaves: Quantity) -> Int64 {
    prices.max().map { amount(side, price: $0, leaves: leaves) } ?? 0
  }

  /// What the exits of a new class hold when it is accepted.
  ///
  /// Exits that sell what the entry buys hold nothing yet: they get their shares from its executions.
  public static func ofExits(_ order: PlaceOrder) -> Int64 {
    let side = order.sideOfLegs
    guard order.orderClass == .oco || side == .buy else { return 0 }
    let prices = order.legs.map(\.terms.price) + (order.orderClass == .oco ? [order.price] : [])
    return order.legs.isEmpty ? 0 : ofExits(side, prices: prices, leaves: order.quantity)
  }
}
