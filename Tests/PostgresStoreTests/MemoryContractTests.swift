import Accounting
import Engine
import Lifecycle
import Market
import Ports
import Postgres
import PostgresStore
import Sharding
import Simulation
import Testing

/// The memory database that schedules are simulated with does what PostgreSQL does: the same requests, claims, settlements
/// and instructions, drawn at random, are answered alike and leave the same rows.
@Suite struct MemoryContractTests {
  @Test(arguments: [11, 12, 13] as [UInt64]) func ledgersDoAlike(seed: UInt64) async throws {
    var pair = try await LedgerPair(seed: seed)
    try await pair.claim()
    for _ in 0..<60 {
      try await pair.accept()
      try await pair.settle()
      try await pair.compare()
    }
  }

  /// Readers of accounts, their events, shards and what follows from them answer alike.
  @Test(arguments: [21, 22] as [UInt64]) func readersAnswerAlike(seed: UInt64) async throws {
    var pair = try await LedgerPair(seed: seed)
    try await pair.claim()
    for _ in 0..<25 {
      try await pair.accept()
      try await pair.settle()
      try await pair.compareAccounts()
      try await pair.compareEvents()
      try await pair.compareShards()
    }
  }

  /// Bands and pauses are told, begun and ended alike.
  @Test(arguments: [31, 32] as [UInt64]) func bandsAreKeptAlike(seed: UInt64) async throws {
    var pair = try await LedgerPair(seed: seed)
    try await pair.claim()
    for _ in 0..<40 {
      try await pair.accept()
      try await pair.settle()
      try await pair.keepBands()
      try await pair.compare()
    }
  }
}

/// Both databases, with the same content.
struct LedgerPair {
  private typealias Real = (
    entry: PostgresAcceptanceLedger, settlement: PostgresSettlementLedger, leading: PostgresTermStore,
    market: PostgresMarketDayStore
  )
  static let shards = (0..<StoreDatabase.shards).map { Shard(rawValue: $0) }
  private static let worker = WorkerID(rawValue: "contract")

  private let real: Real
  var realMarket: PostgresMarketDayStore { real.market }
  let url: String
  let accounts: PostgresAccountReader
  let events: PostgresAccountEventReader
  let shardReader: PostgresShardReader
  let database: MemoryDatabase
  let copy: MemoryStore
  var random: SeededNumbers
  private var requests: RandomRequests
  private(set) var known: [OrderID] = []
  private(set) var now = StoreDatabase.noon
  private var ownerships: (real: [Shard: Ownership], copy: [Shard: Ownership]) = ([:], [:])
  private var stale: (real: [Shard: Ownership], copy: [Shard: Ownership]) = ([:], [:])
  private var engines: [Shard: ShardEngine] = [:]
  private(set) var leadership: (real: Leadership, copy: Leadership)
  private var stage = SessionPoint(Day(rawValue: 20_000), .preOpen)

  init(seed: UInt64) async throws {
    let url = try StoreDatabase.make()
    self.url = url
    accounts = PostgresAccountReader(pool: PostgresPool([StoreDatabase.session(url)]))
    events = PostgresAccountEventReader(session: StoreDatabase.session(url))
    shardReader = PostgresShardReader(session: StoreDatabase.session(url))
    real = (
      PostgresAcceptanceLedger(session: StoreDatabase.session(url)),
      PostgresSettlementLedger(session: StoreDatabase.session(url)),
      PostgresTermStore(session: StoreDatabase.session(url)),
      PostgresMarketDayStore(session: StoreDatabase.session(url))
    )
    let state = DatabaseState(
      instruments: Dictionary(
        uniqueKeysWithValues: (1...StoreDatabase.instruments).map {
          (InstrumentID(rawValue: $0), StoreDatabase.shard(of: $0))
        }),
      accounts: StoreDatabase.accounts, cash: StoreDatabase.cash, shares: StoreDatabase.shares)
    database = MemoryDatabase(state)
    copy = MemoryStore(database, of: SimulatedProcess("contract"), in: Environment(seed: 1))
    random = SeededNumbers(seed: seed)
    requests = RandomRequests(
      accounts: StoreDatabase.accounts, shards: state.instruments, .init(isConditional: true, hasDays: true),
      client: Int(seed))
    leadership = (
      try await real.leading.elect(Self.worker, nonce: 5), try await copy.elect(Self.worker, nonce: 5)
    )
    #expect(leadership.real == leadership.copy)
  }

