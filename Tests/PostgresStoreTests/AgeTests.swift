import Accounting
import Lifecycle
import Market
import Ports
import Postgres
import PostgresAudit
import Services
import Sharding
import Testing

@testable import PostgresStore

/// Age costs nothing: with tables of 120 days, what runs often locks and looks at those days only that it is about.
struct AgeTests {
  /// Relations that one transaction may lock, their indexes included.
  static let mostLocks = 64
  static let days: Int32 = 120

  let url: String
  let shard = Shard(rawValue: 0)

  init() throws {
    url = try StoreDatabase.make()
    var connection = try PostgresConnection(PostgresOptions(url: url, applicationName: "tests"))
    _ = try Partitions.make(&connection, from: -Self.days, days: Self.days)
  }

  private static func ago(_ days: Int64) -> Timestamp {
    StoreDatabase.noon.advanced(byMicroseconds: -days * 86_400_000_000)
  }

  /// The most relations that a session with this name has locked at one moment while `body` ran.
  ///
  /// The moment is the end of each transaction: another session holds what the last of its statements wants, so that it stands
  /// still with all its locks.
  private func locks(of name: String, heldUpBy lock: String, _ body: @escaping @Sendable () async throws -> Void)
    async throws -> Int
  {
    var holder = try PostgresConnection(PostgresOptions(url: url, applicationName: "holder"))
    try holder.execute("BEGIN; \(lock)")
    let run = Task { try await body() }
    let waiting = """
      SELECT count(*) FROM pg_stat_activity
      WHERE application_name = '\(name)' AND datname = current_database() AND wait_event_type = 'Lock'
      """
    while try StoreDatabase.integer(url, waiting) == 0 { try await Task.sleep(for: .milliseconds(5)) }
    let count = try StoreDatabase.integer(
      url,
      """
      SELECT count(DISTINCT l.relation) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
      WHERE a.application_name = '\(name)' AND a.datname = current_database() AND l.locktype = 'relation'
        AND l.relation >= 16384
      """)
    try holder.execute("COMMIT")
    try await run.value
    return try #require(count)
  }

  private func session(_ name: String) -> PostgresSession {
    var options = StoreSettings.ledger(url: url, role: "tests")
    options.applicationName = name
    options.settings += [("lock_timeout", "0"), ("statement_timeout", "0")]
    return PostgresSession(options, name: name)
  }

  /// Accepts requests at a moment and settles them.
  @discardableResult
  private func trade(_ requests: [AcceptanceRequest], at now: Timestamp) async throws -> [OrderRecord] {
    let session = StoreDatabase.session(url)
    let accepted = try await PostgresAcceptanceLedger(session: session).accept(requests, now: now)
    let ledger = PostgresSettlementLedger(session: session)
    let ownership = try await SettlementLedgerTests.claim(ledger, shard)
    let commit = try await SettlementLedgerTests.commit(ledger, ownership)
    #expect(try await ledger.settle([commit], at: now) == .committed)
    await session.disconnect()
    return accepted.answers.compactMap { if case .accepted(let order) = $0 { order } else { nil } }
  }

  // MARK: Locks

  @Test func acceptingLocksTheDaysOfItsOrdersOnly() async throws {
    var orders = TestOrders(seed: 1)
    let old = try await trade((0..<3).map { _ in orders.place(.buy, 5, at: 90) }, at: Self.ago(100))
    let recent = try await trade((0..<3).map { _ in orders.place(.buy, 5, at: 90) }, at: Self.ago(2))
    let requests: [AcceptanceRequest] = [
      orders.place(.buy, 1, at: 91), orders.place(.sell, 1, at: 200, account: 1), orders.cancel(old[0].id),
      orders.replace(old[1].id, quantity: 6), orders.cancel(recent[0].id), orders.replace(recent[1].id, dollars: 89),
    ]
    let ledger = PostgresAcceptanceLedger(session: session("age-accept"))
    // The counters of shards are locked last.
    let count = try await locks(of: "age-accept", heldUpBy: "SELECT FROM shard_logs FOR UPDATE") {
      let answers = try await ledger.accept(requests, now: StoreDatabase.noon).answers
      let refused = answers.filter { if case .refused = $0 { true } else { false } }
      #expect(refused.isEmpty)
    }
    #expect(count <= Self.mostLocks)
    try await trade([], at: StoreDatabase.noon)
    #expect(try await AuditTests.audit(url).isClean)
  }

