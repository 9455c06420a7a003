import Accounting
import Market
import Ports
import Postgres
import PostgresStore
import Services
import Sharding

/// Random numbers from a seed: SplitMix64 (G. Steele, D. Lea, C. Flood, 2014).
struct SeededNumbers: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}

/// A small market that goes through the real ledgers: random requests, accepted and, shard by shard, settled later.
struct RandomMarket {
  var numbers: SeededNumbers
  /// One command in so many goes into quarantine when its turn comes; 0 for none.
  var quarantineOneIn = 0
  private let sessions: [PostgresSession]
  private let entry: PostgresEntryLedger
  private let settlement: PostgresSettlementLedger
  private let quarantine: QuarantineAdministration
  private(set) var now: Timestamp
  private var engines: [Shard: ShardEngine] = [:]
  private var ownerships: [Shard: Ownership] = [:]
  private var waiting: [Shard: [LogEntry]] = [:]
  private var known: [(account: AccountNumber, id: OrderID)] = []

  /// Opens the market on a database of ``StoreDatabase`` and claims its shards.
  init(_ url: String, seed: UInt64, from start: Timestamp = StoreDatabase.noon) async throws {
    numbers = SeededNumbers(seed: seed)
    now = start
    sessions = [StoreDatabase.session(url), StoreDatabase.session(url)]
    entry = PostgresEntryLedger(session: sessions[0])
    settlement = PostgresSettlementLedger(session: sessions[1])
    quarantine = QuarantineAdministration(session: sessions[0])
    for number in 0..<StoreDatabase.shards { try await claim(Shard(rawValue: number)) }
  }

  /// Takes a shard over, as a new owner does: what it knows is what is stored.
  mutating func claim(_ shard: Shard) async throws {
    let ownership = try await settlement.claim(shard, owner: WorkerID(rawValue: "tests"), nonce: numbers.next())!
    ownerships[shard] = ownership
    var engine = try ShardEngine(await settlement.books(of: [shard])[0])
    engine.recall(quarantined: try await settlement.standing(of: ownership).quarantined)
    engines[shard] = engine
  }

  /// Accepts so many batches; between them some shards settle.
  mutating func trade(batches: Int) async throws {
    for _ in 0..<batches {
      try await accept()
      for shard in engines.keys.sorted() where Bool.random(using: &numbers) { try await settle([shard]) }
    }
  }

  /// Accepts one batch without settling it.
  mutating func accept() async throws {
    now = now.advanced(byMicroseconds: 1_000)
    let requests = (0..<Int.random(in: 1...12, using: &numbers)).map { _ in request() }
    let batch = try await entry.accept(requests, now: now)
    for case .accepted(let order) in batch.answers { known.append((order.account, order.id)) }
    for entry in batch.entries { waiting[entry.shard, default: []].append(entry) }
  }

  /// Settles what waits, in one transaction.
  mutating func settle(_ shards: [Shard]? = nil) async throws {
    now = now.advanced(byMicroseconds: 1_000)
    var commits: [ShardCommit] = []
    for shard in shards ?? engines.keys.sorted() {
      guard let entries = waiting.removeValue(forKey: shard) else { continue }
      guard quarantineOneIn == 0 else {
        try await settleWithQuarantine(entries, of: shard)
        continue
      }
      let settlement = engines[shard]!.apply(entries)
      commits.append(ShardCommit(ownership: ownerships[shard]!, settlement: settlement))
    }
    guard !commits.isEmpty else { return }
    let outcome = try await settlement.settle(commits, at: now)
    precondition(outcome == .committed, "a settlement was fenced: \(outcome)")
  }

  /// Settles one command after the other; some go into quarantine.
  private mutating func settleWithQuarantine(_ entries: [LogEntry], of shard: Shard) async throws {
    for entry in entries {
      var commit: ShardCommit
      if Int.random(in: 0..<quarantineOneIn, using: &numbers) == 0 {
        commit = ShardCommit(
          ownership: ownerships[shard]!, settlement: engines[shard]!.quarantine(entry.sequence),
          quarantine: QuarantineReason(reason: "by chance", tries: 3))
      } else {
        commit = ShardCommit(ownership: ownerships[shard]!, settlement: engines[shard]!.apply([entry]))
      }
      let outcome = try await settlement.settle([commit], at: now)
      precondition(outcome == .committed, "a settlement was fenced: \(outcome)")
    }
  }