  mutating func claim() async throws {
    stale = ownerships
    let nonces = Dictionary(
      uniqueKeysWithValues: Self.shards.map { ($0, UInt64.random(in: 1 ... .max, using: &random)) })
    ownerships = (
      try await real.settlement.claim(nonces, owner: Self.worker), try await copy.claim(nonces, owner: Self.worker)
    )
    for shard in Self.shards {
      let (one, two) = (try #require(ownerships.real[shard]), try #require(ownerships.copy[shard]))
      #expect((one.epoch, one.processed, one.nonce) == (two.epoch, two.processed, two.nonce))
      let (standing, copied) = (
        try await real.settlement.attempts(of: one), try await copy.attempts(of: two)
      )
      #expect(standing == copied)
    }
    for book in try await real.settlement.books(of: Self.shards) { engines[book.shard] = try ShardEngine(book) }
  }

  mutating func accept() async throws {
    now = now.advanced(byMicroseconds: 1_000)
    var batch: [AcceptanceRequest] = []
    for _ in 0..<Int.random(in: 1...8, using: &random) {
      let target = known.suffix(80).randomElement(using: &random).flatMap { database.state.orders[$0] }
      batch.append(requests.next(target: target, &random))
    }
    let (one, two) = (try await real.entry.accept(batch, now: now), try await copy.accept(batch, now: now))
    #expect(one.answers.map(Self.comparable) == two.answers.map(Self.comparable))
    #expect(one.entries.map(Self.timeless) == two.entries.map(Self.timeless))
    for case .accepted(let order) in two.answers { known += ([order] + order.legs).map(\.id) }
    guard Int.random(in: 0..<4, using: &random) == 0 else { return }
    // The same once more, as clients do that heard nothing.
    let (again, copied) = (try await real.entry.accept(batch, now: now), try await copy.accept(batch, now: now))
    #expect(again.answers.map(Self.comparable) == copied.answers.map(Self.comparable))
    #expect(again.entries.map(Self.timeless) == copied.entries.map(Self.timeless))
  }

  /// Which of several own orders a request would meet is not said.
  private static func comparable(_ answer: AcceptedBatch.Answer) -> AcceptedBatch.Answer {
    if case .refused(.selfCross) = answer { return .refused(.selfCross(existing: UniqueID(high: 0, low: 0))) }
    return answer
  }

  static func timeless(_ entry: LogEntry) -> LogEntry {
    var entry = entry
    entry.timeline = .unnamed
    // The database writes instructions by its own clock.
    if case .halt = entry.command { entry.acceptedAt = Timestamp(rawValue: 0) }
    return entry
  }

  mutating func settle() async throws {
    now = now.advanced(byMicroseconds: 1_000)
    switch Int.random(in: 0..<12, using: &random) {
    case 0: return try await claim()
    case 1: return try await append()
    case 2: try await trySingly()
    default: break
    }
    var commits: (real: [ShardCommit], copy: [ShardCommit]) = ([], [])
    // Now and then by an owner of before.
    let isStale = !stale.real.isEmpty && Int.random(in: 0..<10, using: &random) == 0
    for shard in Self.shards where Bool.random(using: &random) {
      let entries = try await copy.log(of: shard, after: engines[shard]!.cursor, limit: 100)
      guard !entries.isEmpty else { continue }
      var engine = engines[shard]!
      let settlement = engine.apply(entries)
      if !isStale { engines[shard] = engine }
      let owners =
        isStale ? (stale.real[shard]!, stale.copy[shard]!) : (ownerships.real[shard]!, ownerships.copy[shard]!)
      commits.real.append(ShardCommit(ownership: owners.0, settlement: settlement))
      commits.copy.append(ShardCommit(ownership: owners.1, settlement: settlement))
    }
    guard !commits.real.isEmpty else { return }
    let (one, two) = (
      try await real.settlement.settle(commits.real, at: now), try await copy.settle(commits.copy, at: now)
    )
    #expect(one == two)
    #expect(two == .committed || isStale)
  }

  /// What is known against commands, and what is taken back of it.
  private mutating func trySingly() async throws {
    let shard = Self.shards.randomElement(using: &random)!
    let next = engines[shard]!.cursor.next
    let (one, two) = (ownerships.real[shard]!, ownerships.copy[shard]!)
    #expect(
      try await real.settlement.recordAttempt(of: next, by: one) == (try await copy.recordAttempt(of: next, by: two)))
    guard Bool.random(using: &random) else { return }
    try await real.settlement.withdrawTry(of: next, in: shard)
    try await copy.withdrawTry(of: next, in: shard)
  }

  /// The leader leads instruments to the next stage.
  private mutating func append() async throws {
    let standings = (
      try await real.market.behind(.at(stage)), try await copy.behind(.at(stage))
    )
    #expect(standings.0.map(Self.unpriced) == standings.1.map(Self.unpriced))
    guard let first = standings.1.first(where: { !$0.isComing && $0.instructed?.isCleared ?? true }) else { return }
    let batch = MarketBatch(
      shard: first.shard,
      instructions: [
        .init(first.instrument, seen: first.instructed?.sequence, steps: [stage], auction: AuctionTerms(partLimit: 0))
      ])
    let outcomes = (
      try await real.market.append(batch, within: leadership.real, at: now),
      try await copy.append(batch, within: leadership.copy, at: now)
    )
    guard case .appended(let one) = outcomes.0, case .appended(let two) = outcomes.1 else {
      #expect(outcomes.0 == outcomes.1)
      return
    }
    #expect(one.map(Self.timeless) == two.map(Self.timeless))
    if standings.1.count == 1 { stage = SessionPoint(stage.day, stage.stage == .preOpen ? .open : .preOpen) }
  }

  private static func unpriced(_ standing: InstrumentProgress) -> InstrumentProgress {
    var standing = standing
    standing.reference = nil
    return standing
  }

  /// What is stored is the same.
  func compare() async throws {
    let (ends, copied) = (
      try await real.settlement.logEnds(of: Self.shards), try await copy.logEnds(of: Self.shards)
    )
    #expect(ends.sequences == copied.sequences)
    let books = (
      try await real.settlement.books(of: Self.shards), try await copy.books(of: Self.shards)
    )
    for (one, two) in zip(books.0, books.1) {
      #expect(one.processed == two.processed)
      #expect(one.orders.map { OpenOrder($0) } == two.orders.map { OpenOrder($0) })
      #expect(one.orders.map(\.conditions) == two.orders.map(\.conditions))
      #expect(one.lastPrices == two.lastPrices)
      #expect(one.phases == two.phases)
      #expect(one.auctions == two.auctions)
    }
    let logs = (
      try await real.settlement.processedLog(of: Self.shards[0], after: .zero, limit: 10_000),
      try await copy.processedLog(of: Self.shards[0], after: .zero, limit: 10_000)
    )
    #expect(logs.0.map(\.isQuarantined) == logs.1.map(\.isQuarantined))
    #expect(logs.0.map { Self.timeless($0.entry) } == logs.1.map { Self.timeless($0.entry) })
  }
}
