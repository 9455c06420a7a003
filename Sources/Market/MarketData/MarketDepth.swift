/// What stands in the book of an instrument, price by price, after a command.
public struct MarketDepth: Hashable, Sendable {
  /// The command, in the instrument's shard.
  public var sequence: Sequence
  /// When it was settled.
  public var at: Timestamp
  /// Bids, the highest first.
  public var bids: [PriceLevelView]
  /// Asks, the lowest first.
  public var asks: [PriceLevelView]

  /// Makes a depth.
  public init(sequence: Sequence, at: Timestamp, bids: [PriceLevelView] = [], asks: [PriceLevelView] = []) {
    self.sequence = sequence
    self.at = at
    self.bids = bids
    self.asks = asks
  }

  /// The best of both sides.
  public var quote: Quote { Quote(at: at, sequence: sequence, bid: bids.first, ask: asks.first) }

  /// The levels of a side, best first.
  public subscript(side: Side) -> [PriceLevelView] {
    get { side == .buy ? bids : asks }
    set { if side == .buy { bids = newValue } else { asks = newValue } }
  }

  /// What tells a client whether its copy is right.
  public var checksum: UInt32 { DepthChecksum.of(bids: bids, asks: asks) }

  /// Puts a level in its place, or takes it out when no shares are left.
  public mutating func set(_ side: Side, _ level: PriceLevelView) {
    let place = index(of: level.price, side)
    let isThere = place < self[side].count && self[side][place].price == level.price
    switch (isThere, level.size > .zero) {
    case (true, true): self[side][place] = level
    case (true, false): self[side].remove(at: place)
    case (false, true): self[side].insert(level, at: place)
    case (false, false): break
    }
  }

  /// Where a price stands or would stand.
  private func index(of price: Price, _ side: Side) -> Int {
    let levels = self[side]
    var (low, high) = (0, levels.count)
    while low < high {
      let middle = (low + high) / 2
      let isBetter = side == .buy ? levels[middle].price > price : levels[middle].price < price
      if isBetter { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