  /// Has some of what is in quarantine carried out again or refused.
  mutating func resolve(oneIn: Int) async throws {
    for command in try await quarantine.list(includesResolved: false, limit: 100_000) {
      guard Int.random(in: 0..<oneIn, using: &numbers) == 0 else { continue }
      let came =
        Bool.random(using: &numbers)
        ? try await quarantine.retry(command.shard, command.sequence, note: nil)
        : try await quarantine.refuse(command.shard, command.sequence, reason: "by chance")
      // Where workers look too: in the log.
      let before = Sequence(rawValue: came.sequence.rawValue - 1)
      waiting[command.shard, default: []] += try await settlement.log(of: command.shard, after: before, limit: 1)
    }
  }

  /// The orders that rest in the books of all shards.
  func books() -> [OpenOrder] { engines.values.flatMap { $0.restingOrders() } }

  /// The last command of a shard that was settled.
  func cursor(of shard: Shard) -> Sequence? { engines[shard]?.cursor }

  /// Leaves the database, so that it can be copied.
  func close() async {
    for session in sessions { await session.disconnect() }
  }

  private mutating func request() -> EntryRequest {
    let kind = Int.random(in: 0..<100, using: &numbers)
    // Mostly recent orders, which are often still open; sometimes older ones, which have been processed.
    let recent = Bool.random(using: &numbers) ? 60 : 400
    guard kind < 35, let target = known.suffix(recent).randomElement(using: &numbers) else { return .place(place()) }
    if kind < 15 { return .cancel(CancelRequest(account: target.account, order: target.id)) }
    return .replace(
      ReplaceRequest(
        account: target.account, target: target.id,
        quantity: Bool.random(using: &numbers) ? quantity() : nil, price: Bool.random(using: &numbers) ? price() : nil,
        timeInForce: nil, clientOrderID: "client-\(numbers.next())", clientKey: key(),
        idempotencyKey: nil, random: numbers.next()))
  }

  private mutating func place() -> PlaceRequest {
    let instrument = Int32.random(in: 1...StoreDatabase.instruments, using: &numbers)
    let isMarket = Int.random(in: 0..<8, using: &numbers) == 0
    let timeInForce: TimeInForce =
      isMarket ? .ioc : [.day, .day, .day, .gtc, .ioc, .fok].randomElement(using: &numbers)!
    let idempotent = Int.random(in: 0..<4, using: &numbers) == 0
    return PlaceRequest(
      account: StoreDatabase.accounts.randomElement(using: &numbers)!,
      instrument: InstrumentID(rawValue: instrument), shard: StoreDatabase.shard(of: instrument),
      side: Side.allCases.randomElement(using: &numbers)!, type: isMarket ? .market : .limit, timeInForce: timeInForce,
      postOnly: timeInForce == .day && Int.random(in: 0..<6, using: &numbers) == 0,
      selfTradePrevention: [nil, .cancelNewest, .cancelOldest, .cancelBoth].randomElement(using: &numbers)!,
      price: price(), quantity: quantity(), clientOrderID: "client-\(numbers.next())", clientKey: key(),
      idempotencyKey: idempotent ? RequestKey(digest: digest(), fingerprint: 7) : nil, random: numbers.next())
  }

  private mutating func price() -> Price { Price(rawValue: Int64.random(in: 95...105, using: &numbers) * 10_000) }
  private mutating func quantity() -> Quantity { Quantity(rawValue: Int64.random(in: 1...200, using: &numbers)) }
  private mutating func digest() -> UniqueID { UniqueID(high: numbers.next(), low: numbers.next()) }
  private mutating func key() -> RequestKey { RequestKey(digest: digest(), fingerprint: nil) }
}