  @Test func settlingLocksTheDaysOfItsOrdersOnly() async throws {
    var orders = TestOrders(seed: 2)
    for day in [110, 60, 7] as [Int64] {
      try await trade([orders.place(.sell, 1, at: 100, account: 1)], at: Self.ago(day))
    }
    let ledger = PostgresSettlementLedger(session: session("age-settle"))
    _ = try await PostgresAcceptanceLedger(session: StoreDatabase.session(url)).accept(
      [orders.place(.buy, 5, at: 100)], now: StoreDatabase.noon)
    let ownership = try await SettlementLedgerTests.claim(ledger, shard)
    let commit = try await SettlementLedgerTests.commit(ledger, ownership)
    #expect(commit.settlement.trades.count == 3)
    let count = try await locks(of: "age-settle", heldUpBy: "LOCK TABLE last_prices") {
      let outcome = try await ledger.settle([commit], at: StoreDatabase.noon)
      #expect(outcome == .committed)
    }
    #expect(count <= Self.mostLocks)
    #expect(try StoreDatabase.integer(url, "SELECT count(*) FROM open_orders") == 1)
    #expect(try await AuditTests.audit(url).isClean)
  }

  /// A book whose orders are of very many days: the locks of some are given back before others are taken.
  @Test func claimingFindsOpenOrdersOfEveryDayAndLocksFewAtATime() async throws {
    var orders = TestOrders(seed: 3)
    let entry = PostgresAcceptanceLedger(session: StoreDatabase.session(url))
    for day in stride(from: Int64(100), through: 4, by: -4) {
      _ = try await entry.accept([orders.place(.sell, 1, at: 100, account: 1)], now: Self.ago(day))
    }
    let ledger = PostgresSettlementLedger(session: session("age-claim"))
    var ownership = try await SettlementLedgerTests.claim(ledger, shard)
    try await SettlementLedgerTests.settle(ledger, ownership)
    ownership = try await SettlementLedgerTests.claim(ledger, shard, nonce: 2)
    // The table of the earliest day is read among the last of a page's eight.
    let (shard, last) = (shard, Self.ago(4).day.compact)
    let count = try await locks(of: "age-claim", heldUpBy: "LOCK TABLE orders_\(last)") {
      let book = try await ledger.books(of: [shard])[0]
      #expect(book.orders.count == 25)
      #expect(Set(book.orders.map(\.id.time?.day)).count == 25)
    }
    #expect(count <= Self.mostLocks)
    #expect(ownership.processed.rawValue == 25)
  }

  @Test(arguments: ["get", "open", "closed", "all", "activities", "news"])
  func readingLocksTheDaysThatItShowsOnly(what: String) async throws {
    var orders = TestOrders(seed: 4)
    var placed: [OrderRecord] = []
    for day in [100, 50, 3] as [Int64] {
      placed += try await trade(
        [
          orders.place(.buy, 3, at: 100), orders.place(.sell, 1, at: 100, account: 1), orders.place(.buy, 1, at: 50),
        ], at: Self.ago(day))
    }
    let account = StoreDatabase.accounts[0]
    let session = session("age-read")
    let reader = PostgresAccountReader(pool: PostgresPool([session]))
    let last = Self.ago(what == "activities" || what == "get" ? 3 : 100).day.compact
    let table = what == "activities" || what == "news" ? "order_events" : "orders"
    let id = placed.last { $0.account == account }!.id
    let count = try await locks(
      of: "age-read", heldUpBy: "LOCK TABLE \(table)_\(what == "news" ? Self.ago(3).day.compact : last)"
    ) {
      switch what {
      case "get": #expect(try await reader.order(id, of: account)?.record.id == id)
      case "activities":
        let accountStore = PostgresAccountStore(pool: PostgresPool([session]))
        let activities = try await accountStore.activities(ActivityQuery(account: account, kinds: [.fill]))
        #expect(activities?.count == 3)
      case "news":
        let events = PostgresAccountEventReader(session: session)
        let answers = try await events.events(
          [EventQuestion(account: account, after: Self.ago(4))], limit: 100)
        #expect(answers.first?.events.isEmpty == false)
      default:
        var query = OrderQuery(account: account)
        query.scope = OrderQuery.Scope(rawValue: what)!
        let shown = try await reader.orders(query)
        #expect(shown.count == ["open": 5, "closed": 1, "all": 6][what], "\(what)")
      }
    }
    #expect(count <= Self.mostLocks, "\(what)")
  }

  // MARK: Finding

