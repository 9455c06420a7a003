internal import Accounting
internal import Engine
internal import Glibc
internal import Lifecycle
internal import Market
internal import Ports
internal import Postgres
internal import PostgresStore
internal import Services
internal import Sharding

/// The measurements of ``LedgerBench``.
final class LedgerBenchRun {
  private let options: LedgerBench.Options
  private let session: PostgresSession
  private let floorSession: PostgresSession
  private let ledger: PostgresAcceptanceLedger
  private let settlements: PostgresSettlementLedger
  private var accounts: [AccountNumber] = []
  private var instruments: [(id: InstrumentID, shard: Shard)] = []
  private var engines: [Shard: (ownership: Ownership, engine: ShardEngine)] = [:]
  private var random = SplitMix(seed: 1)
  private var serial: UInt64 = 0

  init(_ options: LedgerBench.Options) {
    self.options = options
    session = PostgresSession(StoreSettings.ledger(url: options.url, role: "bench"), name: "bench")
    floorSession = PostgresSession(StoreSettings.ledger(url: options.url, role: "bench-floor"), name: "floor")
    ledger = PostgresAcceptanceLedger(session: session)
    settlements = PostgresSettlementLedger(session: session)
  }

  /// Fills the database with accounts and instruments, claims all shards, makes the floor's tables.
  func prepare() async throws {
    let wanted = options.accounts
    try await session.use { (connection) throws(PostgresError) in
      try connection.execute(
        """
        INSERT INTO instruments (symbol, name, shard)
          SELECT 'BEN' || chr(65 + n / 26) || chr(65 + n % 26), 'Bench ' || n, (SELECT shard FROM shard_logs ORDER BY shard OFFSET n % (SELECT count(*) FROM shard_logs) LIMIT 1)
          FROM generate_series(0, 63) n ON CONFLICT DO NOTHING;
        INSERT INTO accounts (public_id, name, cash) SELECT gen_random_uuid(), 'bench', 100000000000000
          FROM generate_series(1, \(wanted) - (SELECT count(*) FROM accounts WHERE name = 'bench'));
        INSERT INTO positions SELECT account_id, instrument_id, 1000000, 0, 0 FROM accounts, instruments
          WHERE accounts.name = 'bench' AND instruments.name LIKE 'Bench %'
            AND NOT EXISTS (SELECT FROM positions p WHERE p.account_id = accounts.account_id);
        DROP TABLE IF EXISTS floor_command_log, floor_orders, floor_order_keys, floor_shard_fence, floor_account_change,
          floor_position_update, floor_order_change, floor_trades, floor_order_events, floor_price_change;
        CREATE TABLE floor_command_log (LIKE command_log, UNIQUE (shard, sequence));
        CREATE TABLE floor_orders (LIKE orders, PRIMARY KEY (account_id, order_id));
        CREATE TABLE floor_order_keys (LIKE order_keys, PRIMARY KEY (account_id, digest));
        CREATE TABLE floor_trades (LIKE trades);
        CREATE TABLE floor_order_events (LIKE order_events);
        CREATE TABLE floor_shard_fence OF shard_fence;
        CREATE TABLE floor_account_change OF account_change;
        CREATE TABLE floor_position_update OF position_update;
        CREATE TABLE floor_order_change OF order_change;
        CREATE TABLE floor_price_change OF price_change;
        """)
      try connection.execute("ANALYZE; CHECKPOINT")
    }
    try await readFixture()
  }

  private func readFixture() async throws {
    let rows = try await session.use { (connection) throws(PostgresError) in
      try connection.pipeline([
        PostgresCall(.init("bench_accounts", "SELECT account_id FROM accounts WHERE name = 'bench'")),
        PostgresCall(
          .init("bench_instruments", "SELECT instrument_id, shard FROM instruments WHERE name LIKE 'Bench %'")),
      ])
    }
    accounts = (0..<rows[0].count).map { AccountNumber(rawValue: rows[0].int8($0, 0)) }
    instruments = (0..<rows[1].count).map {
      (InstrumentID(rawValue: rows[1].int4($0, 0)), Shard(rawValue: rows[1].int2($0, 1)))
    }
    for shard in Set(instruments.map(\.shard)) {
      guard
        let ownership = try await settlements.claim(shard, owner: WorkerID(rawValue: "bench"), nonce: random.next()),
        let book = try await settlements.books(of: [shard]).first
      else { continue }
      var engine = try ShardEngine(book)
      // What an earlier run accepted and did not settle is settled first.
      let rest = try await settlements.log(of: shard, after: ownership.processed, limit: 1_000_000)
      if !rest.isEmpty {
        let settlement = engine.apply(rest)
        _ = try await settlements.settle([ShardCommit(ownership: ownership, settlement: settlement)], at: now())
      }
      engines[shard] = (ownership, engine)
    }
  }

