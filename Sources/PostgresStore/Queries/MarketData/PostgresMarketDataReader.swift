internal import Lifecycle
public import Market
public import Ports
public import Postgres

/// Answers questions about the market from PostgreSQL over a few connections in turn.
public final class PostgresMarketDataReader: MarketDataReader {
  /// Instruments whose histories are asked for in one go at most.
  private static let mostAtOnce = 64

  private let pool: QueryPool
  private var days: DayTables { pool.days }

  /// Reads over a pool of sessions; make them with ``StoreSettings/ledger(url:role:)``.
  public init(pool: PostgresPool) { self.pool = QueryPool(pool: pool) }

  public func trades(
    of instruments: [InstrumentID], _ span: MarketSpan
  ) async throws(StoreError) -> MarketPage<TradePrint> {
    try await page(of: instruments, span) { span, instrument in
      Self.history(MarketDataStatements.trades(ascending: span.ascending), instrument, span)
    } read: { (rows, row) throws(PostgresError) in
      try Self.trade(rows, row, from: 0)
    }
  }

  public func quotes(
    of instruments: [InstrumentID], _ span: MarketSpan
  ) async throws(StoreError) -> MarketPage<Quote> {
    try await page(of: instruments, span) { span, instrument in
      Self.history(MarketDataStatements.quotes(ascending: span.ascending), instrument, span)
    } read: { rows, row in
      Quote(
        at: Timestamp(rawValue: rows.timestamp(row, 0)), sequence: Sequence(rawValue: rows.int8(row, 1)),
        bid: Self.level(rows, row, from: 2), ask: Self.level(rows, row, from: 4))
    }
  }

  public func bars(
    of instruments: [InstrumentID], _ span: MarketSpan, frame: BarFrame
  ) async throws(StoreError) -> MarketPage<Bar> {
    guard frame == .minutes(1) else { return try await longBars(of: instruments, span, frame) }
    return try await page(of: instruments, span) { span, instrument in
      let (first, last) = Self.bounds(span)
      return PostgresCall(
        MarketDataStatements.minuteBars(ascending: span.ascending),
        [
          .int4(instrument.rawValue), .timestamp(microseconds: first.rawValue), .timestamp(microseconds: last.rawValue),
          .int4(Int32(span.limit)),
        ])
    } read: { rows, row in
      Self.bar(rows, row, from: 0)
    }
  }

  public func auctions(
    of instruments: [InstrumentID], _ span: MarketSpan
  ) async throws(StoreError) -> MarketPage<DailyAuctions> {
    try await page(of: instruments, span) { span, instrument in
      // Days that no row is of stand for no earlier page.
      let edge = span.after?.at.day ?? (span.ascending ? Self.firstDay : Self.lastDay)
      return PostgresCall(
        MarketDataStatements.auctions(ascending: span.ascending),
        [
          .int4(instrument.rawValue), .timestamp(microseconds: span.start.rawValue),
          .timestamp(microseconds: span.end.rawValue), .int4(edge.rawValue), .int4(Int32(span.limit)),
        ])
    } rows: { rows in
      var days: [DailyAuctions] = []
      for row in 0..<rows.count {
        let day = Day(rawValue: rows.int4(row, 0))
        if days.last?.day != day { days.append(DailyAuctions(day: day)) }
        let print = DailyAuctions.Print(
          at: Timestamp(rawValue: rows.timestamp(row, 2)), price: Price(rawValue: rows.int8(row, 3)),
          size: Quantity(rawValue: rows.int8(row, 4)))
        if rows.bool(row, 1) {
          days[days.count - 1].closing.append(print)
        } else {
          days[days.count - 1].opening.append(print)
        }
      }
      return days
    }
  }

  private static let firstDay = Day(rawValue: -36_500)
  private static let lastDay = Day(rawValue: 365_000)

  public func latestTrades(of instruments: [InstrumentID]) async throws(StoreError) -> [InstrumentID: TradePrint] {
    try await latest(of: instruments, MarketDataStatements.latestTrades) {
      (rows, row) throws(PostgresError) in try Self.trade(rows, row, from: 1)
    }
  }

  public func latestBars(of instruments: [InstrumentID]) async throws(StoreError) -> [InstrumentID: Bar] {
    try await latest(of: instruments, MarketDataStatements.latestBars) { Self.bar($0, $1, from: 1) }
  }

