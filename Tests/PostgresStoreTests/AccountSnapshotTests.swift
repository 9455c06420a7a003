import Accounting
import Lifecycle
import Market
import Ports
import Postgres
import PostgresAudit
import Services
import Testing

@testable import PostgresStore

/// What is added up of an account is of one moment, and what comes later has a later time.
struct AccountSnapshotTests {
  /// Two accounts trade at a constant price as fast as they can. What each has, and what it had at the beginning by what has
  /// moved since, is the same in every answer.
  @Test func equityIsTheSameInEveryAnswerWhileTradingAtOnePrice() async throws {
    var market = try await CostMarket(StoreDatabase.make())
    try await market.trade(1_000, at: 10, from: 3, to: 0)
    try await market.trade(1_000, at: 10, from: 3, to: 1)
    try await market.settle()
    let start = market.now
    let reader = PostgresAccountReader(pool: PostgresPool((0..<2).map { _ in StoreDatabase.session(market.url) }))
    let accountStore = PostgresAccountStore(pool: PostgresPool((0..<2).map { _ in StoreDatabase.session(market.url) }))
    let before = try #require(try await reader.snapshot(of: StoreDatabase.accounts[0]))
    #expect(Self.equity(before) == StoreDatabase.cash.rawValue + Self.othersWorth(before))
    let isOver = Lock(false)
    try await withThrowingTaskGroup(of: Void.self) { group in
      let traded = market
      group.addTask {
        defer { isOver.withLock { $0 = true } }
        var market = traded
        for round in 0..<150 {
          let (seller, buyer) = round % 2 == 0 ? (0, 1) : (1, 0)
          try await market.trade(Int64(1 + round % 90), at: 10, from: seller, to: buyer)
          try await market.settle()
        }
      }
      for account in StoreDatabase.accounts.prefix(2) {
        group.addTask {
          var answers = 0
          var known: RecentMovements?
          while answers < 50 || !isOver.withLock({ $0 }) {
            answers += 1
            let now = try #require(try await reader.snapshot(of: account))
            #expect(Self.equity(now) == Self.equity(before))
            // As a gateway does: what came behind what it knows.
            let recent = try await accountStore.recentMovements(
              of: account, since: start.advanced(byMicroseconds: 1), behind: known?.through, through: now.through
            ).joined(after: known?.executed ?? [], through: known?.through)
            known = recent
            let cash = recent.executed.filter { $0.instrument == nil }.reduce(0) { $0 + $1.amount }
            let shares = recent.executed.filter { $0.instrument != nil }.reduce(0) { $0 + $1.amount }
            #expect(now.account.cash.rawValue - cash == before.account.cash.rawValue)
            let held = now.positions.first { $0.instrument == InstrumentID(rawValue: 1) }?.quantity.rawValue ?? 0
            #expect(held - shares == 1_000)
            let spans = try await accountStore.movements(
              of: account, at: [start.advanced(byMicroseconds: 1)], through: now.through)
            #expect(spans.filter { $0.instrument == nil }.reduce(0) { $0 + $1.amount } == cash)
          }
        }
      }
      try await group.waitForAll()
    }
  }

  private static func equity(_ snapshot: AccountSnapshot) -> Int64 {
    snapshot.positions.reduce(snapshot.account.cash.rawValue) { sum, position in
      sum + (snapshot.lastPrices[position.instrument]?.rawValue ?? 0) * position.quantity.rawValue
    }
  }

  /// Nothing else has traded.
  private static func othersWorth(_ snapshot: AccountSnapshot) -> Int64 {
    #expect(snapshot.lastPrices.keys.map(\.rawValue) == [1])
    return 0
  }

