public import Market

/// Answers questions about trades, quotes, bars and books from what is committed.
public protocol MarketDataReader: Sendable {
  /// Trades of instruments, one instrument after the other.
  func trades(of instruments: [InstrumentID], _ span: MarketSpan) async throws(StoreError) -> MarketPage<TradePrint>

  /// Changes of the best bid and ask that were kept, one instrument after the other.
  func quotes(of instruments: [InstrumentID], _ span: MarketSpan) async throws(StoreError) -> MarketPage<Quote>

  /// Bars of instruments that begin in a span, each of all its trades, one instrument after the other.
  func bars(
    of instruments: [InstrumentID], _ span: MarketSpan, frame: BarFrame
  ) async throws(StoreError) -> MarketPage<Bar>

  /// What auctions traded in a span, by trading days, one instrument after the other; an earlier page ended with the day of
  /// its cursor.
  func auctions(of instruments: [InstrumentID], _ span: MarketSpan) async throws(StoreError) -> MarketPage<
    DailyAuctions
  >

  /// The latest trade of each instrument that traded.
  func latestTrades(of instruments: [InstrumentID]) async throws(StoreError) -> [InstrumentID: TradePrint]

  /// The latest bar of a minute of each instrument that traded.
  func latestBars(of instruments: [InstrumentID]) async throws(StoreError) -> [InstrumentID: Bar]

  /// The bars of one minute of those instruments that traded in it; of all when `instruments` is nil.
  func minuteBars(at minute: Timestamp, of instruments: [InstrumentID]?) async throws(StoreError) -> [InstrumentID:
    Bar]

  /// The books of instruments by their open orders; also of those without orders.
  func depths(of instruments: [InstrumentID]) async throws(StoreError) -> [InstrumentID: MarketDepth]

  /// What the next auctions of instruments would be held with.
  func calls(of instruments: [InstrumentID]) async throws(StoreError) -> [InstrumentID: MarketCall]

  /// How instruments trade; of all when `instruments` is nil.
  func statuses(of instruments: [InstrumentID]?) async throws(StoreError) -> [InstrumentID: TradingStatus]
}

/// A part of the history of instruments.
public struct MarketSpan: Hashable, Sendable {
  /// The earliest moment.
  public var start: Timestamp
  /// The latest moment, which belongs to the span.
  public var end: Timestamp
  /// Earliest first, or latest first.
  public var ascending: Bool
  /// Most rows over all instruments together.
  public var limit: Int
  /// Where an earlier page ended, in the first of the instruments.
  public var after: MarketCursor?

  /// Makes a span.
  public init(start: Timestamp, end: Timestamp, ascending: Bool = true, limit: Int, after: MarketCursor? = nil) {
    self.start = start
    self.end = end
    self.ascending = ascending
    self.limit = limit
    self.after = after
  }
}

/// Rows of one instrument after the other.
public struct MarketPage<Row: Hashable & Sendable>: Hashable, Sendable {
  /// The rows of one instrument.
  public struct Part: Hashable, Sendable {
    /// The instrument in question.
    public var instrument: InstrumentID
    /// In the order that was asked for; at least one.
    public var rows: [Row]

    /// Makes a part.
    public init(instrument: InstrumentID, rows: [Row]) {
      self.instrument = instrument
      self.rows = rows
    }
  }

  /// Instruments with rows.
  public var parts: [Part]
  /// Whether more rows follow.
  public var hasMore: Bool

  /// Makes a page.
  public init(parts: [Part] = [], hasMore: Bool = false) {
    self.parts = parts
    self.hasMore = hasMore
  }
}
