import Accounting
import Market
import Ports
import Postgres
import PostgresAudit
import PostgresStore
import Services
import Testing

/// Histories from a real database, compared with what naive code makes of the same trades.
struct MarketDataReaderTests {
  private struct Row {
    var instrument: Int32
    var print: TradePrint
  }

  /// Days around both changes of New York's clocks and the turn of a year.
  private static let days = ["2025-11-01", "2025-12-30", "2026-03-06"].flatMap { text in
    (0..<4).map { Day(text)!.advanced(by: Int32($0)) }
  }

  private let url: String
  private let reader: PostgresMarketDataReader

  init() throws {
    url = try StoreDatabase.make()
    reader = PostgresMarketDataReader(pool: PostgresPool([StoreDatabase.session(url), StoreDatabase.session(url)]))
  }

  /// Random trades, written as settlements write them: a statement for the trades of a moment.
  private func fill(seed: UInt64) throws -> [Row] {
    var numbers = SeededNumbers(seed: seed)
    var connection = try PostgresConnection(PostgresOptions(url: url, applicationName: "tests"))
    var rows: [Row] = []
    var sequence: Int64 = 0
    for day in Self.days {
      try connection.execute("SELECT ensure_partitions('\(day)', 1); SELECT ensure_market_day('\(day)')")
      let leaf = "trades_" + day.description.filter { $0 != "-" }
      let seconds = (0..<60).map { _ in Int64.random(in: 0..<86_400, using: &numbers) }.sorted()
      for second in seconds {
        let at = day.start.advanced(
          byMicroseconds: second * 1_000_000 + Int64.random(in: 0..<1_000_000, using: &numbers))
        let batch = (0..<Int.random(in: 1...4, using: &numbers)).map { _ in
          sequence += 1
          return Row(
            instrument: [1, 2, 4].randomElement(using: &numbers)!,
            print: TradePrint(
              at: at, sequence: Sequence(rawValue: sequence), ordinal: 2 * Int32.random(in: 0...3, using: &numbers),
              price: Price(rawValue: Int64.random(in: 900_000...1_100_000, using: &numbers)),
              size: Quantity(rawValue: Int64.random(in: 1...999, using: &numbers)),
              taker: Bool.random(using: &numbers) ? .buy : .sell))
        }
        // Rows of one statement in any order, into a day's table or the whole: first and last are those of the log.
        let table = Bool.random(using: &numbers) ? "trades" : leaf
        let values = batch.shuffled(using: &numbers).map(Self.values)
        try connection.execute(
          "INSERT INTO \(table) VALUES \(values.joined(separator: ","))"
        )
        rows += batch
      }
    }
    for instrument in Set(rows.map(\.instrument)) {
      let last = rows.last { $0.instrument == instrument }!.print
      try connection.execute("INSERT INTO last_prices VALUES (\(instrument), \(last.price.rawValue), '\(last.at)')")
    }
    return rows
  }

  private static func values(_ row: Row) -> String {
    let trade = row.print
    return """
      (0, \(trade.taker.rawValue), \(trade.ordinal), \(trade.sequence), \(row.instrument), gen_random_uuid(), 1,
      gen_random_uuid(), 2, \(trade.price.rawValue), \(trade.size.rawValue), '\(trade.at)')
      """
  }

  /// Bars by going over all trades in order.
  private static func naive(_ trades: [TradePrint], _ frame: BarFrame) -> [Bar] {
    let groups = Dictionary(grouping: trades) { frame.start(of: $0.at) }
    return groups.sorted { $0.key < $1.key }.map { start, trades in
      let volume = trades.reduce(Int64(0)) { $0 + $1.size.rawValue }
      let value = trades.reduce(Int64(0)) { $0 + $1.size.rawValue * $1.price.rawValue }
      return Bar(
        start: start, open: trades.first!.price, high: trades.map(\.price).max()!, low: trades.map(\.price).min()!,
        close: trades.last!.price, volume: Quantity(rawValue: volume),
        meanMicrodollars: (value * 200 + volume) / (2 * volume), trades: Int64(trades.count))
    }
  }