  /// A deposit that begins before a settlement and gets the account's lock behind it comes behind it, in time and on the pages
  /// of who has read that far.
  @Test func aMovementComesBehindWhatWasSettledBeforeIt() async throws {
    var market = try await CostMarket(StoreDatabase.make())
    let account = StoreDatabase.accounts[0]
    try await market.trade(5, at: 10, from: 3, to: 0)
    try await market.settle()
    let office = AccountAdministration(session: StoreDatabase.session(market.url))
    let accountStore = PostgresAccountStore(pool: PostgresPool([StoreDatabase.session(market.url)]))
    // A settlement in the middle of its transaction: it holds the account, and its event comes a second later.
    var settling = try PostgresConnection(PostgresOptions(url: market.url, applicationName: "tests"))
    try settling.execute(
      """
      BEGIN;
      UPDATE accounts SET last_event = last_event + interval '1 second' WHERE account_id = \(account);
      UPDATE order_events SET event_at = event_at + interval '1 second' WHERE account_id = \(account) AND kind = 2
      """)
    let deposit = Task { try await office.deposit(.dollars(7), to: .number(account), reference: "late") }
    try await Self.untilWaiting(market.url)
    try settling.execute("COMMIT")
    var query = ActivityQuery(account: account)
    query.ascending = true
    query.limit = 100
    let read = try #require(try await accountStore.activities(query)?.last { $0.kind == .fill })
    _ = try await deposit.value
    query.behind = read.place
    let behind = try #require(try await accountStore.activities(query))
    #expect(behind.map(\.kind) == [.cashDeposit])
    let reader = PostgresAccountReader(pool: PostgresPool([StoreDatabase.session(market.url)]))
    #expect(try await reader.snapshot(of: account)?.through == behind.first?.at)
    // What is settled next comes behind the deposit.
    try await market.trade(1, at: 10, from: 3, to: 0)
    try await market.settle()
    query.behind = behind.first?.place
    #expect(try await accountStore.activities(query)?.map(\.kind) == [.fill])
    // Movements say what the snapshot says.
    let since = [StoreDatabase.noon]
    let snapshot = try #require(try await reader.snapshot(of: account))
    let moved = try await accountStore.movements(of: account, at: since, through: snapshot.through)
    let cash = moved.filter { $0.instrument == nil }.reduce(0) { $0 + $1.amount }
    #expect(snapshot.account.cash.rawValue - cash == StoreDatabase.cash.rawValue)
  }

  /// Waits until somebody waits for a lock.
  private static func untilWaiting(_ url: String) async throws {
    for _ in 0..<2_000 {
      let waiting = try StoreDatabase.integer(
        url,
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
      if waiting ?? 0 > 0 { return }
      try await Task.sleep(for: .milliseconds(5))
    }
    Issue.record("nobody waits")
  }

  /// A shard's next owner, whose clock is behind, settles a trade: whoever has read the trades so far finds it behind them.
  @Test func noTradeIsBehindAPageThatWasRead() async throws {
    var market = try await CostMarket(StoreDatabase.make())
    let reader = PostgresMarketDataReader(pool: PostgresPool([StoreDatabase.session(market.url)]))
    try await market.trade(5, at: 10, from: 3, to: 0)
    try await market.settle()
    var span = MarketSpan(
      start: StoreDatabase.noon.advanced(byMicroseconds: -3_600_000_000),
      end: StoreDatabase.noon.advanced(byMicroseconds: 3_600_000_000), limit: 10)
    let first = try await reader.trades(of: [market.instrument], span).parts[0].rows
    #expect(first.map(\.price) == [Price("10")!])
    try await market.takeOver(nonce: 2)
    market.now = market.now.advanced(byMicroseconds: -5_000_000)
    try await market.trade(6, at: 11, from: 3, to: 0)
    try await market.settle()
    span.after = first[0].cursor
    let second = try await reader.trades(of: [market.instrument], span).parts.flatMap(\.rows)
    #expect(second.map(\.price) == [Price("11")!])
    #expect(second[0].at >= first[0].at)
    let report = try await AuditTests.audit(market.url)
    #expect(report.isClean, "\(AuditPrinter.text(report))")
  }

  /// A limit state that ended and began again in one settlement began there; one that went on did not.
  @Test func aLimitStateThatBeginsAgainBeginsAnew() async throws {
    let url = try StoreDatabase.make()
    let ledger = PostgresSettlementLedger(session: StoreDatabase.session(url))
    let entry = PostgresAcceptanceLedger(session: StoreDatabase.session(url))
    var orders = TestOrders(seed: 8)
    let shard = Shard(rawValue: 0)
    let ownership = try await SettlementLedgerTests.claim(ledger, shard)
    _ = try await entry.accept(
      (0..<3).map { _ in orders.place(.buy, 1, at: 1) }, now: StoreDatabase.noon)
    let terms = BandTerms(reference: Price("100")!, previousClose: Price("100")!, tier: .tier1)
    let phase = InstrumentPhase(band: terms, limit: .upper)
    func settle(_ sequence: Int64, begins: Bool) async throws -> String? {
      var settlement = Settlement(
        shard: shard, from: Sequence(rawValue: sequence - 1), through: Sequence(rawValue: sequence))
      settlement.phases = [.init(instrument: InstrumentID(rawValue: 1), phase: phase, beginsLimit: begins)]
      let commit = ShardCommit(ownership: ownership, settlement: settlement)
      let moment = StoreDatabase.noon.advanced(byMicroseconds: sequence * 1_000_000)
      #expect(try await ledger.settle([commit], at: moment) == .committed)
      return try StoreDatabase.text(
        url,
        """
        SELECT (extract(epoch FROM limit_since - '\(StoreDatabase.noon)'::timestamptz))::integer::text
        FROM instrument_phases WHERE instrument_id = 1
        """)
    }
    #expect(try await settle(1, begins: true) == "1")
    #expect(try await settle(2, begins: false) == "1", "it goes on")
    #expect(try await settle(3, begins: true) == "3", "it ended and began again")
  }
}
