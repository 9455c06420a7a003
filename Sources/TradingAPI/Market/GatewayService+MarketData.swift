internal import APIKit
internal import ClientKit
internal import HTTP
internal import JSON
internal import Market
internal import Ports
internal import Services

/// What histories and latest values there are.
enum MarketRows: String, Hashable, CaseIterable, Sendable {
  case trades
  case quotes
  case bars
}

extension GatewayService {
  /// Where market data comes from.
  /// - Throws: ``APIError/noEndpoint`` when there is none.
  private func sources() throws(APIError) -> MarketSources {
    guard let market else { throw .noEndpoint }
    return market
  }

  // MARK: Histories

  /// `GET /v2/stocks/{kind}` and `GET /v2/stocks/{symbol}/{kind}`
  static func history(of kind: MarketRows) -> Endpoint.Handler {
    { gateway in { (request) async throws(APIError) in try await gateway.showHistory(of: kind, request) } }
  }

  private func showHistory(of kind: MarketRows, _ request: EndpointRequest) async throws(APIError) -> HTTPResponse {
    let (market, symbol, parameters) = try ask(request)
    let (instruments, asked) = try await page(of: symbol, parameters)
    let ids = instruments.map(\.id)
    switch kind {
    case .trades:
      let page = try await reading { [asked] () async throws(StoreError) in
        try await market.reader.trades(of: ids, asked)
      }
      return history("trades", symbol, page, instruments, cursor: \.cursor) {
        $0.trade($1, tape: MarketLetters.tape(of: $2))
      }
    case .quotes:
      let page = try await reading { [asked] () async throws(StoreError) in
        try await market.reader.quotes(of: ids, asked)
      }
      return history("quotes", symbol, page, instruments, cursor: \.cursor) {
        $0.quote($1, tape: MarketLetters.tape(of: $2))
      }
    case .bars:
      let frame = try parameters.frame()
      let page = try await reading { [asked] () async throws(StoreError) in
        try await market.reader.bars(of: ids, asked, frame: frame)
      }
      return history("bars", symbol, page, instruments, cursor: \.cursor) { writer, bar, _ in writer.bar(bar) }
    }
  }

  /// `GET /v2/stocks/auctions` and `GET /v2/stocks/{symbol}/auctions`: a row is a trading day.
  func showAuctions(_ request: EndpointRequest) async throws(APIError) -> HTTPResponse {
    let (market, symbol, parameters) = try ask(request)
    let (instruments, asked) = try await page(of: symbol, parameters)
    let page = try await reading { () async throws(StoreError) in
      try await market.reader.auctions(of: instruments.map(\.id), asked)
    }
    return history("auctions", symbol, page, instruments, cursor: \.cursor) { writer, day, _ in writer.auctions(day) }
  }

  /// The instruments and the part of their histories that a page is asked of.
  private func page(
    of symbol: String?, _ parameters: MarketParameters
  ) async throws(APIError) -> (instruments: [Instrument], span: MarketSpan) {
    var instruments = try await instruments(symbol, parameters)
    let (span, token) = try parameters.span(now: now())
    if let token { instruments = instruments.filter { $0.symbol.description >= token.symbol } }
    // The place goes with its symbol: when that has gone, the next one is read from its beginning.
    var asked = span
    if token?.symbol != instruments.first?.symbol.description { asked.after = nil }
    return (instruments, asked)
  }

