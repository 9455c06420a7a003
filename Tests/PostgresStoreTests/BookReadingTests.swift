import Accounting
import Engine
import Lifecycle
import Market
import Ports
import Postgres
import Services
import Sharding
import Testing

@testable import PostgresStore

/// Books are read in pages of one snapshot.
struct BookReadingTests {
  let url: String
  let shard = Shard(rawValue: 0)

  init() throws { url = try StoreDatabase.make() }

  private func read(_ reading: BookReading, _ session: PostgresSession) async throws -> ShardBook? {
    let ending = try await session.use { (connection) throws(PostgresError) in try reading.run(&connection) }
    guard case .book(let found) = ending else { return nil }
    return try await found.whole()
  }

  /// Every order of the books, whatever it has gone through, with what stands beside it.
  @Test(arguments: [1, 2, 7, 5_000] as [Int32])
  func pagesOfAnySizeMakeTheSameBook(pageSize: Int32) async throws {
    var market = try await RandomMarket(url, seed: 31)
    market.quarantineOneIn = 9
    market.conditionalOneIn = 4
    try await market.trade(batches: 60)
    var count = 0
    for number in 0..<StoreDatabase.shards {
      let shard = Shard(rawValue: number)
      let session = StoreDatabase.session(url)
      let paged = try #require(
        try await read(BookReading(shard: shard, pageSize: pageSize), session), "shard \(shard)")
      let wanted = try StoreDatabase.text(
        url,
        """
        SELECT string_agg(o.order_id::text, ' ' ORDER BY o.priority, coalesce(t.activation, 0), o.order_id)
        FROM orders o JOIN shard_cursors c USING (shard)
        LEFT JOIN order_conditions t ON t.account_id = o.account_id AND t.order_id = o.order_id
        WHERE o.is_open AND o.shard = \(number) AND o.sequence <= c.processed_sequence AND NOT EXISTS (
          SELECT FROM quarantined_commands q
          WHERE q.shard = o.shard AND q.sequence = o.sequence AND q.resolved_at IS NULL)
        """)
      #expect(paged.orders.map(\.id.description).joined(separator: " ") == wanted)
      count += paged.orders.count
      var engine = try ShardEngine(paged)
      let whole = try #require(try await read(BookReading(shard: shard), session))
      #expect(whole.orders == paged.orders && whole.processed == paged.processed)
      let halves = try #require(
        try await read(
          BookReading(shard: shard, pageSize: pageSize, secondHalf: StoreDatabase.session(url)), session))
      #expect(halves.orders == paged.orders)
      #expect(whole.lastPrices == paged.lastPrices && whole.phases == paged.phases)
      engine.recall(quarantined: [])
      #expect(engine.openCount == paged.orders.count)
    }
    #expect(count > 10)
    await market.close()
  }

  @Test func aBookThatIsLongIsReadOverAConnectionOfItsOwn() async throws {
    var orders = TestOrders(seed: 5)
    let entry = PostgresAcceptanceLedger(session: StoreDatabase.session(url))
    let accepted = (0..<9).map { _ in orders.place(.sell, 1, at: 100, account: 1) }
    _ = try await entry.accept(accepted, now: StoreDatabase.noon)
    _ = try StoreDatabase.text(url, "UPDATE shard_cursors SET processed_sequence = 9 WHERE shard = 0 RETURNING 'x'")
    let session = StoreDatabase.session(url)
    let ending = try await session.use { [shard] (connection) throws(PostgresError) in
      try BookReading(shard: shard, pageSize: 4, pages: 2).run(&connection)
    }
    guard case .tooLong = ending else {
      Issue.record("two pages of four are not nine orders")
      return
    }
    let whole = try #require(try await read(BookReading(shard: shard, pageSize: 4, pages: 3), session))
    #expect(whole.orders.count == 9)
    #expect(try await read(BookReading(shard: Shard(rawValue: 99)), session) == nil)
  }

  /// Who cannot reach the second connection learns why, and the first is of use afterwards.
  @Test func aHalfThatCannotBeReadFailsTheWhole() async throws {
    var orders = TestOrders(seed: 8)
    let entry = PostgresAcceptanceLedger(session: StoreDatabase.session(url))
    _ = try await entry.accept(
      (0..<9).map { _ in orders.place(.sell, 1, at: 100, account: 1) }, now: StoreDatabase.noon)
    _ = try StoreDatabase.text(url, "UPDATE shard_cursors SET processed_sequence = 9 WHERE shard = 0 RETURNING 'x'")
    let session = StoreDatabase.session(url)
    let nobody = PostgresSession(
      PostgresOptions(url: "postgresql:///x?host=/nonexistent", applicationName: "tests"), name: "nobody")
    await #expect(throws: PostgresError.self) {
      try await read(BookReading(shard: shard, pageSize: 2, secondHalf: nobody), session)
    }
    #expect(try await read(BookReading(shard: shard, pageSize: 2), session)?.orders.count == 9)
  }

  /// What is settled between two pages belongs to another moment.
  @Test(arguments: [false, true]) func allPagesAreOfOneSnapshot(inHalves: Bool) async throws {
    var orders = TestOrders(seed: 6)
    let entry = PostgresAcceptanceLedger(session: StoreDatabase.session(url))
    _ = try await entry.accept(
      (0..<6).map { _ in orders.place(.sell, 1, at: 100, account: 1) }, now: StoreDatabase.noon)
    let ledger = PostgresSettlementLedger(session: StoreDatabase.session(url))
    let ownership = try await SettlementLedgerTests.claim(ledger, shard)
    try await SettlementLedgerTests.settle(ledger, ownership)
    // The first page holds the snapshot; a lock on the day's table holds up the second.
    var holder = try PostgresConnection(PostgresOptions(url: url, applicationName: "tests"))
    let day = StoreDatabase.noon.day.compact
    try holder.execute("BEGIN; LOCK TABLE orders_\(day) IN ACCESS EXCLUSIVE MODE")
    let (url, shard) = (url, shard)
    let reading = Task {
      try await StoreDatabase.session(url).use { (connection) throws(PostgresError) in
        try connection.execute("SET application_name = 'reader'; SET lock_timeout = 0; SET statement_timeout = 0")
        return try BookReading(shard: shard, pageSize: 2, secondHalf: inHalves ? StoreDatabase.session(url) : nil)
          .run(&connection)
      }
    }
    let waits = """
      SELECT count(*) FROM pg_stat_activity
      WHERE application_name = 'reader' AND datname = current_database() AND wait_event_type = 'Lock'
      """
    let isOver = Lock(false)
    let watching = Task {
      _ = await reading.result
      isOver.withLock { $0 = true }
    }
    while try StoreDatabase.integer(url, waits) == 0, !isOver.withLock({ $0 }) {
      try await Task.sleep(for: .milliseconds(5))
    }
    try holder.execute(
      "UPDATE orders_\(day) SET is_open = false, status = 2, filled = quantity, closed_at = now(); COMMIT")
    guard case .book(let found) = try await reading.value else {
      Issue.record("no book")
      return
    }
    await watching.value
    let book = try await found.whole()
    #expect(book.orders.count == 6 && book.orders.allSatisfy { $0.status == .accepted })
    #expect(try StoreDatabase.integer(url, "SELECT count(*) FROM open_orders") == 0)
  }
}
