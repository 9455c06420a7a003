internal import Accounting
internal import LabKit
internal import Lifecycle
internal import Market
internal import Ports
internal import Postgres
internal import PostgresStore

/// One run of `bench auction`, step by step.
struct AuctionRun {
  /// Orders accepted in one transaction.
  private static let batch = 500
  /// How many fill in orders.
  private static let fillers = 2
  /// How long a stage, or the settlement of what was filled in, may take.
  private static let patience = Duration.seconds(1_800)

  /// An instrument, and where it is worked.
  private struct Listed {
    var id: InstrumentID
    var shard: Shard
    var symbol: Symbol
  }

  private let options: AuctionBench.Options
  private let ledger: SystemLedger
  private let market: MarketAdministration
  private let keys: [TradingKey]

  init(_ options: AuctionBench.Options) throws(TradingKeyError) {
    self.options = options
    ledger = SystemLedger(url: options.url)
    market = MarketAdministration(
      session: PostgresSession(StoreSettings.ledger(url: options.url, role: "lab"), name: "market"))
    keys = try TradingKey.load(options.load.keys)
  }

  func run() async throws -> AuctionReport {
    let own = try await ledger.numbers(of: keys.map(\.account)).compactMap(\.self)
    guard own.count == keys.count, own.count > 1 else {
      throw TradingClientError.cannotStart(
        "the ledger does not have the accounts of \(options.load.keys), two at least")
    }
    let instruments = try await makeWorld(own)
    try await come(to: .preOpen)
    tell("filling in \(options.orders) orders")
    try await fill(instruments[0])
    guard await ledger.drain(atMost: Self.patience) else { throw ExpiryFault.notSettled }
    tell("opening")
    return try await open(instruments, own)
  }

  private func tell(_ text: String) { Console.write("\(text)\n", to: .error) }

  private func come(to stage: SessionStage) async throws {
    let today = NewYorkTime.day(at: Self.now)
    let target = try await market.aim(at: stage, today: today).target
    let deadline = ContinuousClock.now + Self.patience
    while true {
      let status = try await market.status()
      if status.arrived(at: target) == status.instruments { return }
      guard ContinuousClock.now < deadline else { throw ExpiryFault.notThere(target) }
      try await Task.sleep(for: .milliseconds(20))
    }
  }

  // MARK: The world

  /// Makes an instrument in each shard, the first of which is the auction's, and accounts: every second one sells.
  private func makeWorld(_ own: [AccountNumber]) async throws -> [Listed] {
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
    try await ledger.session.use { (connection) throws(PostgresError) in try connection.execute(sql) }
    let rows = try await ledger.query(
      "SELECT instrument_id, shard, symbol FROM instruments WHERE name LIKE 'Auction %' ORDER BY shard")
    return (0..<rows.count).compactMap { row in
      Symbol(rows.text(row, 2)).map {
        Listed(id: InstrumentID(rawValue: rows.int4(row, 0)), shard: Shard(rawValue: rows.int2(row, 1)), symbol: $0)
      }
    }
  }