  /// A page: rows under the symbols that have some; of a symbol in the path the list alone.
  private func history<Row>(
    _ name: StaticString, _ single: String?, _ page: MarketPage<Row>, _ instruments: [Instrument],
    cursor: (Row) -> MarketCursor, write: (inout JSONWriter, Row, Instrument) -> Void
  ) -> HTTPResponse {
    let byNumber = Dictionary(instruments.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    var writer = JSONWriter(capacity: 256 + 140 * page.parts.reduce(0) { $0 + $1.rows.count })
    writer.beginObject()
    if let single {
      writer.key("symbol")
      writer.string(single)
    }
    writer.key(name)
    if single == nil { writer.beginObject() }
    if single != nil, page.parts.isEmpty { writer.list(0) { _ in } }
    for part in page.parts {
      guard let instrument = byNumber[part.instrument] else { continue }
      if single == nil { writer.key(dynamic: instrument.symbol.description) }
      writer.list(part.rows.count) { writer in
        for row in part.rows { write(&writer, row, instrument) }
      }
    }
    if single == nil { writer.endObject() }
    writer.key("next_page_token")
    if page.hasMore, let last = page.parts.last, let row = last.rows.last, let instrument = byNumber[last.instrument] {
      writer.string(MarketPageToken(symbol: instrument.symbol.description, cursor: cursor(row)).text)
    } else {
      writer.null()
    }
    writer.endObject()
    return .json(200, writer)
  }

  // MARK: Latest values

  /// `GET /v2/stocks/{kind}/latest` and `GET /v2/stocks/{symbol}/{kind}/latest`
  static func latest(of kind: MarketRows) -> Endpoint.Handler {
    { gateway in { (request) async throws(APIError) in try await gateway.showLatest(of: kind, request) } }
  }

  private func showLatest(of kind: MarketRows, _ request: EndpointRequest) async throws(APIError) -> HTTPResponse {
    let (market, symbol, parameters) = try ask(request)
    let instruments = try await instruments(symbol, parameters)
    let ids = instruments.map(\.id)
    switch kind {
    case .trades:
      let latest = try await reading { () async throws(StoreError) in try await market.reader.latestTrades(of: ids) }
      return Self.latest("trades", "trade", symbol, instruments) {
        latest[$0.id]
      } write: {
        $0.trade($1, tape: MarketLetters.tape(of: $2))
      }
    case .quotes:
      let latest = try await latestQuotes(of: instruments, market)
      return Self.latest("quotes", "quote", symbol, instruments) {
        latest[$0.id]
      } write: {
        $0.quote($1, tape: MarketLetters.tape(of: $2))
      }
    case .bars:
      let latest = try await reading { () async throws(StoreError) in try await market.reader.latestBars(of: ids) }
      return Self.latest("bars", "bar", symbol, instruments) {
        latest[$0.id]
      } write: { writer, bar, _ in
        writer.bar(bar)
      }
    }
  }

  private static func latest<Row>(
    _ plural: StaticString, _ singular: StaticString, _ single: String?, _ instruments: [Instrument],
    _ find: (Instrument) -> Row?, write: (inout JSONWriter, Row, Instrument) -> Void
  ) -> HTTPResponse {
    var writer = JSONWriter(capacity: 256 + 160 * instruments.count)
    writer.beginObject()
    if let single {
      writer.key("symbol")
      writer.string(single)
      writer.key(singular)
      if let instrument = instruments.first, let row = find(instrument) {
        write(&writer, row, instrument)
      } else {
        writer.null()
      }
    } else {
      writer.key(plural)
      writer.beginObject()
      for instrument in instruments {
        guard let row = find(instrument) else { continue }
        writer.key(dynamic: instrument.symbol.description)
        write(&writer, row, instrument)
      }
      writer.endObject()
    }
    writer.endObject()
    return .json(200, writer)
  }

  /// From where the workers keep them; what is not kept there is made of the open orders.
  private func latestQuotes(
    of instruments: [Instrument], _ market: MarketSources
  ) async throws(APIError) -> [InstrumentID: Quote] {
    var quotes: [InstrumentID: Quote] = [:]
    if let state = market.state,
      let kept = await troubles.attempt(
        .marketStream, { () async throws(StreamError) in try await state.quotes(of: instruments) })
    {
      quotes = kept
    }
    let missing = instruments.map(\.id).filter { quotes[$0] == nil }
    guard !missing.isEmpty else { return quotes }
    let depths = try await reading { () async throws(StoreError) in try await market.reader.depths(of: missing) }
    return quotes.merging(depths.mapValues(\.quote)) { kept, _ in kept }
  }

  /// `GET /v2/stocks/snapshots` and `GET /v2/stocks/{symbol}/snapshot`
  func showSnapshots(_ request: EndpointRequest) async throws(APIError) -> HTTPResponse {
    let (market, symbol, parameters) = try ask(request)
    let instruments = try await instruments(symbol, parameters)
    let ids = instruments.map(\.id)
    let trades = try await reading { () async throws(StoreError) in try await market.reader.latestTrades(of: ids) }
    let minutes = try await reading { () async throws(StoreError) in try await market.reader.latestBars(of: ids) }
    let quotes = try await latestQuotes(of: instruments, market)
    let now = now()
    var days: [InstrumentID: [Bar]] = [:]
    // Only what has traded has days; the last one and the one before it.
    for id in ids where trades[id] != nil {
      let span = MarketSpan(start: Timestamp(rawValue: 0), end: now, ascending: false, limit: 2)
      let page = try await reading { () async throws(StoreError) in
        try await market.reader.bars(of: [id], span, frame: .day)
      }
      days[id] = page.parts.first?.rows
    }
    var writer = JSONWriter(capacity: 256 + 800 * instruments.count)
    writer.beginObject()
    if let symbol {
      writer.key("symbol")
      writer.string(symbol)
    }
    for instrument in instruments {
      let id = instrument.id
      if symbol == nil {
        writer.key(dynamic: instrument.symbol.description)
        writer.beginObject()
      }
      let tape = MarketLetters.tape(of: instrument)
      writer.member("latestTrade", trades[id]) { $0.trade($1, tape: tape) }
      writer.member("latestQuote", quotes[id]) { $0.quote($1, tape: tape) }
      writer.member("minuteBar", minutes[id]) { $0.bar($1) }
      writer.member("dailyBar", days[id]?.first) { $0.bar($1) }
      writer.member("prevDailyBar", days[id]?.dropFirst().first) { $0.bar($1) }
      if symbol == nil { writer.endObject() }
    }
    writer.endObject()
    return .json(200, writer)
  }

  // MARK: Books

  /// `GET /v2/stocks/{symbol}/depth`
  func showDepth(_ request: EndpointRequest) async throws(APIError) -> HTTPResponse {
    let market = try sources()
    let symbol = request["symbol"]
    let levels = try MarketParameters(request.query).levels() ?? .max
    let depth = try await depth(of: symbol, market)
    var writer = JSONWriter(capacity: 4096)
    writer.map(6) { writer in
      writer.key("symbol")
      writer.text(symbol)
      writer.depthMembers(depth, levels: levels)
    }
    return .json(200, writer)
  }

  /// `GET /v2/stocks/{symbol}/orderbook`: the same in the form of an order book for cryptocurrencies, which clients know.
  func showOrderBook(_ request: EndpointRequest) async throws(APIError) -> HTTPResponse {
    let market = try sources()
    let symbol = request["symbol"]
    let levels = try MarketParameters(request.query).levels() ?? .max
    let depth = try await depth(of: symbol, market)
    var writer = JSONWriter(capacity: 4096)
    writer.map(2) { writer in
      writer.key("symbol")
      writer.text(symbol)
      writer.key("orderbook")
      writer.map(3) { writer in
        writer.key("t")
        writer.moment(depth.at)
        writer.key("b")
        writer.levels(depth.bids.prefix(levels))
        writer.key("a")
        writer.levels(depth.asks.prefix(levels))
      }
    }
    return .json(200, writer)
  }

  /// `GET /v2/stocks/{symbol}/indication`
  func showIndication(_ request: EndpointRequest) async throws(APIError) -> HTTPResponse {
    let market = try sources()
    let symbol = request["symbol"]
    let instrument = try await instrument(of: symbol)
    let calls = try await reading { () async throws(StoreError) in try await market.reader.calls(of: [instrument.id]) }
    guard let call = calls[instrument.id] else { throw .assetNotFound(symbol) }
    var writer = JSONWriter(capacity: 256)
    writer.indication(call, of: instrument)
    return .json(200, writer)
  }

  /// `GET /v2/stocks/{symbol}/status`
  func showStatus(_ request: EndpointRequest) async throws(APIError) -> HTTPResponse {
    let market = try sources()
    let symbol = request["symbol"]
    let instrument = try await instrument(of: symbol)
    let statuses = try await reading { () async throws(StoreError) in
      try await market.reader.statuses(of: [instrument.id])
    }
    guard let status = statuses[instrument.id] else { throw .assetNotFound(symbol) }
    var writer = JSONWriter(capacity: 512)
    writer.tradingStatus(status, of: instrument)
    return .json(200, writer)
  }

  private func instrument(of symbol: String) async throws(APIError) -> Instrument {
    let name = try MarketParameters.symbol(symbol).description
    let now = now()
    let instrument = try await reading { () async throws(StoreError) in
      try await directory.instrument(named: name, now: now)
    }
    guard let instrument else { throw .assetNotFound(name) }
    return instrument
  }

  private func depth(of symbol: String, _ market: MarketSources) async throws(APIError) -> MarketDepth {
    let instrument = try await instrument(of: symbol)
    if let depth = await market.publishedDepth(of: instrument, troubles) { return depth }
    let depths = try await reading { () async throws(StoreError) in
      try await market.reader.depths(of: [instrument.id])
    }
    guard let depth = depths[instrument.id] else { throw .assetNotFound(symbol) }
    return depth
  }

  // MARK: Symbols and words

  /// What a request asks of several symbols, or of the one in its path.
  private func ask(
    _ request: EndpointRequest
  ) throws(APIError) -> (market: MarketSources, symbol: String?, parameters: MarketParameters) {
    (try sources(), request.value("symbol"), try MarketParameters(request.query))
  }

  /// The instrument in the path, or those in the query, by symbol. What nobody trades has no data and is no error.
  private func instruments(_ symbol: String?, _ parameters: MarketParameters) async throws(APIError) -> [Instrument] {
    let symbols: [Symbol]
    if let symbol { symbols = [try MarketParameters.symbol(symbol)] } else { symbols = try parameters.symbols() }
    let now = now()
    let table = try await reading { () async throws(StoreError) in
      try await directory.table(now: now) { table in symbols.allSatisfy { table.named($0.description) != nil } }
    }
    return symbols.compactMap { table.named($0.description) }
  }

  /// `GET /v2/stocks/meta/conditions/{tick_type}`: what the letters of conditions mean.
  func showConditions(_ request: EndpointRequest) throws(APIError) -> HTTPResponse {
    _ = try sources()
    _ = try QueryValues(request.query).word("tape") { ["A", "B", "C", "O", "N"].contains($0) ? $0 : nil }
    switch request["tick_type"] {
    case "trade":
      return Self.words([
        (MarketLetters.regularTrade, "Regular Sale"), (MarketLetters.opening, "Market Center Opening Trade"),
        (MarketLetters.closing, "Market Center Closing Trade"),
      ])
    case "quote": return Self.words([(MarketLetters.regularQuote, "Regular Two Sided Open")])
    default: throw .noEndpoint
    }
  }

  /// `GET /v2/stocks/meta/exchanges`: what the letters of exchanges mean.
  func showExchanges(_ request: EndpointRequest) throws(APIError) -> HTTPResponse {
    _ = try sources()
    return Self.words([(MarketLetters.exchange, "Buttonwood")])
  }

  private static func words(_ words: [(String, String)]) -> HTTPResponse {
    var writer = JSONWriter(capacity: 64)
    writer.beginObject()
    for (letter, meaning) in words {
      writer.key(dynamic: letter)
      writer.string(meaning)
    }
    writer.endObject()
    return .json(200, writer)
  }
}

extension JSONWriter {
  /// A member, or nothing where there is no value: clients take none for null.
  fileprivate mutating func member<Value>(
    _ name: StaticString, _ value: Value?, _ write: (inout JSONWriter, Value) -> Void
  ) {
    guard let value else { return }
    key(name)
    write(&self, value)
  }
}
