public import Market

/// A call auction: orders are collected and then cross all at once at one price.
///
/// The price is the one at which most shares change hands, every better-priced order (bids above it, asks below it) is
/// filled whole, and one side is filled whole at it. Where several prices qualify, the one that leaves fewer shares
/// over at it is taken, then the one nearer to a reference price, then the lower one. All prices of the grid are looked at,
/// not only those of orders.
public struct Auction: Sendable {
  /// One trade of the auction; all are at its price.
  public struct Trade: Hashable, Sendable {
    /// The order that buys.
    public var buy: OrderKey
    /// The order that sells.
    public var sell: OrderKey
    /// How many shares.
    public var quantity: Quantity

    /// Names a trade.
    public init(buy: OrderKey, sell: OrderKey, quantity: Quantity) {
      self.buy = buy
      self.sell = sell
      self.quantity = quantity
    }
  }

  /// What an auction leads to.
  public struct Cross: Hashable, Sendable {
    /// The price of all its trades.
    public var price: Price
    /// Shares traded.
    public var quantity: Quantity
    /// The trades: both sides in price-time order, walked side by side.
    public var trades: [Trade]
  }

  /// What an auction would lead to if it were held now.
  public struct Indication: Hashable, Sendable {
    /// The price at which orders would cross.
    public var price: Price
    /// Shares that would trade.
    public var paired: Quantity
    /// Shares at that price or better that would be left over.
    public var imbalance: Quantity
    /// The side that has them; nil when none are left.
    public var imbalanceSide: Side?

    /// Names an indication.
    public init(price: Price, paired: Quantity, imbalance: Quantity, imbalanceSide: Side?) {
      self.price = price
      self.paired = paired
      self.imbalance = imbalance
      self.imbalanceSide = imbalanceSide
    }
  }

  private let bids: [RestingOrder]
  private let asks: [RestingOrder]

  /// Collects the orders of one instrument, which come in their order of time; only their open shares count.
  public init(_ orders: [RestingOrder]) {
    // Sorting is stable: at a price, time decides.
    bids = orders.filter { $0.side == .buy }.sorted { $0.price > $1.price }
    asks = orders.filter { $0.side == .sell }.sorted { $0.price < $1.price }
  }

  /// Crosses the orders; nil when no price lets any of them trade. Costs n log n for n orders.
  public func cross(reference: Price? = nil) -> Cross? {
    best(reference).map { Cross(price: $0.price, quantity: $0.volume, trades: trades($0.volume)) }
  }

  /// Where the orders would cross; nil when no price lets any of them trade. Costs n log n for n orders.
  public func indication(reference: Price? = nil) -> Indication? {
    best(reference).map { level in
      let side: Side? = level.imbalance == .zero ? nil : level.demand > level.supply ? .buy : .sell
      return Indication(price: level.price, paired: level.volume, imbalance: level.imbalance, imbalanceSide: side)
    }
  }

  private func best(_ reference: Price?) -> AuctionShares.Level? {
    var shares = AuctionShares()
    for order in bids { shares.add(.buy, order.price, order.leaves) }
    for order in asks { shares.add(.sell, order.price, order.leaves) }
    return shares.best(reference)
  }

  /// Pairs the best bids with the best asks until `volume` shares are traded.
  private func trades(_ volume: Quantity) -> [Trade] {
    var trades: [Trade] = []
    var (bid, ask) = (0, 0)
    var (bidLeaves, askLeaves) = (bids[0].leaves, asks[0].leaves)
    var rest = volume
    while rest > .zero {
      let quantity = min(bidLeaves, askLeaves, rest)
      trades.append(Trade(buy: bids[bid].order, sell: asks[ask].order, quantity: quantity))
      rest -= quantity
      bidLeaves -= quantity
      askLeaves -= quantity
      if bidLeaves == .zero, bid + 1 < bids.count {
        bid += 1
        bidLeaves = bids[bid].leaves
      }
      if askLeaves == .zero, ask + 1 < asks.count {
        ask += 1
        askLeaves = asks[ask].leaves
      }
    }
    return trades
  }
}
