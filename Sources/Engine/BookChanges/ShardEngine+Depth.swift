package import Market
internal import Matching

/// What everybody may see of the books.
extension ShardEngine {
  /// The instruments that have or had orders since the books were rebuilt.
  var instruments: [InstrumentID] { engine.instruments }

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
