/// The orders of an instrument that its next auction would cross, by price.
public struct MarketCall: Hashable, Sendable {
  /// When they stood so.
  public var at: Timestamp
  /// How the instrument trades.
  public var phase: InstrumentPhase
  /// The price of the latest trade, or else the one that the instrument was listed with: it decides between prices that are
  /// equally good.
  public var last: Price?
  /// Open shares of buys, in any order of prices.
  public var bids: [PriceLevelView]
  /// Open shares of sells.
  public var asks: [PriceLevelView]

  /// Names them.
  public init(
    at: Timestamp, phase: InstrumentPhase, last: Price?, bids: [PriceLevelView] = [], asks: [PriceLevelView] = []
  ) {
    self.at = at
    self.phase = phase
    self.last = last
    self.bids = bids
    self.asks = asks
  }
}