  /// What belongs to the last trades, by the days that those are of.
  private func latest<Row: Sendable>(
    of instruments: [InstrumentID], _ statement: @Sendable (Day) -> PostgresStatement,
    _ read: @Sendable (PostgresRows, Int) throws(PostgresError) -> Row
  ) async throws(StoreError) -> [InstrumentID: Row] {
    try await use { [days] (connection) throws(PostgresError) in
      let moments = try connection.query(
        PostgresCall(MarketDataStatements.lastMoments, [Self.list(instruments)]))
      let asked = (0..<moments.count).map { row in
        (instrument: moments.int4(row, 0), at: Timestamp(rawValue: moments.timestamp(row, 1)))
      }
      let byDay = Dictionary(grouping: asked, by: \.at.day)
      let existing = try days.existing(Set(byDay.keys), &connection)
      var found: [InstrumentID: Row] = [:]
      var walk = DayWalk(existing.sorted(), ascending: false)
      while case let some = walk.next(), !some.isEmpty {
        let calls = some.map { day in
          PostgresCall(
            statement(day),
            [
              .int4Array(byDay[day]!.map(\.instrument)),
              .timestampArray(microseconds: byDay[day]!.map(\.at.rawValue)),
            ])
        }
        for rows in try connection.pipeline(calls) {
          for row in 0..<rows.count { found[InstrumentID(rawValue: rows.int4(row, 0))] = try read(rows, row) }
        }
      }
      return found
    }
  }

  public func minuteBars(
    at minute: Timestamp, of instruments: [InstrumentID]?
  ) async throws(StoreError) -> [InstrumentID: Bar] {
    let call = PostgresCall(
      MarketDataStatements.barsOfMinute,
      [.timestamp(microseconds: minute.rawValue), instruments.map { Self.list($0) } ?? .null])
    let rows = try await run([call])[0]
    return try byInstrument(rows) { Self.bar(rows, $0, from: 1) }
  }

  public func depths(of instruments: [InstrumentID]) async throws(StoreError) -> [InstrumentID: MarketDepth] {
    let (heads, levels) = try await levels(
      of: instruments, MarketDataStatements.depthHeads, MarketDataStatements.depths)
    var depths: [InstrumentID: MarketDepth] = [:]
    for row in 0..<heads.count {
      let instrument = InstrumentID(rawValue: heads.int4(row, 0))
      var depth = MarketDepth(
        sequence: Sequence(rawValue: heads.int8(row, 1)), at: Timestamp(rawValue: heads.timestamp(row, 2)))
      for (side, level) in levels[instrument] ?? [] { depth.set(side, level) }
      depths[instrument] = depth
    }
    return depths
  }

  public func calls(of instruments: [InstrumentID]) async throws(StoreError) -> [InstrumentID: MarketCall] {
    let (heads, levels) = try await levels(of: instruments, MarketDataStatements.callHeads, MarketDataStatements.calls)
    var calls: [InstrumentID: MarketCall] = [:]
    for row in 0..<heads.count {
      let instrument = InstrumentID(rawValue: heads.int4(row, 0))
      let point = try readable { () throws(PostgresError) in try MarketClockRows.point(heads, row, 2) }
      var call = MarketCall(
        at: Timestamp(rawValue: heads.timestamp(row, 1)),
        phase: InstrumentPhase(point, isHalted: heads.bool(row, 4)),
        last: heads.isNull(row, 5) ? nil : Price(rawValue: heads.int8(row, 5)))
      for (side, level) in levels[instrument] ?? [] {
        if side == .buy { call.bids.append(level) } else { call.asks.append(level) }
      }
      calls[instrument] = call
    }
    return calls
  }

  private struct LevelKey: Hashable {
    var instrument: InstrumentID
    var side: Side
    var price: Price
  }