  private func fill(_ instrument: Listed) async throws {
    let rows = try await ledger.query("SELECT account_id FROM accounts WHERE name = 'auction' ORDER BY 1")
    let accounts = (0..<rows.count).map { AccountNumber(rawValue: rows.int8($0, 0)) }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for part in 0..<Self.fillers {
        let own = accounts.indices.filter { $0 / 2 % Self.fillers == part }.map { accounts[$0] }
        group.addTask { try await fill(instrument, own, seed: UInt64(part + 1)) }
      }
      try await group.waitForAll()
    }
  }

  private func fill(_ instrument: Listed, _ accounts: [AccountNumber], seed: UInt64) async throws {
    let session = PostgresSession(StoreSettings.ledger(url: options.url, role: "lab"), name: "fill-\(seed)")
    let entry = PostgresEntryLedger(session: session)
    var random = SplitMix(seed: seed)
    var left = options.orders / Self.fillers
    var isBuy = false
    while left > 0 {
      let count = min(left, Self.batch)
      let requests = (0..<count).map { _ in
        // Accounts buy or sell, so that none meets itself; buys and sells take turns, so that all are filled.
        isBuy.toggle()
        let place = Int(random.next() % UInt64(accounts.count / 2)) * 2 + (isBuy ? 0 : 1)
        let away = Int64(random.next() % 50) * 100
        return EntryRequest.place(
          PlaceRequest(
            account: accounts[place], instrument: instrument.id, shard: instrument.shard, side: isBuy ? .buy : .sell,
            type: .limit, timeInForce: .day, postOnly: false, selfTradePrevention: nil,
            price: Price(rawValue: 1_000_000 + (isBuy ? away : -away)), quantity: Quantity(rawValue: 100),
            clientOrderID: "auction-\(random.next())",
            clientKey: RequestKey(digest: UniqueID(high: random.next(), low: random.next()), fingerprint: nil),
            idempotencyKey: nil, random: random.next()))
      }
      let accepted = try await entry.accept(requests, now: Self.now)
      guard accepted.entries.count == count else { throw ExpiryFault.refused }
      left -= count
    }
  }

  // MARK: The opening

  private func open(_ instruments: [Listed], _ own: [AccountNumber]) async throws -> AuctionReport {
    var load = options.load
    load.symbols = instruments.dropFirst().map(\.symbol)
    load.duration = Self.patience
    load.mix = LoadPlan.Mix(marketable: 0, cancels: 40)
    let isOver = Lock(false)
    let (keys, probe) = (keys, load)
    let begun = Self.now
    async let measured = probe.run(keys: keys) { isOver.withLock { $0 } || Interrupt.isRequested }
    do {
      defer { isOver.withLock { $0 = true } }
      try await come(to: .open)
    }
    let over = Self.now
    let result = try await measured
    guard await ledger.drain(atMost: Self.patience) else { throw ExpiryFault.notSettled }
    let trades = try await ask(
      "auction_trades",
      """
      SELECT count(*), count(DISTINCT price), count(DISTINCT sequence), coalesce(max(traded_at), $2::timestamptz),
        (SELECT count(*) FROM orders o WHERE o.is_open AND o.instrument_id = $1::integer)
      FROM trades WHERE instrument_id = $1::integer AND traded_at >= $2::timestamptz
      """, [.int4(instruments[0].id.rawValue), .timestamp(microseconds: begun.rawValue)])
    let last = Timestamp(rawValue: trades.timestamp(0, 3))
    let delays = try await delays(of: own, since: begun, until: last)
    return AuctionReport(
      orders: options.orders, trades: trades.int8(0, 0), prices: trades.int8(0, 1), parts: trades.int8(0, 2),
      left: trades.int8(0, 4), tradingTime: last.microseconds(since: begun), wholeTime: over.microseconds(since: begun),
      settled: delays.count, delays: delays.microseconds, isExact: delays.isExact, load: result)
  }

  /// Microseconds from acceptance to settlement of what accounts asked for in a span of time.
  private func delays(
    of accounts: [AccountNumber], since begun: Timestamp, until end: Timestamp
  ) async throws -> (count: Int64, microseconds: [Int64], isExact: Bool) {
    let isExact =
      try await ledger.query("SELECT (current_setting('track_commit_timestamp') = 'on')::int::bigint").int8(0, 0) == 1
    let span =
      isExact
      ? "pg_xact_commit_timestamp(e.xmin) - pg_xact_commit_timestamp(l.xmin)" : "e.occurred_at - l.accepted_at"
    let rows = try await ask(
      "auction_delays",
      """
      SELECT count(*), percentile_disc(ARRAY[0.5, 0.9, 0.99, 0.999, 1.0]) WITHIN GROUP (
        ORDER BY (extract(epoch FROM \(span)) * 1000000)::bigint)::text
      FROM command_log l JOIN order_events e ON e.shard = l.shard AND e.sequence = l.sequence AND e.ordinal = 0
      WHERE l.accepted_at BETWEEN $1::timestamptz AND $2::timestamptz AND l.account_id = ANY ($3::bigint[])
      """,
      [
        .timestamp(microseconds: begun.rawValue), .timestamp(microseconds: end.rawValue),
        .int8Array(accounts.map(\.rawValue)),
      ])
    let values =
      rows.isNull(0, 1) ? [] : rows.text(0, 1).dropFirst().dropLast().split(separator: ",").compactMap { Int64($0) }
    return (rows.int8(0, 0), values, isExact)
  }

  private func ask(_ name: String, _ sql: String, _ parameters: [PostgresParameter]) async throws -> PostgresRows {
    try await ledger.session.use { (connection) throws(PostgresError) in
      try connection.query(PostgresCall(.init(name, sql), parameters))
    }
  }

  private static var now: Timestamp { Timestamp(rawValue: HostClock.microsecondsSinceEpoch()) }
}