  /// What was ordered long ago is found by everybody who looks for it.
  @Test func anOpenOrderOfAnOldDayIsFoundAndCanceled() async throws {
    var orders = TestOrders(seed: 5)
    let account = StoreDatabase.accounts[0]
    let order = try await trade([orders.place(.buy, 5, at: 90, client: 77)], at: Self.ago(100))[0]
    let reader = PostgresAccountReader(pool: PostgresPool([StoreDatabase.session(url)]))
    #expect(try await reader.order(order.id, of: account)?.record.status == .accepted)
    #expect(
      try await reader.order(clientKey: UniqueID(high: 0, low: 77), of: account)?.record.id == order.id)
    #expect(try await reader.orders(OrderQuery(account: account)).map(\.record.id) == [order.id])
    let market = PostgresMarketDataReader(pool: PostgresPool([StoreDatabase.session(url)]))
    let depth = try await market.depths(of: [InstrumentID(rawValue: 1)])[InstrumentID(rawValue: 1)]
    #expect(depth?.bids.map(\.size.rawValue) == [5])
    // It still stands in its owner's way.
    let crossing = PlaceRequest(
      account: account, instrument: InstrumentID(rawValue: 1), shard: shard,
      terms: OrderTerms(.sell, Quantity(rawValue: 1), at: Price(rawValue: 900_000)), clientOrderID: "crossing",
      clientKey: RequestKey(digest: UniqueID(high: 0, low: 78), fingerprint: nil), idempotencyKey: nil, random: 1)
    let entry = PostgresAcceptanceLedger(session: StoreDatabase.session(url))
    let refused = try await entry.accept([.place(crossing)], now: StoreDatabase.noon).answers[0]
    guard case .refused = refused else {
      Issue.record("\(refused)")
      return
    }
    try await trade([orders.cancel(order.id)], at: StoreDatabase.noon)
    #expect(try await reader.order(order.id, of: account)?.record.status == .canceled)
    #expect(try await reader.order(order.id, of: account)?.reason != nil)
    #expect(try await reader.orders(OrderQuery(account: account)).isEmpty)
    #expect(try StoreDatabase.integer(url, "SELECT count(*) FROM open_orders") == 0)
    #expect(try await AuditTests.audit(url).isClean)
  }

  /// Pages over many days bring every order and every execution once, in both directions.
  @Test(arguments: [true, false]) func pagesOverManyDaysBringEverythingOnce(ascending: Bool) async throws {
    var orders = TestOrders(seed: 6)
    let account = StoreDatabase.accounts[0]
    var wanted: [OrderID] = []
    for day in stride(from: Int64(110), through: 10, by: -10) {
      let placed = try await trade(
        [
          orders.place(.buy, 2, at: 100), orders.place(.sell, 2, at: 100, account: 1), orders.place(.buy, 1, at: 10),
        ], at: Self.ago(day))
      wanted += placed.filter { $0.account == account }.map(\.id)
    }
    if !ascending { wanted.reverse() }
    let reader = PostgresAccountReader(pool: PostgresPool([StoreDatabase.session(url)]))
    for scope in OrderQuery.Scope.allCases {
      var query = OrderQuery(account: account)
      query.scope = scope
      query.ascending = ascending
      query.limit = 3
      var found: [OrderID] = []
      while true {
        let page = try await reader.orders(query).map(\.record.id)
        found += page
        guard page.count == query.limit, let last = page.last else { break }
        if ascending { query.after = last } else { query.before = last }
      }
      let all = wanted.enumerated().filter { index, _ in
        scope == .all || (index % 2 == (ascending ? 1 : 0)) == (scope == .open)
      }
      #expect(found == all.map(\.element), "\(scope)")
    }
    let accountStore = PostgresAccountStore(pool: PostgresPool([StoreDatabase.session(url)]))
    var behind: ActivityPlace?
    var fills: [OrderID] = []
    while true {
      var query = ActivityQuery(account: account, kinds: [.fill])
      (query.ascending, query.behind, query.limit) = (ascending, behind, 2)
      let page = try #require(try await accountStore.activities(query))
      for activity in page {
        if case .fill(let fill) = activity.detail { fills.append(fill.order) }
      }
      guard page.count == 2, let last = page.last else { break }
      behind = last.place
    }
    #expect(fills == wanted.enumerated().filter { $0.offset % 2 == (ascending ? 0 : 1) }.map(\.element))
    let movements = try await accountStore.movements(
      of: account, at: [Self.ago(110), Self.ago(50)], through: Self.ago(0))
    let shares = movements.filter { $0.instrument != nil && !$0.isExternal }
    #expect(Dictionary(grouping: shares, by: \.span).mapValues { $0.map(\.amount).reduce(0, +) } == [0: 12, 1: 10])
  }
}