  /// Open orders summed up by price, day by day and of one snapshot, and what stands at their head.
  private func levels(
    of instruments: [InstrumentID], _ heads: PostgresStatement, _ statement: @Sendable (Day) -> PostgresStatement
  ) async throws(StoreError) -> (heads: PostgresRows, levels: [InstrumentID: [(side: Side, level: PriceLevelView)]]) {
    let parameters = [Self.list(instruments)]
    let (found, sums) = try await use { (connection) throws(PostgresError) in
      do throws(PostgresError) {
        let opening = try connection.pipeline([
          PostgresCall(SettlingStatements.beginSnapshot), PostgresCall(heads, parameters),
          PostgresCall(MarketDataStatements.openDays, parameters), PostgresCall(DayStatements.mark),
        ])
        var sums: [LevelKey: Int64] = [:]
        // An open order's day has its table.
        let days = (0..<opening[2].count).map { Day(rawValue: opening[2].int4($0, 0)) }.sorted()
        var walk = DayWalk(days, ascending: false)
        while case let some = walk.next(), !some.isEmpty {
          let answers = try connection.pipeline(
            some.map { PostgresCall(statement($0), parameters) } + [PostgresCall(DayStatements.release)])
          for rows in answers.dropLast() {
            for row in 0..<rows.count {
              let key = LevelKey(
                instrument: InstrumentID(rawValue: rows.int4(row, 0)), side: try stored(rows.int2(row, 1)),
                price: Price(rawValue: rows.int8(row, 2)))
              sums[key, default: 0] += rows.int8(row, 3)
            }
          }
        }
        _ = try connection.query(PostgresCall(SettlingStatements.commit))
        return (opening[1], sums)
      } catch {
        try connection.rollBack()
        throw error
      }
    }
    var levels: [InstrumentID: [(side: Side, level: PriceLevelView)]] = [:]
    for (key, size) in sums.sorted(by: { $0.key.price < $1.key.price }) {
      levels[key.instrument, default: []].append(
        (key.side, PriceLevelView(price: key.price, size: Quantity(rawValue: size))))
    }
    return (found, levels)
  }

  public func statuses(of instruments: [InstrumentID]?) async throws(StoreError) -> [InstrumentID: TradingStatus] {
    let rows = try await run([
      PostgresCall(MarketDataStatements.statuses, [instruments.map(Self.list) ?? .null])
    ])[0]
    var statuses: [InstrumentID: TradingStatus] = [:]
    for row in 0..<rows.count {
      let phase = try readable { () throws(PostgresError) in
        InstrumentPhase(
          try MarketClockRows.point(rows, row, 1), isHalted: rows.bool(row, 3),
          band: try PhaseColumns.band(rows, row, from: 4), limit: try PhaseColumns.limit(rows, row, 9))
      }
      statuses[InstrumentID(rawValue: rows.int4(row, 0))] = TradingStatus(
        phase, since: Timestamp(rawValue: rows.timestamp(row, 8)),
        haltReason: rows.isNull(row, 10) ? nil : rows.text(row, 10), collects: rows.bool(row, 11),
        pausedUntil: rows.isNull(row, 12) ? nil : Timestamp(rawValue: rows.timestamp(row, 12)))
    }
    return statuses
  }

  // MARK: Bars of longer frames

  private func longBars(
    of instruments: [InstrumentID], _ span: MarketSpan, _ frame: BarFrame
  ) async throws(StoreError) -> MarketPage<Bar> {
    var page = MarketPage<Bar>()
    var rest = span
    for instrument in instruments {
      var rows = try await longBars(of: instrument, rest, frame)
      if rows.count > rest.limit {
        rows.removeLast(rows.count - rest.limit)
        page.hasMore = true
      }
      rest.limit -= rows.count
      rest.after = nil
      if !rows.isEmpty { page.parts.append(.init(instrument: instrument, rows: rows)) }
      if page.hasMore { break }
    }
    return page
  }

  /// One more bar than the limit, if there are so many.
  ///
  /// The minutes are summed up in stretches of time that hold enough bars when every bar has trades; where they are rare,
  /// the stretches grow.
  private func longBars(
    of instrument: InstrumentID, _ span: MarketSpan, _ frame: BarFrame
  ) async throws(StoreError) -> [Bar] {
    guard var left = try await extent(of: instrument, span, frame) else { return [] }
    var found: [Bar] = []
    var length = max(
      86_400_000_000, Int64(span.limit + 2).multipliedSafely(by: frame.approximateLength.wholeMicroseconds))
    while found.count <= span.limit, !left.isEmpty {
      let stretch: Range<Timestamp>
      if span.ascending {
        let edge = min(left.upperBound, left.lowerBound.advancedSafely(by: length))
        stretch = left.lowerBound..<min(left.upperBound, frame.end(of: frame.start(of: edge)))
        left = stretch.upperBound..<left.upperBound
      } else {
        let edge = max(left.lowerBound, left.upperBound.advancedSafely(by: -length))
        stretch = max(left.lowerBound, frame.start(of: edge))..<left.upperBound
        left = left.lowerBound..<stretch.lowerBound
      }
      length = length.multipliedSafely(by: 4)
      let rows = try await run([
        PostgresCall(
          MarketDataStatements.bars(frame, ascending: span.ascending),
          [
            .int4(instrument.rawValue), .timestamp(microseconds: stretch.lowerBound.rawValue),
            .timestamp(microseconds: stretch.upperBound.rawValue), .int4(frame.count),
            .int4(Int32(span.limit + 1 - found.count)),
          ])
      ])[0]
      for row in 0..<rows.count { found.append(Self.bar(rows, row, from: 0)) }
    }
    return found
  }