  private static func spans(_ numbers: inout SeededNumbers) -> (Timestamp, Timestamp) {
    guard Int.random(in: 0..<3, using: &numbers) > 0 else {
      return (Timestamp("1970-01-01")!, Timestamp("2100-01-01")!)
    }
    let range = Timestamp("2025-11-01")!.rawValue...Timestamp("2026-03-11")!.rawValue
    let ends = [Int64.random(in: range, using: &numbers), Int64.random(in: range, using: &numbers)].sorted()
    return (Timestamp(rawValue: ends[0]), Timestamp(rawValue: ends[1]))
  }

  /// All pages of a history, one after the other.
  private static func pages<Row>(
    _ instruments: [InstrumentID], _ span: MarketSpan, cursor: (Row) -> MarketCursor,
    _ read: ([InstrumentID], MarketSpan) async throws(StoreError) -> MarketPage<Row>
  ) async throws(StoreError) -> [InstrumentID: [Row]] {
    var found: [InstrumentID: [Row]] = [:]
    var (rest, span) = (instruments, span)
    while true {
      let page = try await read(rest, span)
      let count = page.parts.reduce(0) { $0 + $1.rows.count }
      #expect(page.hasMore ? count == span.limit : count <= span.limit)
      for part in page.parts { found[part.instrument, default: []] += part.rows }
      guard page.hasMore, let last = page.parts.last else { return found }
      rest = Array(rest.drop { $0 != last.instrument })
      span.after = cursor(last.rows.last!)
    }
  }

