package import Market
internal import Matching

/// What an auction would lead to if it were held now.
package struct CallIndication: Hashable, Sendable {
  /// The price of all its trades.
  package var price: Price
  /// Shares that would trade.
  package var paired: Quantity
  /// Shares at that price or better that would be left over.
  package var imbalance: Quantity
  /// The side that has them; nil when none are left.
  package var imbalanceSide: Side?

  /// Holds the auction by the rule that the books hold it by; nil when no price lets anything trade.
  package init?(_ call: MarketCall) {
    // The rule looks at the shares of each price only, so that one order can stand for all of a price.
    let levels = call.bids.map { (Side.buy, $0) } + call.asks.map { (Side.sell, $0) }
    let orders = levels.enumerated().map { index, level in
      RestingOrder(
        order: OrderKey(index + 1), instrument: InstrumentID(rawValue: 0), account: AccountNumber(rawValue: 0),
        side: level.0, price: level.1.price, leaves: level.1.size)
    }
    guard let indication = Auction(orders).indication(reference: call.last) else { return nil }
    price = indication.price
    paired = indication.paired
    imbalance = indication.imbalance
    imbalanceSide = indication.imbalanceSide
  }
}
