internal import Accounting
internal import Market
internal import Ports
internal import Postgres

/// One run of `bench auction`, step by step.
struct AuctionRun {
  /// How many fill in orders.
  private static let fillers = 2

  /// An instrument, and where it is worked.
  private struct Listed {
    var id: InstrumentID
    var shard: Shard
    var symbol: Symbol
  }

  private let options: AuctionBench.Options
  private let run: MarketRun

  init(_ options: AuctionBench.Options) throws {
    self.options = options
    run = try MarketRun(url: options.url, load: options.load)
  }

  func report() async throws -> AuctionReport {
    let own = try await run.ownAccounts()
    let instruments = try await makeFixture(own)
    try await run.come(to: .preOpen)
    run.report("filling in \(options.orders) orders")
    try await fill(instruments[0])
    try await run.settleAll()
    run.report("opening")
    let stretch = try await run.measure(.open, symbols: instruments.dropFirst().map(\.symbol))
    let trades = try await run.ask(
      "auction_trades",
      """
      SELECT count(*), count(DISTINCT price), count(DISTINCT sequence), coalesce(max(traded_at), $2::timestamptz),
        (SELECT count(*) FROM orders o WHERE o.is_open AND o.instrument_id = $1::integer)
      FROM trades WHERE instrument_id = $1::integer AND traded_at >= $2::timestamptz
      """, [.int4(instruments[0].id.rawValue), .timestamp(microseconds: stretch.begun.rawValue)])
    let last = Timestamp(rawValue: trades.timestamp(0, 3))
    return AuctionReport(
      orders: options.orders, trades: trades.int8(0, 0), prices: trades.int8(0, 1), parts: trades.int8(0, 2),
      left: trades.int8(0, 4), tradingTime: last.microseconds(since: stretch.begun),
      wholeTime: stretch.over.microseconds(since: stretch.begun),
      meanwhile: try await run.settlements(of: own, in: stretch, until: last))
  }

  /// Makes an instrument in each shard, the first of which is the auction's, and accounts: every second one sells.
  private func makeFixture(_ own: [AccountNumber]) async throws -> [Listed] {
    let list = own.map { "\($0.rawValue)" }.joined(separator: ", ")
    let sql = """
      INSERT INTO instruments (symbol, name, shard)
        SELECT 'Q' || chr(65 + shard / 26 % 26) || chr(65 + shard % 26), 'Auction ' || shard, shard FROM shard_logs;
      WITH opened AS (
        INSERT INTO accounts (public_id, name, cash) SELECT gen_random_uuid(), 'auction', 1000000000000
        FROM generate_series(1, \(options.accounts)) RETURNING account_id, cash
      ), journal AS (
        INSERT INTO journals (kind, reference) VALUES ('opening', 'auction cash') RETURNING journal_id
      )
      INSERT INTO journal_lines
        SELECT journal_id, account_id, 0, cash FROM journal, opened
        UNION ALL SELECT journal_id, -1, 0, (SELECT -sum(cash) FROM opened) FROM journal;
      WITH granted AS (
        INSERT INTO positions
        SELECT a.account_id, i.instrument_id, 10000000, 0, 0 FROM accounts a CROSS JOIN instruments i
        WHERE i.name LIKE 'Auction %' AND (a.account_id IN (\(list))
          OR a.name = 'auction' AND i.shard = (SELECT min(shard) FROM shard_logs))
        RETURNING account_id, instrument_id, quantity
      ), journal AS (
        INSERT INTO journals (kind, reference) VALUES ('grant', 'auction shares') RETURNING journal_id
      )
      INSERT INTO journal_lines
        SELECT journal_id, account_id, instrument_id, quantity FROM journal, granted
        UNION ALL SELECT journal_id, -2, instrument_id, -sum(quantity) FROM journal, granted GROUP BY 1, 2, 3;
      ANALYZE
      """
    try await run.ledger.session.use { (connection) throws(PostgresError) in try connection.execute(sql) }
    let rows = try await run.ledger.query(
      "SELECT instrument_id, shard, symbol FROM instruments WHERE name LIKE 'Auction %' ORDER BY shard")
    return (0..<rows.count).compactMap { row in
      Symbol(rows.text(row, 2)).map {
        Listed(id: InstrumentID(rawValue: rows.int4(row, 0)), shard: Shard(rawValue: rows.int2(row, 1)), symbol: $0)
      }
    }
  }

  private func fill(_ instrument: Listed) async throws {
    let rows = try await run.ledger.query("SELECT account_id FROM accounts WHERE name = 'auction' ORDER BY 1")
    let accounts = (0..<rows.count).map { AccountNumber(rawValue: rows.int8($0, 0)) }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for part in 0..<Self.fillers {
        let own = accounts.indices.filter { $0 / 2 % Self.fillers == part }.map { accounts[$0] }
        group.addTask {
          // Accounts buy or sell, so that none meets itself; buys and sells take turns, so that all are filled.
          var isBuy = false
          try await run.fill(options.orders / Self.fillers, seed: UInt64(part + 1)) { random in
            isBuy.toggle()
            return request(instrument, own, isBuy, &random)
          }
        }
      }
      try await group.waitForAll()
    }
  }

  private func request(
    _ instrument: Listed, _ accounts: [AccountNumber], _ isBuy: Bool, _ random: inout SplitMix
  ) -> PlaceRequest {
    let place = Int(random.next() % UInt64(accounts.count / 2)) * 2 + (isBuy ? 0 : 1)
    let away = Int64(random.next() % 50) * 100
    return PlaceRequest(
      account: accounts[place], instrument: instrument.id, shard: instrument.shard,
      terms: OrderTerms(
        isBuy ? .buy : .sell, Quantity(rawValue: 100), at: Price(rawValue: 1_000_000 + (isBuy ? away : -away))),
      clientOrderID: "auction-\(random.next())",
      clientKey: RequestKey(digest: UniqueID(high: random.next(), low: random.next()), fingerprint: nil),
      idempotencyKey: nil, random: random.next())
  }
}