  /// Accepts and settles about the wanted number of orders in batches; the asked-for part and its floor are measured.
  func measure(_ part: LedgerBench.Part, batch size: Int) async throws -> LedgerBench.Row {
    var row = LedgerBench.Row(batch: size, orders: 0, product: 0, floor: 0, wall: 0)
    var ticks = (product: Int64(0), floor: Int64(0))
    var nanoseconds: Int64 = 0
    let processes = (product: try await pid(session), floor: try await pid(floorSession))
    let batches = max(4, options.rounds / size)
    // Some batches first, unmeasured: statements are prepared, pages are warm.
    for number in -max(4, batches / 10)..<batches {
      let requests = (0..<size).map { _ in request() }
      let begun = HostClock.monotonicNanoseconds()
      let before = ProcessorTime.nanoseconds(of: processes.product)
      let accepted = try await ledger.accept(requests.map { .place($0) }, now: now())
      let between = ProcessorTime.nanoseconds(of: processes.product)
      let acceptTime = HostClock.monotonicNanoseconds() - begun
      let commits = settlementsOf(accepted.entries)
      let settleBegun = HostClock.monotonicNanoseconds()
      let time = now()
      guard try await settlements.settle(commits, at: time) == .committed else { throw BenchFault.fenced }
      let settleTime = HostClock.monotonicNanoseconds() - settleBegun
      let after = ProcessorTime.nanoseconds(of: processes.product)
      let rows =
        part == .accept
        ? AcceptedRows.byType(accepted, keys: requests.map(\.clientKey))
        : SettlingTransaction(commits: commits, now: time).rowsByType
      let floorBefore = ProcessorTime.nanoseconds(of: processes.floor)
      try await load(rows)
      let floorAfter = ProcessorTime.nanoseconds(of: processes.floor)
      guard number >= 0 else { continue }
      row.orders += size
      ticks.product += part == .accept ? between - before : after - between
      ticks.floor += floorAfter - floorBefore
      nanoseconds += part == .accept ? acceptTime : settleTime
    }
    row.product = Double(ticks.product) / 1_000 / Double(row.orders)
    row.floor = Double(ticks.floor) / 1_000 / Double(row.orders)
    row.wall = Double(row.orders) * 1e9 / Double(max(1, nanoseconds))
    return row
  }

  private func settlementsOf(_ entries: [LogEntry]) -> [ShardCommit] {
    Dictionary(grouping: entries, by: \.shard).map { shard, entries in
      let settlement = engines[shard]!.engine.apply(entries)
      return ShardCommit(ownership: engines[shard]!.ownership, settlement: settlement)
    }
  }

  /// COPY of the rows into the floor's tables, one transaction.
  private func load(_ tables: [(type: String, rows: RowArray)]) async throws {
    try await floorSession.use { (connection) throws(PostgresError) in
      try connection.execute("BEGIN")
      for (type, rows) in tables where rows.count > 0 {
        try connection.copyIn("COPY floor_\(type) FROM STDIN (FORMAT binary)", rows.copyRows)
      }
      try connection.execute("COMMIT")
    }
  }

  /// A limit order near 100 dollars: about a third of them trade at once.
  private func request() -> PlaceRequest {
    serial += 1
    let instrument = instruments[Int(random.next() % UInt64(instruments.count))]
    let side: Side = random.next() & 1 == 0 ? .buy : .sell
    let away = Int64(random.next() % 30) - 10
    let price = 1_000_000 + (side == .buy ? -away : away) * 100
    return PlaceRequest(
      account: accounts[Int(random.next() % UInt64(accounts.count))], instrument: instrument.id,
      shard: instrument.shard,
      terms: OrderTerms(
        side, Quantity(rawValue: Int64(random.next() % 9 + 1) * 10), at: Price(rawValue: price)),
      clientOrderID: "bench-\(random.next())",
      clientKey: RequestKey(
        digest: UniqueID(high: random.next(), low: random.next()), fingerprint: nil), idempotencyKey: nil,
      random: random.next())
  }

  private func now() -> Timestamp { Timestamp(rawValue: HostClock.microsecondsSinceEpoch()) }

  private func pid(_ session: PostgresSession) async throws -> Int32 {
    try await session.use { (connection) throws(PostgresError) in connection.backendPID }
  }
}

/// Why a bench cannot go on.
enum BenchFault: Error, CustomStringConvertible {
  case fenced

  var description: String {
    switch self {
    case .fenced: "another process works on this database: give the bench one of its own"
    }
  }
}

/// A small seeded generator.
///
/// Source: G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators", 2014 (SplitMix64).
struct SplitMix {
  private var state: UInt64
  init(seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
