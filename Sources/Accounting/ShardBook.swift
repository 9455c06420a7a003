public import Market

/// The stored state of a shard's books.
public struct ShardBook: Sendable {
  /// The shard.
  public var shard: Shard
  /// The last command that is in it.
  public var processed: Sequence
  /// The open orders, by priority and activation.
  public var orders: [OrderRecord]
  /// The last prices of the shard's instruments that have traded.
  public var lastPrices: [InstrumentID: Price]
  /// How the shard's instruments trade; those that have been told nothing always trade.
  public var phases: [InstrumentID: InstrumentPhase]
  /// Auctions of the shard's instruments that are being executed.
  public var auctions: [InstrumentID: AuctionExecution]
  /// The instruments that are listed in the shard, whether or not they have traded.
  public var instruments: [InstrumentID]
  /// The branch of the database's history that it was read from.
  public var timeline: DatabaseTimeline

  /// Makes a state.
  public init(
    shard: Shard, processed: Sequence, orders: [OrderRecord], lastPrices: [InstrumentID: Price] = [:],
    phases: [InstrumentID: InstrumentPhase] = [:], auctions: [InstrumentID: AuctionExecution] = [:],
    instruments: [InstrumentID] = [], timeline: DatabaseTimeline = .unnamed
  ) {
    self.shard = shard
    self.processed = processed
    self.orders = orders
    self.lastPrices = lastPrices
    self.phases = phases
    self.auctions = auctions
    self.instruments = instruments
    self.timeline = timeline
  }
}