  /// From the beginning of the first bar that begins within bounds and has trades to the end of the last one.
  private func extent(
    of instrument: InstrumentID, _ span: MarketSpan, _ frame: BarFrame
  ) async throws(StoreError) -> Range<Timestamp>? {
    let (first, last) = Self.bounds(span)
    guard first <= last else { return nil }
    let own = frame.start(of: first)
    let from = own == first ? own : frame.end(of: own)
    let to = frame.end(of: frame.start(of: last))
    guard from < to else { return nil }
    let rows = try await run([
      PostgresCall(
        MarketDataStatements.extent,
        [.int4(instrument.rawValue), .timestamp(microseconds: from.rawValue), .timestamp(microseconds: to.rawValue)])
    ])[0]
    guard rows.count == 1 else { return nil }
    return frame.start(
      of: Timestamp(rawValue: rows.timestamp(0, 0)))..<frame.end(
        of: frame.start(of: Timestamp(rawValue: rows.timestamp(0, 1))))
  }

  // MARK: Pages

  /// A page where each row of the database is one of its rows.
  private func page<Row: Hashable & Sendable>(
    of instruments: [InstrumentID], _ span: MarketSpan, call: (MarketSpan, InstrumentID) -> PostgresCall,
    read: (PostgresRows, Int) throws(PostgresError) -> Row
  ) async throws(StoreError) -> MarketPage<Row> {
    try await page(
      of: instruments, span, call: call,
      rows: { (rows) throws(PostgresError) in
        var found: [Row] = []
        found.reserveCapacity(rows.count)
        for row in 0..<rows.count { found.append(try read(rows, row)) }
        return found
      })
  }

  /// Asks for one instrument after the other until the page is full: for more at a time the emptier they are.
  private func page<Row: Hashable & Sendable>(
    of instruments: [InstrumentID], _ span: MarketSpan, call: (MarketSpan, InstrumentID) -> PostgresCall,
    rows read: (PostgresRows) throws(PostgresError) -> [Row]
  ) async throws(StoreError) -> MarketPage<Row> {
    var page = MarketPage<Row>()
    var rest = instruments[...]
    var left = span.limit
    var width = 1
    while !rest.isEmpty, !page.hasMore {
      let some = rest.prefix(width)
      rest = rest.dropFirst(width)
      var asked = span
      asked.limit = left + 1
      var calls: [PostgresCall] = []
      for instrument in some {
        if instrument != instruments.first { asked.after = nil }
        calls.append(call(asked, instrument))
      }
      let before = left
      for (instrument, answer) in zip(some, try await run(calls)) where !page.hasMore {
        let rows = try readable { () throws(PostgresError) in try read(answer) }
        let taken = min(rows.count, left)
        page.hasMore = rows.count > left
        left -= taken
        guard taken > 0 else { continue }
        page.parts.append(.init(instrument: instrument, rows: Array(rows.prefix(taken))))
      }
      width = min(Self.mostAtOnce, before - left > span.limit / 8 ? width : width * 4)
    }
    return page
  }

  private static func history(
    _ statement: PostgresStatement, _ instrument: InstrumentID, _ span: MarketSpan
  ) -> PostgresCall {
    let edge =
      span.after
      ?? (span.ascending
        ? MarketCursor(at: span.start, sequence: Sequence(rawValue: -1), ordinal: -1)
        : MarketCursor(at: span.end, sequence: Sequence(rawValue: .max), ordinal: .max))
    return PostgresCall(
      statement,
      [
        .int4(instrument.rawValue), .timestamp(microseconds: span.start.rawValue),
        .timestamp(microseconds: span.end.rawValue), .timestamp(microseconds: edge.at.rawValue),
        .int8(edge.sequence.rawValue), .int4(edge.ordinal), .int4(Int32(span.limit)),
      ])
  }

