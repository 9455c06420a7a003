/// Something that is traded here.
public struct Instrument: Hashable, Sendable {
  /// Its internal number.
  public var id: InstrumentID
  /// Its public identifier (`asset_id`).
  public var assetID: UniqueID
  /// Its ticker.
  public var symbol: Symbol
  /// The company or fund behind it.
  public var name: String
  /// The listing exchange's code as clients know it: `NASDAQ`, `NYSE`, `ARCA`, `AMEX`, `BATS`, `OTC` or empty.
  public var exchange: String
  /// The shard whose log and books it belongs to.
  public var shard: Shard
  /// Whether orders for it are taken.
  public var tradable: Bool
  /// The price that market orders are protected around before the first trade; nil when none is known.
  public var referencePrice: Price?

  /// Makes an instrument.
  public init(
    id: InstrumentID, assetID: UniqueID, symbol: Symbol, name: String, exchange: String, shard: Shard, tradable: Bool,
    referencePrice: Price?
  ) {
    self.id = id
    self.assetID = assetID
    self.symbol = symbol
    self.name = name
    self.exchange = exchange
    self.shard = shard
    self.tradable = tradable
    self.referencePrice = referencePrice
  }
}
