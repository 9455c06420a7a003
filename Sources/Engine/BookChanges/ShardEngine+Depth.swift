package import Market
internal import Matching

/// What everybody may see of the books.
extension ShardEngine {
  /// The instruments of the shard, as far as they are known: those that were listed when the books were rebuilt, and those that
  /// have had orders since.
  var instruments: Set<InstrumentID> { listed.union(engine.instruments) }

  /// The best levels of a side, at most so many.
  func levels(_ instrument: InstrumentID, _ side: Side, limit: Int = .max) -> [PriceLevelView] {
    engine.depth(instrument, side, levels: limit).map { PriceLevelView(price: $0.price, size: $0.quantity) }
  }

  /// Open shares at a price.
  func size(_ instrument: InstrumentID, _ side: Side, at price: Price) -> Quantity {
    engine.quantity(instrument, side, at: price)
  }

  /// The whole book of an instrument.
  package func depth(_ instrument: InstrumentID, at: Timestamp) -> MarketDepth {
    MarketDepth(
      sequence: cursor, at: at, bids: levels(instrument, .buy), asks: levels(instrument, .sell))
  }
}
