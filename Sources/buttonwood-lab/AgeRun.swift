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

/// One run of `bench age`.
struct AgeRun {
  /// Requests of a kind in a row.
  private static let portion = 20
  /// Rounds before it is measured: statements are prepared, pages are warm.
  private static let warming = 2

  private let options: AgeBench.Options

  init(_ options: AgeBench.Options) { self.options = options }

  func run() async throws -> AgeReport {
    let fixtures = try await [make("age_few", days: options.few), make("age_many", days: options.many)]
    var sums = Dictionary(
      uniqueKeysWithValues: AgeRequest.allCases.map { ($0, [[Int64]](repeating: [0, 0], count: 2)) })
    for round in -Self.warming..<options.rounds {
      for request in AgeRequest.allCases {
        for (place, fixture) in fixtures.enumerated() {
          let (cpu, wall) = try await fixture.measure(request, times: Self.portion)
          guard round >= 0 else { continue }
          sums[request]![place][0] += cpu
          sums[request]![place][1] += wall
        }
      }
    }
    for fixture in fixtures { await fixture.close() }
    try administer("DROP DATABASE age_few; DROP DATABASE age_many")
    let times = Int64(options.rounds * Self.portion)
    return AgeReport(
      few: options.few, many: options.many,
      rows: AgeRequest.allCases.map { request in
        let (few, many) = (sums[request]![0], sums[request]![1])
        return AgeReport.Row(
          name: request.rawValue, few: few[0] / times, many: many[0] / times, fewWall: few[1] / times,
          manyWall: many[1] / times)
      })
  }

  private func administer(_ sql: String) throws {
    var connection = try PostgresConnection(StoreSettings.analysis(url: options.url, role: "lab"))
    for statement in sql.split(separator: ";") { try connection.execute(String(statement)) }
  }

  /// The same server's database of another name.
  static func url(_ url: String, of name: String) -> String {
    let end = url.firstIndex(of: "?") ?? url.endIndex
    let slash = url[..<end].lastIndex(of: "/") ?? end
    return "\(url[..<slash])/\(name)\(url[end...])"
  }

  private func migrate(_ url: String, days: Int) throws {
    var connection = try PostgresConnection(StoreSettings.analysis(url: url, role: "lab"))
    _ = try Migrator.run(&connection, shards: 4)
    // Yesterday, today and the coming week are there.
    let past = Int32(max(0, days - 2 - Partitions.daysAhead))
    if past > 0 { _ = try Partitions.make(&connection, from: -1 - past, days: past) }
  }

  private func make(_ name: String, days: Int) async throws -> AgeFixture {
    try administer("DROP DATABASE IF EXISTS \(name); CREATE DATABASE \(name)")
    let url = Self.url(options.url, of: name)
    try migrate(url, days: days)
    let fixture = try await AgeFixture(url: url)
    try await fixture.fill()
    return fixture
  }
}

/// What is asked.
enum AgeRequest: String, CaseIterable {
  case post
  case settle
  case cancel
  case replace
  case get
  case open = "list open"
  case all = "list all"
  case activities
  case claim
}

/// One of the databases, with what talks to it.
final class AgeFixture {
  private static let shard = Shard(rawValue: 0)

  private let session: PostgresSession
  private let entry: PostgresAcceptanceLedger
  private let settlements: PostgresSettlementLedger
  private let reader: PostgresAccountReader
  private let accountStore: PostgresAccountStore
  private let accounts: [AccountNumber]
  private let instrument: InstrumentID
  private var ownership: Ownership
  private var engine: ShardEngine
  private var random = SplitMix(seed: 7)
  private var waiting: [LogEntry] = []
  private var resting: [OrderID] = []

  init(url: String) async throws {
    session = PostgresSession(StoreSettings.ledger(url: url, role: "lab"), name: "age")
    entry = PostgresAcceptanceLedger(session: session)
    settlements = PostgresSettlementLedger(session: session)
    reader = PostgresAccountReader(pool: PostgresPool([session]))
    accountStore = PostgresAccountStore(pool: PostgresPool([session]))
    let rows = try await session.use { (connection) throws(PostgresError) in
      try connection.execute(
        """
        INSERT INTO instruments (symbol, name, shard) VALUES ('AGE', 'Age', 0);
        INSERT INTO accounts (public_id, name, cash)
          SELECT gen_random_uuid(), 'age', 100000000000000 FROM generate_series(1, 2);
        INSERT INTO positions SELECT account_id, instrument_id, 100000000, 0, 0 FROM accounts, instruments
        """)
      return try connection.query(
        PostgresCall(.init("age_accounts", "SELECT account_id, instrument_id FROM positions ORDER BY account_id")))
    }
    accounts = (0..<rows.count).map { AccountNumber(rawValue: rows.int8($0, 0)) }
    instrument = InstrumentID(rawValue: rows.int4(0, 1))
    guard
      let won = try await settlements.claim(Self.shard, owner: WorkerID(rawValue: "lab"), nonce: 1),
      let book = try await settlements.books(of: [Self.shard]).first
    else { throw BenchFault.fenced }
    ownership = won
    engine = try ShardEngine(book)
  }

