internal import Market

/// The shares that stand behind each price of an auction, from which its price follows.
struct AuctionShares {
  private var bid: [Price: Quantity] = [:]
  private var offered: [Price: Quantity] = [:]

  /// Adds the open shares of an order.
  mutating func add(_ side: Side, _ price: Price, _ quantity: Quantity) {
    switch side {
    case .buy: bid[price, default: .zero] += quantity
    case .sell: offered[price, default: .zero] += quantity
    }
  }

  /// The price that the rule finds among all of the grid; nil when none lets anything trade. Costs n log n for n prices of
  /// orders.
  func best(_ reference: Price?) -> Level? {
    let levels = levels()
    var possible = levels.filter(\.isPossible)
    // Between two neighbouring prices of orders all prices are equally good but for the reference: one is enough. Where more
    // is bid than offered there, or less, a better-priced order would not be filled whole.
    for (lower, upper) in zip(levels, levels.dropFirst())
    where upper.demand == lower.supply && lower.supply > .zero {
      guard let price = Self.price(between: lower.price, upper.price, nearestTo: reference) else { continue }
      var level = Level(price)
      (level.demand, level.demandAbove) = (upper.demand, upper.demand)
      (level.supply, level.supplyBelow) = (lower.supply, lower.supply)
      possible.append(level)
    }
    return possible.max { $0.isWorse(than: $1, reference) }
  }

  /// The price of the grid between two others, both excluded, that the reference decides for: the nearest, of two the lower;
  /// without a reference the lowest.
  private static func price(between low: Price, _ high: Price, nearestTo reference: Price?) -> Price? {
    let first = Price(rawValue: low.rawValue + 1).roundedUpToGrid
    let last = Price(rawValue: high.rawValue - 1).roundedDownToGrid
    guard first <= last else { return nil }
    guard let reference, reference > first else { return first }
    guard reference < last else { return last }
    let (below, above) = (reference.roundedDownToGrid, reference.roundedUpToGrid)
    return reference.rawValue - below.rawValue <= above.rawValue - reference.rawValue ? below : above
  }

  /// The prices of all orders, with the shares that stand behind them.
  private func levels() -> [Level] {
    var levels = Set(bid.keys).union(offered.keys).sorted().map(Level.init)
    var supply = Quantity.zero
    for index in levels.indices {
      levels[index].supplyBelow = supply
      supply += offered[levels[index].price] ?? .zero
      levels[index].supply = supply
    }
    var demand = Quantity.zero
    for index in levels.indices.reversed() {
      levels[index].demandAbove = demand
      demand += bid[levels[index].price] ?? .zero
      levels[index].demand = demand
    }
    return levels
  }

  /// A price that the auction may find.
  struct Level {
    let price: Price
    /// Shares bid for at this price or above.
    var demand = Quantity.zero
    var demandAbove = Quantity.zero
    /// Shares offered at this price or below.
    var supply = Quantity.zero
    var supplyBelow = Quantity.zero

    init(_ price: Price) { self.price = price }

    var volume: Quantity { min(demand, supply) }

    /// Shares at this price or better that stay unfilled.
    var imbalance: Quantity { max(demand, supply) - volume }

    var isPossible: Bool { volume > .zero && demandAbove <= volume && supplyBelow <= volume }

    func isWorse(than other: Level, _ reference: Price?) -> Bool {
      if volume != other.volume { return volume < other.volume }
      if imbalance != other.imbalance { return imbalance > other.imbalance }
      if let reference, distance(to: reference) != other.distance(to: reference) {
        return distance(to: reference) > other.distance(to: reference)
      }
      return price > other.price
    }

    func distance(to reference: Price) -> UInt64 {
      reference > price
        ? (reference.rawValue - price.rawValue).magnitude : (price.rawValue - reference.rawValue).magnitude
    }
  }
}
