internal import Accounting
internal import Market
internal import Postgres

/// The instruments and accounts of `bench expiry`, with the money and the shares that their orders hold.
struct ExpiryFixture {
  /// Instruments that one account trades.
  private static let breadth = 10
  /// How many fill in orders.
  static let parts = 2

  /// Instruments and accounts that nobody else fills in orders for.
  struct Part {
    var instruments: [(id: InstrumentID, shard: Shard)]
    var accounts: [AccountNumber]

    /// The instruments of which an account has shares.
    private func instrument(_ account: Int, _ place: Int) -> (id: InstrumentID, shard: Shard) {
      instruments[(account * ExpiryFixture.breadth + place) % instruments.count]
    }

    /// Which accounts need shares of which instruments.
    var ownedShards: [(account: AccountNumber, instrument: InstrumentID)] {
      accounts.indices.flatMap { account in
        (0..<ExpiryFixture.breadth).map { (accounts[account], instrument(account, $0).id) }
      }
    }

    /// A day order that rests: bids stand below a price and offers above it.
    func request(_ random: inout SplitMix) -> PlaceRequest {
      let account = Int(random.next() % UInt64(accounts.count))
      let instrument = instrument(account, Int(random.next() % UInt64(ExpiryFixture.breadth)))
      let side: Side = random.next() & 1 == 0 ? .buy : .sell
      let away = Int64(random.next() % 50 + 1) * 100
      return PlaceRequest(
        account: accounts[account], instrument: instrument.id, shard: instrument.shard,
        terms: OrderTerms(
          side, Quantity(rawValue: Int64(random.next() % 9 + 1) * 10),
          at: Price(rawValue: 1_000_000 + (side == .buy ? -away : away))),
        clientOrderID: "expiry-\(random.next())",
        clientKey: RequestKey(digest: UniqueID(high: random.next(), low: random.next()), fingerprint: nil),
        idempotencyKey: nil, random: random.next())
    }
  }

  private var instruments: [(id: InstrumentID, shard: Shard, symbol: Symbol)] = []
  private var accounts: [AccountNumber] = []

  /// Makes the world; `others` get shares of an instrument of each shard.
  init(_ options: ExpiryBench.Options, alsoFor others: [AccountNumber], _ ledger: SystemLedger) async throws {
    try await ledger.session.use { (connection) throws(PostgresError) in
      try connection.execute(Self.create(options))
    }
    let shards = try await ledger.query(
      "SELECT instrument_id, shard, symbol FROM instruments WHERE name LIKE 'Expiry %' ORDER BY shard, instrument_id")
    instruments = (0..<shards.count).compactMap { row in
      Symbol(shards.text(row, 2)).map {
        (InstrumentID(rawValue: shards.int4(row, 0)), Shard(rawValue: shards.int2(row, 1)), $0)
      }
    }
    let numbers = try await ledger.query("SELECT account_id FROM accounts WHERE name = 'expiry' ORDER BY 1")
    accounts = (0..<numbers.count).map { AccountNumber(rawValue: numbers.int8($0, 0)) }
    var ownedShards = (0..<Self.parts).flatMap { part($0).ownedShards }
    ownedShards += others.flatMap { account in ofEachShard.map { (account, $0.id) } }
    try await grant(ownedShards, ledger)
  }

  /// What one of several who fill in orders works with.
  func part(_ number: Int) -> Part {
    Part(
      instruments: instruments.enumerated().filter { isOf(number, $0.offset / Self.breadth) }.map {
        ($0.element.id, $0.element.shard)
      },
      accounts: accounts.enumerated().filter { isOf(number, $0.offset) }.map(\.element))
  }

  private func isOf(_ part: Int, _ place: Int) -> Bool { place % Self.parts == part }

  private var ofEachShard: [(id: InstrumentID, shard: Shard, symbol: Symbol)] {
    let first = Dictionary(instruments.map { ($0.shard, $0) }) { one, _ in one }
    return first.values.sorted { $0.shard < $1.shard }
  }

  /// The symbol of an instrument of each shard.
  var symbolOfEachShard: [Symbol] { ofEachShard.map(\.symbol) }

  private static func create(_ options: ExpiryBench.Options) -> String {
    """
    INSERT INTO instruments (symbol, name, shard)
      SELECT 'X' || chr(65 + n / 676) || chr(65 + n / 26 % 26) || chr(65 + n % 26), 'Expiry ' || n,
        (SELECT shard FROM shard_logs ORDER BY shard OFFSET n % (SELECT count(*) FROM shard_logs) LIMIT 1)
      FROM generate_series(0, \(options.instruments - 1)) n;
    WITH opened AS (
      INSERT INTO accounts (public_id, name, cash) SELECT gen_random_uuid(), 'expiry', 1000000000000
      FROM generate_series(1, \(options.accounts)) RETURNING account_id, cash
    ), journal AS (
      INSERT INTO journals (kind, reference) VALUES ('opening', 'expiry cash') RETURNING journal_id
    )
    INSERT INTO journal_lines
      SELECT journal_id, account_id, 0, cash FROM journal, opened
      UNION ALL SELECT journal_id, -1, 0, (SELECT -sum(cash) FROM opened) FROM journal;
    """
  }

  private func grant(
    _ ownedShards: [(account: AccountNumber, instrument: InstrumentID)], _ ledger: SystemLedger
  ) async throws {
    try await ledger.session.use { (connection) throws(PostgresError) in
      _ = try connection.query(
        PostgresCall(
          .init(
            "expiry_grant",
            """
            WITH granted AS (
              INSERT INTO positions SELECT DISTINCT h.account_id, h.instrument_id, 10000000, 0, 0
              FROM unnest($1::bigint[], $2::integer[]) AS h (account_id, instrument_id)
              RETURNING account_id, instrument_id, quantity
            ), journal AS (
              INSERT INTO journals (kind, reference) VALUES ('grant', 'expiry shares') RETURNING journal_id
            )
            INSERT INTO journal_lines
              SELECT journal_id, account_id, instrument_id, quantity FROM journal, granted
              UNION ALL SELECT journal_id, -2, instrument_id, -sum(quantity) FROM journal, granted GROUP BY 1, 2, 3
            """),
          [.int8Array(ownedShards.map(\.account.rawValue)), .int4Array(ownedShards.map(\.instrument.rawValue))]))
      try connection.execute("ANALYZE")
    }
  }
}
