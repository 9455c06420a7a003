import Accounting
import Engine
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
  /// One new order in so many waits for a price or brings legs along; 0 for none.
  var conditionalOneIn = 0
  private let sessions: [PostgresSession]
  private let entry: PostgresAcceptanceLedger
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
    entry = PostgresAcceptanceLedger(session: sessions[0])
    settlement = PostgresSettlementLedger(session: sessions[1])
    quarantine = QuarantineAdministration(session: sessions[0])
    for number in 0..<StoreDatabase.shards { try await claim(Shard(rawValue: number)) }
  }

  /// Takes a shard over, as a new owner does: what it knows is what is stored.
  mutating func claim(_ shard: Shard) async throws {
    let ownership = try await settlement.claim(shard, owner: WorkerID(rawValue: "tests"), nonce: numbers.next())!
    ownerships[shard] = ownership
    var engine = try ShardEngine(await settlement.books(of: [shard])[0])
    engine.recall(quarantined: try await settlement.attempts(of: ownership).quarantined)
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
    for case .accepted(let order) in batch.answers {
      for order in [order] + order.legs { known.append((order.account, order.id)) }
    }
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
  func books() -> [OpenOrder] { engines.values.flatMap { $0.openOrders() } }

  /// The last command of a shard that was settled.
  func cursor(of shard: Shard) -> Sequence? { engines[shard]?.cursor }

  /// Leaves the database, so that it can be copied.
  func close() async {
    for session in sessions { await session.disconnect() }
  }

  private mutating func request() -> AcceptanceRequest {
    let kind = Int.random(in: 0..<100, using: &numbers)
    // Mostly recent orders, which are often still open; sometimes older ones, which have been processed.
    let recent = Bool.random(using: &numbers) ? 60 : 400
    guard kind < 45, let target = known.suffix(recent).randomElement(using: &numbers) else { return .place(place()) }
    if kind < 15 { return .cancel(CancelRequest(account: target.account, order: target.id)) }
    return .replace(
      ReplaceRequest(
        account: target.account, target: target.id,
        changes: ChangedTerms(
          quantity: Bool.random(using: &numbers) ? quantity() : nil,
          price: Bool.random(using: &numbers) ? price() : nil,
          stop: conditionalOneIn > 0 && Bool.random(using: &numbers) ? price() : nil),
        collar: 500, clientOrderID: "client-\(numbers.next())", clientKey: key(),
        idempotencyKey: nil, random: numbers.next()))
  }

  /// Makes a stop, a trailing stop or the head of a class of a plain order.
  private mutating func condition(_ request: inout PlaceRequest) {
    request.timeInForce = .gtc
    request.postOnly = false
    request.type = OrderType.allCases.randomElement(using: &numbers)!
    switch Int.random(in: 0..<10, using: &numbers) {
    case 0..<3: setStop(&request)
    case 3..<5:
      let distance: Trail.Distance =
        Bool.random(using: &numbers)
        ? .amount(Int64.random(in: 1...40_000, using: &numbers))
        : .fraction(Int64.random(in: 1...400, using: &numbers))
      request.type = .market
      request.trigger = Trigger(Trail(distance, mark: price(), collar: 500), request.side)
      request.price = request.trigger!.stop.protected(request.side, collar: 500)
    case 5..<7:
      request.orderClass = .oco
      request.type = .limit
      request.legs = [stopLoss(request.side)]
    case 7:
      request.orderClass = .oto
      request.legs = [
        Bool.random(using: &numbers) ? leg(.takeProfit, .limit, price(), nil) : stopLoss(request.side.opposite)
      ]
    default:
      request.orderClass = .bracket
      if Bool.random(using: &numbers) { setStop(&request) }
      request.legs = [leg(.takeProfit, .limit, price(), nil), stopLoss(request.side.opposite)]
    }
  }

  private mutating func setStop(_ request: inout PlaceRequest) {
    let stop = price()
    request.trigger = Trigger(stop: stop)
    if request.type == .market { request.price = stop.protected(request.side, collar: 500) }
  }

  private mutating func stopLoss(_ side: Side) -> LegRequest {
    let (stop, type) = (price(), OrderType.allCases.randomElement(using: &numbers)!)
    return leg(.stopLoss, type, type == .limit ? price() : stop.protected(side, collar: 500), stop)
  }

  private mutating func leg(_ role: OrderRole, _ type: OrderType, _ price: Price, _ stop: Price?) -> LegRequest {
    LegRequest(
      LegTerms(role, type, at: price, stop: stop), clientOrderID: "leg-\(numbers.next())", clientKey: key(),
      random: numbers.next())
  }

  private mutating func place() -> PlaceRequest {
    let instrument = Int32.random(in: 1...StoreDatabase.instruments, using: &numbers)
    let isMarket = Int.random(in: 0..<8, using: &numbers) == 0
    let timeInForce: TimeInForce =
      isMarket ? .ioc : [.day, .day, .day, .gtc, .ioc, .fok].randomElement(using: &numbers)!
    let idempotent = Int.random(in: 0..<4, using: &numbers) == 0
    let account = StoreDatabase.accounts.randomElement(using: &numbers)!
    let side = Side.allCases.randomElement(using: &numbers)!
    let postOnly = timeInForce == .day && Int.random(in: 0..<6, using: &numbers) == 0
    let prevention: SelfTradePrevention? =
      [nil, .cancelNewest, .cancelOldest, .cancelBoth].randomElement(using: &numbers)!
    let price = price()
    var request = PlaceRequest(
      account: account,
      instrument: InstrumentID(rawValue: instrument), shard: StoreDatabase.shard(of: instrument),
      terms: OrderTerms(
        side, quantity(), at: price, type: isMarket ? .market : .limit, timeInForce: timeInForce, postOnly: postOnly,
        selfTradePrevention: prevention ?? .cancelNewest),
      isPreventionChosen: prevention != nil, clientOrderID: "client-\(numbers.next())", clientKey: key(),
      idempotencyKey: idempotent ? RequestKey(digest: digest(), fingerprint: 7) : nil, random: numbers.next())
    if conditionalOneIn > 0, Int.random(in: 0..<conditionalOneIn, using: &numbers) == 0 { condition(&request) }
    return request
  }

  private mutating func price() -> Price { Price(rawValue: Int64.random(in: 95...105, using: &numbers) * 10_000) }
  private mutating func quantity() -> Quantity { Quantity(rawValue: Int64.random(in: 1...200, using: &numbers)) }
  private mutating func digest() -> UniqueID { UniqueID(high: numbers.next(), low: numbers.next()) }
  private mutating func key() -> RequestKey { RequestKey(digest: digest(), fingerprint: nil) }
}
