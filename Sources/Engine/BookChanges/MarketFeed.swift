package import Accounting
package import Market

/// Turns what was settled of one shard into what everybody may see of it: trades, best prices, and the levels that differ
/// from what was told before.
///
/// Pure: the state is what has been told. Told for the first time, or when whole books are asked for, an instrument is told whole.
package struct MarketFeed: Sendable {
  private struct Published: Sendable {
    var sequence: Sequence
    var quote: Quote
    var sizes: [Level: Quantity]
  }

  private struct Level: Hashable {
    var side: Side
    var price: Price
  }

  private var published: [InstrumentID: Published] = [:]
  /// How instruments were said to trade.
  private var phases: [InstrumentID: InstrumentPhase] = [:]

  /// Begins with nothing told.
  package init() {}

  /// What a settlement changed; `engine` holds the books behind it.
  /// - Parameter at: The moment under which it was settled.
  package mutating func follow(_ settlement: Settlement, _ engine: ShardEngine, at: Timestamp) -> [MarketUpdate] {
    var touched: [InstrumentID: Set<Level>] = [:]
    for event in settlement.events where event.touchesBook {
      touched[event.instrument, default: []].insert(Level(side: event.side, price: event.price))
      let working = engine.workingPrice(event.price, event.side, in: event.instrument)
      if working != event.price { touched[event.instrument]!.insert(Level(side: event.side, price: working)) }
    }
    // Orders that are collected leave the book that is told, and come back, without events of their own.
    for update in settlement.phases {
      // A limit state changes nothing that is told here.
      var phase = update.phase
      phase.limit = nil
      guard phases.updateValue(phase, forKey: update.instrument) != phase else { continue }
      touched[update.instrument] = touched[update.instrument] ?? []
      published[update.instrument] = nil
    }
    // So do those that an auction has left.
    for update in settlement.auctions where update.auction == nil {
      touched[update.instrument] = touched[update.instrument] ?? []
      published[update.instrument] = nil
    }
    guard !touched.isEmpty else { return [] }
    let trades = Dictionary(grouping: settlement.trades, by: \.instrument)
    return touched.keys.sorted().compactMap { instrument in
      let prints = (trades[instrument] ?? []).map { TradePrint($0, at: at) }
      // Out of the table while it changes, so that its levels are not copied.
      guard let known = published.removeValue(forKey: instrument) else {
        return whole(instrument, engine, at: at, trades: prints)
      }
      return changes(of: instrument, known, touched[instrument]!, engine, at: at, trades: prints)
    }
  }

  /// Every book as it stands, whole.
  package mutating func books(_ engine: ShardEngine, at: Timestamp) -> [MarketUpdate] {
    engine.instruments.sorted().map { book($0, engine, at: at) }
  }

  /// The books of some instruments, whole.
  package mutating func books(of instruments: Set<InstrumentID>, _ engine: ShardEngine, at: Timestamp) -> [MarketUpdate]
  {
    engine.instruments.intersection(instruments).sorted().map { book($0, engine, at: at) }
  }

  /// A book that is empty and of which nothing was told here may never have been anything else: that is no new quote. It is told
  /// all the same, for another owner may have told of orders which have gone since.
  private mutating func book(_ instrument: InstrumentID, _ engine: ShardEngine, at: Timestamp) -> MarketUpdate {
    let isKnown = published[instrument] != nil
    var update = whole(instrument, engine, at: at, trades: [])
    if !isKnown, update.isEmptyBook {
      update.isQuoteNew = false
      // Nobody may have a state that changes could follow.
      published[instrument] = nil
    }
    return update
  }

  private mutating func whole(
    _ instrument: InstrumentID, _ engine: ShardEngine, at: Timestamp, trades: [TradePrint]
  ) -> MarketUpdate {
    let depth = engine.depth(instrument, at: at)
    let isQuoteNew = published[instrument].map { !$0.quote.shows(depth.quote) } ?? true
    let quote = isQuoteNew ? depth.quote : published[instrument]!.quote
    var state = Published(sequence: engine.cursor, quote: quote, sizes: [:])
    var changes: [MarketUpdate.Change] = []
    for side in Side.allCases {
      for level in depth[side] {
        state.sizes[Level(side: side, price: level.price)] = level.size
        changes.append(.init(side: side, level: level))
      }
    }
    published[instrument] = state
    return MarketUpdate(
      instrument: instrument, sequence: engine.cursor, previous: nil, at: at, trades: trades, quote: quote,
      isQuoteNew: isQuoteNew, changes: changes, checksum: depth.checksum)
  }

  private mutating func changes(
    of instrument: InstrumentID, _ known: consuming Published, _ touched: Set<Level>, _ engine: ShardEngine,
    at: Timestamp,
    trades: [TradePrint]
  ) -> MarketUpdate? {
    var state = known
    var changes: [MarketUpdate.Change] = []
    for level in touched.sorted(by: { ($0.side.rawValue, $0.price) < ($1.side.rawValue, $1.price) }) {
      let size = engine.size(instrument, level.side, at: level.price)
      guard size != state.sizes[level] ?? .zero else { continue }
      state.sizes[level] = size > .zero ? size : nil
      changes.append(.init(side: level.side, level: PriceLevelView(price: level.price, size: size)))
    }
    guard !changes.isEmpty || !trades.isEmpty else {
      published[instrument] = state
      return nil
    }
    let bids = engine.levels(instrument, .buy, limit: DepthChecksum.levels)
    let asks = engine.levels(instrument, .sell, limit: DepthChecksum.levels)
    var quote = Quote(at: at, sequence: engine.cursor, bid: bids.first, ask: asks.first)
    let isQuoteNew = !quote.shows(state.quote)
    if !isQuoteNew { quote = state.quote }
    let previous = state.sequence
    (state.sequence, state.quote) = (engine.cursor, quote)
    published[instrument] = state
    return MarketUpdate(
      instrument: instrument, sequence: engine.cursor, previous: previous, at: at, trades: trades, quote: quote,
      isQuoteNew: isQuoteNew, changes: changes, checksum: DepthChecksum.of(bids: bids, asks: asks))
  }
}

extension OrderEvent {
  /// Whether the level of its price may have changed.
  fileprivate var touchesBook: Bool {
    switch kind {
    case .new, .partialFill, .fill, .canceled, .replaced, .expired, .triggered: return true
    case .rejected, .cancelRejected, .replaceRejected, .held, .reduced: return false
    }
  }
}

extension TradePrint {
  fileprivate init(_ trade: Trade, at: Timestamp) {
    self.init(
      at: at, sequence: trade.sequence, ordinal: trade.ordinal, price: trade.price, size: trade.quantity,
      taker: trade.taker)
  }
}
