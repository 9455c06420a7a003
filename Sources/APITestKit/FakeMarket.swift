package import ClientKit
internal import TradingAPI
package import Lifecycle
package import Market
package import Ports

/// Histories and books in memory, answered by obvious rules.
package final class FakeMarket: MarketDataReader, MarketStateReader {
  package struct State {
    package var trades: [InstrumentID: [TradePrint]] = [:]
    package var quotes: [InstrumentID: [Quote]] = [:]
    package var auctions: [InstrumentID: [DailyAuctions]] = [:]
    package var depths: [InstrumentID: MarketDepth] = [:]
    package var calls: [InstrumentID: MarketCall] = [:]
    package var statuses: [InstrumentID: TradingStatus] = [:]
    /// What is kept outside the ledger; nil when that is away.
    package var kept: [InstrumentID: MarketDepth]? = [:]
    package var failure: StoreError?
    /// What the shards' streams carry, one behind the other; positions count it.
    package var published: [SymbolUpdate] = []
    /// Whether somebody has taken a place in the streams.
    package var isFollowed = false
  }

  package let state = Lock(State())

  /// Nothing is in it.
  package init() {}
  package var sources: MarketSources { MarketSources(reader: self, state: self) }

  private func reading<Value: Sendable>(_ body: (State) -> Value) throws(StoreError) -> Value {
    try state.withLock { (state) throws(StoreError) in
      if let failure = state.failure { throw failure }
      return body(state)
    }
  }

  private func page<Row>(
    _ instruments: [InstrumentID], _ span: MarketSpan, cursor: (Row) -> MarketCursor, _ rows: (InstrumentID) -> [Row]
  ) -> MarketPage<Row> {
    var page = MarketPage<Row>()
    var left = span.limit
    for (index, instrument) in instruments.enumerated() {
      var found = rows(instrument).filter { span.start <= cursor($0).at && cursor($0).at <= span.end }
      if !span.ascending { found.reverse() }
      if index == 0, let after = span.after {
        found = found.filter { span.ascending ? cursor($0) > after : cursor($0) < after }
      }
      page.hasMore = page.hasMore || found.count > left
      if left > 0, !found.isEmpty { page.parts.append(.init(instrument: instrument, rows: Array(found.prefix(left)))) }
      left -= min(left, found.count)
    }
    return page
  }

  package func trades(
    of instruments: [InstrumentID], _ span: MarketSpan
  ) async throws(StoreError) -> MarketPage<TradePrint> {
    try reading { state in page(instruments, span, cursor: \.cursor) { state.trades[$0] ?? [] } }
  }

  package func quotes(of instruments: [InstrumentID], _ span: MarketSpan) async throws(StoreError) -> MarketPage<Quote>
  {
    try reading { state in page(instruments, span, cursor: \.cursor) { state.quotes[$0] ?? [] } }
  }

  package func auctions(
    of instruments: [InstrumentID], _ span: MarketSpan
  ) async throws(StoreError) -> MarketPage<DailyAuctions> {
    try reading { state in page(instruments, span, cursor: \.cursor) { state.auctions[$0] ?? [] } }
  }

  package func bars(
    of instruments: [InstrumentID], _ span: MarketSpan, frame: BarFrame
  ) async throws(StoreError) -> MarketPage<Bar> {
    try reading { state in page(instruments, span, cursor: \.cursor) { Self.bars(state.trades[$0] ?? [], frame) } }
  }

  package func latestTrades(of instruments: [InstrumentID]) async throws(StoreError) -> [InstrumentID: TradePrint] {
    try reading { state in state.trades.filter { instruments.contains($0.key) }.compactMapValues(\.last) }
  }

  package func latestBars(of instruments: [InstrumentID]) async throws(StoreError) -> [InstrumentID: Bar] {
    try reading { state in
      state.trades.filter { instruments.contains($0.key) }.compactMapValues { Self.bars($0, .minutes(1)).last }
    }
  }

  package func minuteBars(
    at minute: Timestamp, of instruments: [InstrumentID]?
  ) async throws(StoreError) -> [InstrumentID: Bar] {
    try reading { state in
      state.trades.filter { instruments?.contains($0.key) ?? true }
        .compactMapValues { Self.bars($0, .minutes(1)).first { $0.start == minute } }
    }
  }

  package func calls(of instruments: [InstrumentID]) async throws(StoreError) -> [InstrumentID: MarketCall] {
    try reading { state in state.calls.filter { instruments.contains($0.key) } }
  }

  package func statuses(of instruments: [InstrumentID]?) async throws(StoreError) -> [InstrumentID: TradingStatus] {
    try reading { state in state.statuses.filter { instruments?.contains($0.key) ?? true } }
  }

  package func depths(of instruments: [InstrumentID]) async throws(StoreError) -> [InstrumentID: MarketDepth] {
    try reading { state in
      Dictionary(
        uniqueKeysWithValues: instruments.map {
          ($0, state.depths[$0] ?? MarketDepth(sequence: .zero, at: Timestamp(rawValue: 0)))
        })
    }
  }

  // MARK: What is kept outside the ledger

  private func kept() throws(StreamError) -> [InstrumentID: MarketDepth] {
    guard let kept = state.withLock({ $0.kept }) else { throw StreamError(reason: "away") }
    return kept
  }

  package func quotes(of instruments: [Instrument]) async throws(StreamError) -> [InstrumentID: Quote] {
    try kept().filter { entry in instruments.contains { $0.id == entry.key } }.mapValues(\.quote)
  }

  package func depth(of instrument: Instrument) async throws(StreamError) -> MarketDepth? { try kept()[instrument.id] }

  package func updates(after positions: [Shard: StreamPosition?]) async throws(StreamError) -> [Shard: MarketStretch] {
    _ = try kept()
    return state.withLock { state in
      state.isFollowed = true
      let end = StreamPosition(milliseconds: 1, counter: UInt64(state.published.count))
      return positions.compactMapValues { position in
        guard let position else { return MarketStretch(position: end) }
        guard position < end else { return nil }
        return MarketStretch(position: end, updates: Array(state.published[Int(position.counter)...]))
      }
    }
  }

  package static func bars(_ trades: [TradePrint], _ frame: BarFrame) -> [Bar] {
    Dictionary(grouping: trades) { frame.start(of: $0.at) }.sorted { $0.key < $1.key }.map { start, trades in
      let volume = trades.reduce(Int64(0)) { $0 + $1.size.rawValue }
      let value = trades.reduce(Int64(0)) { $0 + $1.size.rawValue * $1.price.rawValue }
      return Bar(
        start: start, open: trades.first!.price, high: trades.map(\.price).max()!, low: trades.map(\.price).min()!,
        close: trades.last!.price, volume: Quantity(rawValue: volume), meanMicrodollars: value * 100 / volume,
        trades: Int64(trades.count))
    }
  }
}