  @Test(arguments: 1...3 as ClosedRange<UInt64>) func barsAreWhatTradesSay(seed: UInt64) async throws {
    let rows = try fill(seed: seed)
    var numbers = SeededNumbers(seed: seed)
    let instruments = (1...5 as ClosedRange<Int32>).map { InstrumentID(rawValue: $0) }
    let frames: [BarFrame] = [
      .minutes(1), .minutes(7), .minutes(60), .minutes(5 * 60), .minutes(23 * 60), .day, .week, .months(1), .months(3),
    ]
    for round in 0..<60 {
      let frame = frames[round % frames.count]
      let (start, end) = Self.spans(&numbers)
      let isAscending = Bool.random(using: &numbers)
      let span = MarketSpan(
        start: start, end: end, ascending: isAscending, limit: [1, 3, 50, 10_000].randomElement(using: &numbers)!)
      // Pages of one are long in coming: some of the history will do.
      guard span.limit > 3 || frame != .minutes(1) else { continue }
      let found = try await Self.pages(instruments, span, cursor: \.cursor) { (instruments, span) throws(StoreError) in
        try await reader.bars(of: instruments, span, frame: frame)
      }
      for instrument in instruments {
        let trades = rows.filter { $0.instrument == instrument.rawValue }.map(\.print)
        let bars = Self.naive(trades, frame).filter { start <= $0.start && $0.start <= end }
        #expect(
          found[instrument] ?? [] == (isAscending ? bars : bars.reversed()),
          "seed \(seed), \(frame) of \(instrument) from \(start) to \(end) by \(span.limit)")
      }
    }
    let report = try await AuditTests.audit(url)
    #expect(report.results.first { $0.id == "B6" }?.violations == 0)
  }

  @Test(arguments: 1...3 as ClosedRange<UInt64>) func pagesBringEveryTradeOnce(seed: UInt64) async throws {
    let rows = try fill(seed: seed)
    var numbers = SeededNumbers(seed: seed)
    for _ in 0..<12 {
      let (start, end) = Self.spans(&numbers)
      let isAscending = Bool.random(using: &numbers)
      let span = MarketSpan(
        start: start, end: end, ascending: isAscending, limit: [7, 90, 10_000].randomElement(using: &numbers)!)
      let instruments = [4, 3, 1].map { InstrumentID(rawValue: $0) }
      let found = try await Self.pages(instruments, span, cursor: \.cursor) { (instruments, span) throws(StoreError) in
        try await reader.trades(of: instruments, span)
      }
      for instrument in instruments {
        let trades = rows.filter { $0.instrument == instrument.rawValue && start <= $0.print.at && $0.print.at <= end }
          .map(\.print)
        #expect(found[instrument] ?? [] == (isAscending ? trades : trades.reversed()), "seed \(seed), \(span)")
      }
    }
    let latest = try await reader.latestTrades(of: [1, 2, 3].map { InstrumentID(rawValue: $0) })
    #expect(latest[InstrumentID(rawValue: 1)] == rows.last { $0.instrument == 1 }?.print)
    #expect(latest[InstrumentID(rawValue: 3)] == nil)
    let bars = try await reader.latestBars(of: [InstrumentID(rawValue: 2)])
    let last = rows.filter { $0.instrument == 2 }.map(\.print)
    #expect(bars[InstrumentID(rawValue: 2)] == Self.naive(last, .minutes(1)).last)
  }

  /// Books read back are those that the open orders make, commands in quarantine and on their way left out.
  @Test func depthsAreTheBooks() async throws {
    var market = try await RandomMarket(url, seed: 9)
    market.quarantineOneIn = 9
    try await market.trade(batches: 40)
    try await market.settle()
    for _ in 0..<5 { try await market.accept() }
    let instruments = (1...StoreDatabase.instruments).map { InstrumentID(rawValue: $0) }
    let depths = try await reader.depths(of: instruments)
    let books = market.books()
    #expect(depths.count == instruments.count)
    for instrument in instruments {
      let depth = try #require(depths[instrument])
      #expect(depth.sequence == market.cursor(of: StoreDatabase.shard(of: instrument.rawValue)))
      for side in Side.allCases {
        let orders = books.filter { $0.instrument == instrument && $0.side == side }
        let levels = Dictionary(grouping: orders, by: \.price).mapValues { $0.reduce(Quantity.zero) { $0 + $1.leaves } }
        let sorted = levels.sorted { side == .buy ? $0.key > $1.key : $0.key < $1.key }
        #expect(depth[side] == sorted.map { PriceLevelView(price: $0.key, size: $0.value) }, "\(side) of \(instrument)")
      }
    }
    #expect(depths.values.contains { !$0.bids.isEmpty } && depths.values.contains { !$0.asks.isEmpty })
  }

  /// Trades that came before the bars did are in them: the migration makes them up.
  @Test func theMigrationMakesBarsOfOldTrades() async throws {
    let rows = try fill(seed: 4)
    var connection = try PostgresConnection(PostgresOptions(url: url, applicationName: "tests"))
    try connection.execute(
      """
      DO $$ DECLARE leaf regclass; BEGIN
        FOR leaf IN SELECT tgrelid::regclass FROM pg_trigger WHERE tgname = 'keep_minute_bars' LOOP
          EXECUTE format('DROP TRIGGER keep_minute_bars ON %s', leaf);
        END LOOP;
      END $$;
      DROP TABLE minute_bars, quotes; DROP INDEX trades_of_instrument;
      DROP FUNCTION keep_minute_bars, ensure_market_day;
      DELETE FROM schema_migrations WHERE name = 'market_data'
      """)
    let applied = try Migrator.run(&connection, shards: nil).applied
    #expect(applied == ["market_data"])
    var late = rows.last!
    late.print.sequence = late.print.sequence.next
    try connection.execute("INSERT INTO trades VALUES \(Self.values(late))")
    let report = try await AuditTests.audit(url)
    let check = try #require(report.results.first { $0.id == "B6" })
    #expect(check.violations == 0 && check.checked > 100, "\(AuditPrinter.text(report))")
  }
}
