public import Market

/// Carries market data from the owners of shards to whoever shows them, and keeps the latest state of each instrument. What
/// it loses is made up for by whole books; the truth is in the ledger.
public protocol MarketStream: Sendable {
  /// Publishes what happened in shards, for each instrument in order.
  /// - Returns: Instruments that the stream knows in another state than the updates begin with: they need whole books.
  func publish(_ updates: [Shard: [MarketUpdate]]) async throws(StreamError) -> Set<InstrumentID>

  /// Says that the shards' states are kept up to date by the owners with these nonces; to be said again within a few seconds.
  /// - Returns: Shards of which that was not known: what is kept there may be old or nothing.
  func renew(_ owners: [Shard: UInt64]) async throws(StreamError) -> Set<Shard>
}

/// Keeps the history of quotes.
public protocol QuoteArchive: Sendable {
  /// Keeps quotes; those that are there already are left alone.
  func record(_ quotes: [InstrumentQuote]) async throws(StoreError)
}

/// A quote and whose it is.
public struct InstrumentQuote: Hashable, Sendable {
  /// Which instrument's.
  public var instrument: InstrumentID
  /// The quote.
  public var quote: Quote

  /// Makes a pair.
  public init(instrument: InstrumentID, quote: Quote) {
    self.instrument = instrument
    self.quote = quote
  }
}

/// What is kept of instruments outside the ledger, and how it goes on.
public protocol MarketStateReader: Sendable {
  /// The latest quotes of instruments; those whose state is not kept up to date are left out.
  func quotes(of instruments: [Instrument]) async throws(StreamError) -> [InstrumentID: Quote]

  /// The book of an instrument; nil when it is not kept up to date.
  func depth(of instrument: Instrument) async throws(StreamError) -> MarketDepth?

  /// What has been published since, oldest first.
  /// - Parameter positions: Where the reader stands in each shard's stream; nil for its end.
  func updates(after positions: [Shard: StreamPosition?]) async throws(StreamError) -> [Shard: MarketStretch]
}

/// A piece of a shard's stream of market data.
public struct MarketStretch: Sendable {
  /// Where it ends.
  public var position: StreamPosition
  /// Updates by symbol, in order.
  public var updates: [SymbolUpdate]
  /// Whether it does not follow the last one: the stream has been wiped.
  public var isBroken: Bool

  /// Makes a stretch.
  public init(position: StreamPosition, updates: [SymbolUpdate] = [], isBroken: Bool = false) {
    self.position = position
    self.updates = updates
    self.isBroken = isBroken
  }
}

/// An update and the symbol that it came under.
public struct SymbolUpdate: Hashable, Sendable {
  /// The instrument's symbol.
  public var symbol: Symbol
  /// The update.
  public var update: MarketUpdate

  /// Makes a pair.
  public init(symbol: Symbol, update: MarketUpdate) {
    self.symbol = symbol
    self.update = update
  }
}
