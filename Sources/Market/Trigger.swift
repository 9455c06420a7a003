/// What an order that stands outside the book waits for: a trade at its stop price or beyond.
public struct Trigger: Hashable, Sendable {
  /// A buy fires on a trade at or above this price, a sell on one at or below it.
  public var stop: Price
  /// How the stop follows the market; nil for one that stays where it is.
  public var trail: Trail?

  /// A stop that stays.
  public init(stop: Price) { self.stop = stop }

  /// A stop that follows the market.
  public init(_ trail: Trail, _ side: Side) {
    stop = trail.stop(side)
    self.trail = trail
  }

  /// Whether a trade at `price` fires it.
  @inlinable
  public func isReached(by price: Price, _ side: Side) -> Bool {
    side == .buy ? price >= stop : price <= stop
  }

  /// Follows a trade at `price`; false when that moves nothing.
  public mutating func follow(_ price: Price, _ side: Side) -> Bool {
    guard var trail, side == .buy ? price < trail.mark : price > trail.mark else { return false }
    trail.mark = price
    self.trail = trail
    stop = trail.stop(side)
    return true
  }
}

/// How a trailing stop follows the market: at a distance behind the best trade since it was entered.
public struct Trail: Hashable, Sendable {
  /// How far behind.
  public enum Distance: Hashable, Sendable {
    /// Money: 1/10000 dollar, more than zero.
    case amount(Int64)
    /// A part of the best price: 1/10000 of it, 1 to 9,999 (a percentage with two decimals).
    case fraction(Int64)
  }

  /// How far behind.
  public var distance: Distance
  /// The best price so far: the highest for a sell, the lowest for a buy.
  public var mark: Price
  /// How far from its stop the order may trade when it fires, in 1/10000 of the stop.
  public var collar: Int64

  /// Makes a trail that begins at `mark`.
  public init(_ distance: Distance, mark: Price, collar: Int64) {
    self.distance = distance
    self.mark = mark
    self.collar = collar
  }

  /// Whether a stop below the mark would be a price: an amount must be smaller than the price that it trails.
  public var leavesRoom: Bool {
    switch distance {
    case .amount(let amount): return amount < mark.rawValue
    case .fraction(let parts): return (1..<10_000).contains(parts)
    }
  }

  /// The stop that belongs to the mark: below it for a sell, above it for a buy.
  ///
  /// A stop between two prices of the grid is moved away from the market (down for a sell, up for a buy), so that an order
  /// never fires nearer than was asked for. It stays within 1/10000 dollar and ``Price/maximum``.
  public func stop(_ side: Side) -> Price {
    let gap: Int64
    switch distance {
    case .amount(let amount): gap = min(amount, Price.maximum.rawValue)
    case .fraction(let parts):
      // Rounded so that the gap is never smaller than asked for.
      gap = (min(mark.rawValue, Price.maximum.rawValue) * parts + 9_999) / 10_000
    }
    switch side {
    case .sell: return max(Price(rawValue: mark.rawValue - gap), Price(rawValue: 1)).roundedDownToGrid
    case .buy: return min(Price(rawValue: mark.rawValue + gap).roundedUpToGrid, .maximum)
    }
  }
}

extension Price {
  /// The worst price that an order without a limit may trade at: `collar` (in 1/10000) beyond this one, on the grid.
  public func protected(_ side: Side, collar: Int64) -> Price {
    let clamped = min(max(rawValue, 1), Price.maximum.rawValue)
    switch side {
    case .buy:
      let bound = Price(rawValue: (clamped * (10_000 + collar) + 9_999) / 10_000)
      return min(bound.roundedUpToGrid, .maximum)
    case .sell:
      let bound = Price(rawValue: clamped * (10_000 - collar) / 10_000)
      return max(bound.roundedDownToGrid, Price(rawValue: 1))
    }
  }
}
