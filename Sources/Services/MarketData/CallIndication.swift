public import Market
internal import Matching
public import Ports

/// What an auction would lead to if it were held now.
public struct CallIndication: Hashable, Sendable {
  /// The price of all its trades.
  public var price: Price
  /// Shares that would trade.
  public var paired: Quantity
  /// Shares at that price or better that would be left over.
  public var imbalance: Quantity
  /// The side that has them; nil when none are left.
  public var imbalanceSide: Side?

  /// Holds the auction by the rule that the books hold it by; nil when no price lets anything trade.
  public init?(_ call: MarketCall) {
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