  /// The first and last moment at which a bar of this page may begin.
  private static func bounds(_ span: MarketSpan) -> (first: Timestamp, last: Timestamp) {
    guard let after = span.after else { return (span.start, span.end) }
    return span.ascending
      ? (max(span.start, after.at.advanced(byMicroseconds: 1)), span.end)
      : (span.start, min(span.end, after.at.advanced(byMicroseconds: -1)))
  }

  // MARK: Rows

  private static func list(_ instruments: [InstrumentID]) -> PostgresParameter {
    .int4Array(instruments.map(\.rawValue))
  }

  private func byInstrument<Row>(
    _ rows: PostgresRows, _ read: (Int) throws(PostgresError) -> Row
  ) throws(StoreError) -> [InstrumentID: Row] {
    var found: [InstrumentID: Row] = [:]
    for row in 0..<rows.count {
      found[InstrumentID(rawValue: rows.int4(row, 0))] = try readable { () throws(PostgresError) in try read(row) }
    }
    return found
  }

  private static func trade(_ rows: PostgresRows, _ row: Int, from column: Int) throws(PostgresError) -> TradePrint {
    try TradePrint(
      at: Timestamp(rawValue: rows.timestamp(row, column)), sequence: Sequence(rawValue: rows.int8(row, column + 1)),
      ordinal: rows.int4(row, column + 2), price: Price(rawValue: rows.int8(row, column + 3)),
      size: Quantity(rawValue: rows.int8(row, column + 4)), taker: stored(rows.int2(row, column + 5)))
  }

  private static func bar(_ rows: PostgresRows, _ row: Int, from column: Int) -> Bar {
    Bar(
      start: Timestamp(rawValue: rows.timestamp(row, column)), open: Price(rawValue: rows.int8(row, column + 1)),
      high: Price(rawValue: rows.int8(row, column + 2)), low: Price(rawValue: rows.int8(row, column + 3)),
      close: Price(rawValue: rows.int8(row, column + 4)), volume: Quantity(rawValue: rows.int8(row, column + 5)),
      meanMicrodollars: rows.int8(row, column + 6), trades: rows.int8(row, column + 7))
  }

  private static func level(_ rows: PostgresRows, _ row: Int, from column: Int) -> PriceLevelView? {
    let size = Quantity(rawValue: rows.int8(row, column + 1))
    return size > .zero ? PriceLevelView(price: Price(rawValue: rows.int8(row, column)), size: size) : nil
  }

  /// Runs questions that name the tables of all days, planned for their parameters.
  private func run(_ calls: [PostgresCall]) async throws(StoreError) -> [PostgresRows] {
    try await use { (connection) throws(PostgresError) in
      do throws(PostgresError) {
        let answers = try connection.pipeline(
          [PostgresCall(AcceptanceStatements.begin), PostgresCall(MarketDataStatements.planned)] + calls
            + [PostgresCall(AcceptanceStatements.commit)])
        return Array(answers.dropFirst(2).dropLast())
      } catch {
        try connection.rollBack()
        throw error
      }
    }
  }

  private func use<Answer: Sendable>(
    _ body: @Sendable (inout PostgresConnection) throws(PostgresError) -> Answer
  ) async throws(StoreError) -> Answer { try await pool.use(body) }
}

extension BarFrame {
  /// Minutes or months of a bar, for the statement.
  fileprivate var count: Int32 {
    switch self {
    case .minutes(let count), .months(let count): return Int32(count)
    case .day, .week: return 1
    }
  }
}

extension Int64 {
  fileprivate func multipliedSafely(by other: Int64) -> Int64 {
    let (product, overflow) = multipliedReportingOverflow(by: other)
    return overflow ? .max / 4 : Swift.min(product, .max / 4)
  }
}

extension Timestamp {
  /// Moved, and kept where calendars reach.
  fileprivate func advancedSafely(by microseconds: Int64) -> Timestamp {
    let (sum, overflow) = rawValue.addingReportingOverflow(microseconds)
    let far: Int64 = 200_000_000_000_000_000
    return Timestamp(rawValue: overflow ? (microseconds < 0 ? -far : far) : Swift.min(Swift.max(sum, -far), far))
  }
}