  func close() async { await session.disconnect() }

  /// Orders that rest and orders that trade.
  func fill() async throws {
    for _ in 0..<10 {
      _ = try await entry.accept((0..<20).map { _ in .place(place(.buy, at: 90)) }, now: now).remember(in: self)
      _ = try await entry.accept((0..<10).map { _ in .place(place(.sell, at: 100)) }, now: now).remember(in: self)
      _ = try await entry.accept((0..<10).map { _ in .place(place(.buy, at: 100)) }, now: now).remember(in: self)
      try await settle()
    }
    try await session.use { (connection) throws(PostgresError) in try connection.execute("ANALYZE") }
  }

  /// CPU time of the server's process, and time on the clock, in nanoseconds.
  func measure(_ request: AgeRequest, times: Int) async throws -> (cpu: Int64, wall: Int64) {
    try await prepare(request, times: times)
    let pid = try await session.use { (connection) throws(PostgresError) in connection.backendPID }
    let (before, begun) = (ProcessorTime.nanoseconds(of: pid), HostClock.monotonicNanoseconds())
    for _ in 0..<times { try await carryOut(request) }
    let result = (ProcessorTime.nanoseconds(of: pid) - before, HostClock.monotonicNanoseconds() - begun)
    if !waiting.isEmpty { try await settle() }
    return result
  }

  /// What a request needs and is not measured.
  private func prepare(_ request: AgeRequest, times: Int) async throws {
    guard request == .settle || request == .cancel || request == .replace else { return }
    let batch = try await entry.accept((0..<times).map { _ in .place(place(.buy, at: 80)) }, now: now)
    batch.remember(in: self)
    if request != .settle { try await settle() }
  }

  private func carryOut(_ request: AgeRequest) async throws {
    let account = accounts[0]
    switch request {
    case .post: try await entry.accept([.place(place(.buy, at: 85))], now: now).remember(in: self)
    case .settle: try await settle(limit: 1)
    case .cancel:
      try await entry.accept([.cancel(CancelRequest(account: account, order: resting.removeLast()))], now: now)
        .remember(in: self)
    case .replace:
      let replace = ReplaceRequest(
        account: account, target: resting.removeLast(), changes: ChangedTerms(quantity: Quantity(rawValue: 3)),
        clientOrderID: "age", clientKey: key(), idempotencyKey: nil, random: random.next())
      try await entry.accept([.replace(replace)], now: now).remember(in: self, asTargets: false)
    case .get: _ = try await reader.order(resting.last!, of: account)
    case .open: _ = try await reader.orders(OrderQuery(account: account))
    case .all:
      var query = OrderQuery(account: account)
      query.scope = .all
      _ = try await reader.orders(query)
    case .activities: _ = try await accountStore.activities(ActivityQuery(account: account))
    case .claim:
      guard
        let won = try await settlements.claim(Self.shard, owner: WorkerID(rawValue: "lab"), nonce: random.next())
      else { throw BenchFault.fenced }
      ownership = won
      _ = try await settlements.books(of: [Self.shard])
    }
  }

  private func settle(limit: Int = .max) async throws {
    let some = Array(waiting.prefix(limit))
    waiting.removeFirst(some.count)
    guard let last = some.last else { return }
    let commit = ShardCommit(ownership: ownership, settlement: engine.apply(some))
    guard try await settlements.settle([commit], at: now) == .committed else { throw BenchFault.fenced }
    ownership.processed = last.sequence
  }

  fileprivate func remember(_ batch: AcceptedBatch, asTargets: Bool) {
    waiting += batch.entries
    guard asTargets else { return }
    for case .accepted(let order) in batch.answers where order.account == accounts[0] && order.price.rawValue < 950_000
    {
      resting.append(order.id)
    }
  }

  private func place(_ side: Side, at dollars: Int64) -> PlaceRequest {
    PlaceRequest(
      account: accounts[side == .buy ? 0 : 1], instrument: instrument, shard: Self.shard,
      terms: OrderTerms(
        side, Quantity(rawValue: 2), at: Price(rawValue: dollars * 10_000), timeInForce: .gtc),
      clientOrderID: "age", clientKey: key(), idempotencyKey: nil,
      random: random.next())
  }

  private func key() -> RequestKey {
    RequestKey(digest: UniqueID(high: random.next(), low: random.next()), fingerprint: nil)
  }

  private var now: Timestamp { Timestamp(rawValue: HostClock.microsecondsSinceEpoch()) }
}

extension AcceptedBatch {
  /// Has the world settle it later.
  fileprivate func remember(in fixture: AgeFixture, asTargets: Bool = true) {
    fixture.remember(self, asTargets: asTargets)
  }
}
