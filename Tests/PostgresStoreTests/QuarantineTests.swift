import Accounting
import Engine
import Market
import Ports
import Postgres
import PostgresAudit
import Services
import Sharding
import Testing

@testable import PostgresStore

/// Commands in quarantine in a real database: set aside, carried out again, refused, and never lost from the books.
struct QuarantineTests {
  let url: String
  let ledger: PostgresSettlementLedger
  let entry: PostgresAcceptanceLedger
  let office: QuarantineAdministration
  let shard = Shard(rawValue: 0)

  init() throws {
    url = try StoreDatabase.make()
    ledger = PostgresSettlementLedger(session: StoreDatabase.session(url))
    entry = PostgresAcceptanceLedger(session: StoreDatabase.session(url))
    office = QuarantineAdministration(session: StoreDatabase.session(url))
  }

  /// Whatever goes into quarantine, whoever recovers from it, and however it comes out: the audit, replay included, passes
  /// at every moment, and whoever follows the owners has their books.
  @Test(arguments: [21, 22, 23, 24] as [UInt64])
  func anHonestDatabaseWithQuarantineIsCleanAtEveryMoment(seed: UInt64) async throws {
    var market = try await RandomMarket(url, seed: seed)
    market.quarantineOneIn = 5
    var followers = try await ledger.books(of: shards).map { try ShardEngine($0) }
    for moment in 0..<10 {
      try await market.trade(batches: 20)
      if moment > 0 { try await market.resolve(oneIn: 3) }
      let report = try await expectCleanAudit("seed \(seed), moment \(moment)")
      #expect(
        moment == 0
          || report.results.allSatisfy { $0.checked > 0 || ["A7", "E9", "E11", "E13", "F4"].contains($0.id) },
        "seed \(seed), moment \(moment)")
      for shard in shards where Bool.random(using: &market.numbers) {
        try await market.settle([shard])
        try await market.claim(shard)
      }
      for (index, book) in try await ledger.books(of: shards).enumerated() {
        let rows = try await ledger.processedLog(of: book.shard, after: followers[index].cursor, limit: 10_000)
        followers[index].follow(rows)
        #expect(followers[index].cursor == book.processed)
        #expect(
          try followers[index].openOrders() == ShardEngine(book).openOrders(), "seed \(seed), moment \(moment)")
      }
    }
    let kinds = try StoreDatabase.text(
      url,
      "SELECT string_agg(DISTINCT resolution || g.kind, ' ') FROM quarantined_commands JOIN command_log g USING (shard, sequence)"
    )
    for kind in ["retried0", "retried1", "retried2", "refused0", "refused1", "refused2"] {
      #expect(kinds?.contains(kind) == true, "seed \(seed): \(kinds ?? "nothing") was resolved")
    }
    market.quarantineOneIn = 0
    try await market.settle()
    try await market.resolve(oneIn: 1)
    try await market.settle()
    try await expectCleanAudit("seed \(seed), all resolved")
    #expect(try await office.list(includesResolved: false, limit: 1) == [])
    #expect(try StoreDatabase.integer(url, "SELECT count(*) FROM orders WHERE is_open AND pending <> 0") == 0)
  }

  // MARK: Settling

  @Test(arguments: [true, false])
  func aCommandGoesIntoQuarantineByItsOwnerAlone(isFenced: Bool) async throws {
    var orders = TestOrders(seed: 1)
    try await accept([orders.place(.buy, 10, at: 100)])
    let ownership = try await SettlementLedgerTests.claim(ledger, shard)
    if isFenced { _ = try await SettlementLedgerTests.claim(ledger, shard, nonce: 2) }
    let outcome = try await quarantineNext(ownership)
    #expect(outcome == (isFenced ? .fenced(shard) : .committed))
    let rows = try StoreDatabase.text(
      url,
      """
      SELECT concat_ws(' ', count(*), min(sequence), min(reason), min(tries), min(worker), min(epoch),
        (SELECT processed_sequence FROM shard_cursors WHERE shard = 0)) FROM quarantined_commands
      """)
    #expect(rows == (isFenced ? "0 0" : "1 1 a reason 3 tests 1 1"))
    #expect(try held() == 1_000 * 10_000, "its order is open and holds")
    try await expectCleanAudit()
  }

  @Test func claimsWithoutProgressAndTriesAreRememberedUntilTheNextCommand() async throws {
    var orders = TestOrders(seed: 2)
    func standing() async throws -> (Ownership, ShardAttempts) {
      let ownership = try await SettlementLedgerTests.claim(ledger, shard)
      return (ownership, try await ledger.attempts(of: ownership))
    }
    #expect(try await standing().1 == ShardAttempts(last: .zero), "a claim without work to do is none against it")
    try await accept([orders.place(.buy, 1, at: 100), orders.place(.buy, 1, at: 100)])
    #expect(try await standing().1 == ShardAttempts(last: Sequence(rawValue: 2), claims: 1))
    var (ownership, known) = try await standing()
    #expect(known == ShardAttempts(last: Sequence(rawValue: 2), claims: 2))
    let first = Sequence(rawValue: 1)
    #expect(try await ledger.recordAttempt(of: first, by: ownership) == 1)
    try await ledger.noteFailure(of: first, in: shard, reason: "a reason")
    try await ledger.noteFailure(of: Sequence(rawValue: 2), in: shard, reason: "of another")
    #expect(try await ledger.recordAttempt(of: first, by: ownership) == 2)
    #expect(try await ledger.recordAttempt(of: first, by: ownership) == 3)
    try await ledger.withdrawTry(of: first, in: shard)
    #expect(try await ledger.recordAttempt(of: Sequence(rawValue: 2), by: ownership) == nil, "not its turn")
    let replaced = ownership
    (ownership, known) = try await standing()
    #expect(known == ShardAttempts(last: Sequence(rawValue: 2), claims: 3, tries: 2, reason: "a reason"))
    #expect(try await ledger.recordAttempt(of: first, by: replaced) == nil, "it has another owner")
    try await SettlementLedgerTests.settle(ledger, ownership)
    try await accept([orders.place(.buy, 1, at: 100)])
    #expect(try await standing().1 == ShardAttempts(last: Sequence(rawValue: 3), claims: 1), "progress ends it")
  }

  /// What a settlement failed with decides whether it is tried again, asked about, or held against its commands.
  @Test(arguments: [
    ("40001", StoreError.Cause.serialization), ("40P01", .deadlock), ("55P03", .lockTimeout), ("57014", .outage),
    ("53100", .outage), ("42P01", .schema), ("42501", .schema), ("58030", .schema), ("P0001", nil), ("23514", nil),
    ("22003", nil), ("XX000", nil),
  ])
  func errorsOfASettlementAreReportedApart(state: String, cause: StoreError.Cause?) async throws {
    var orders = TestOrders(seed: 3)
    try await accept([orders.place(.buy, 1, at: 100)])
    try raise(state, onInsertInto: "order_events")
    let commit = try await SettlementLedgerTests.commit(ledger, SettlementLedgerTests.claim(ledger, shard))
    let error = await #expect(throws: StoreError.self) { try await ledger.settle([commit], at: StoreDatabase.noon) }
    switch error {
    case .unavailable(let found, let reason): #expect(found == cause && reason.contains(state))
    case .fault(let reason): #expect(cause == nil && reason.contains("(\(state)): as told"))
    default: Issue.record("\(state) is \(String(describing: error))")
    }
  }

  @Test func aDayWithoutTablesIsNoFaultOfItsCommands() async throws {
    var orders = TestOrders(seed: 3)
    try await accept([orders.place(.buy, 1, at: 100)])
    let commit = try await SettlementLedgerTests.commit(ledger, SettlementLedgerTests.claim(ledger, shard))
    let error = await #expect(throws: StoreError.self) {
      try await ledger.settle([commit], at: StoreDatabase.noon.advanced(byMicroseconds: 400 * 86_400_000_000))
    }
    #expect(error?.causeWord == "schema", "\(String(describing: error))")
    #expect(try await ledger.settle([commit], at: StoreDatabase.noon) == .committed)
  }

  @Test(arguments: [
    "UPDATE command_log SET side = 9", "UPDATE command_log SET order_type = 99",
    "UPDATE command_log SET time_in_force = -1", "UPDATE command_log SET self_trade_prevention = 300",
    "UPDATE command_log SET kind = 3, side = 77", "UPDATE command_log SET kind = 3, side = 0, order_type = 88",
  ])
  func aValueThatTheProgramDoesNotKnowEndsTheReadingAndNotTheProcess(_ sql: String) async throws {
    var orders = TestOrders(seed: 3)
    try await accept([orders.place(.buy, 1, at: 100)])
    _ = try StoreDatabase.text(url, "WITH made AS (\(sql) RETURNING 1) SELECT count(*)::text FROM made")
    let error = await #expect(throws: StoreError.self) { try await ledger.log(of: shard, after: .zero, limit: 10) }
    #expect(error?.causeWord == "schema" && error?.isPassing == false, "\(String(describing: error))")
  }

  @Test(arguments: ["side = 9", "status = 55", "pending = 9", "order_type = 99", "self_trade_prevention = 256"])
  func anOrderThatTheProgramDoesNotKnowKeepsTheShardAndNotTheProcess(_ change: String) async throws {
    var orders = TestOrders(seed: 3)
    try await accept([orders.place(.buy, 1, at: 100)])
    try await SettlementLedgerTests.settle(ledger, SettlementLedgerTests.claim(ledger, shard))
    _ = try StoreDatabase.text(
      url, "WITH made AS (UPDATE orders SET \(change) RETURNING 1) SELECT count(*)::text FROM made")
    if change.hasPrefix("side") || change.hasPrefix("order_type") {
      _ = try StoreDatabase.text(
        url, "WITH made AS (UPDATE open_orders SET \(change) RETURNING 1) SELECT count(*)::text FROM made")
    }
    let error = await #expect(throws: StoreError.self) { try await ledger.books(of: [shard]) }
    #expect(error?.causeWord == "schema", "\(String(describing: error))")
    // Whoever cancels it is told to come again, and nothing stays locked.
    let target = try #require(try StoreDatabase.text(url, "SELECT order_id::text FROM orders"))
    let id = try #require(UniqueID(target))
    let refusal = await #expect(throws: StoreError.self) {
      try await accept([orders.cancel(id)])
    }
    #expect(refusal?.causeWord == "schema", "\(String(describing: refusal))")
    #expect(
      try StoreDatabase.text(
        url, "SELECT count(*)::text FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'")
        == "0")
  }

  // MARK: Coming back

  @Test func aRetriedOrderTradesBehindThoseThatCameMeanwhile() async throws {
    var orders = TestOrders(seed: 4)
    try await accept([orders.place(.buy, 10, at: 100)])
    var ownership = try await SettlementLedgerTests.claim(ledger, shard)
    _ = try await quarantineNext(ownership)
    try await accept([orders.place(.buy, 10, at: 100, account: 2)])
    let came = try await office.retry(shard, Sequence(rawValue: 1), note: "mended")
    #expect(came == .init(sequence: Sequence(rawValue: 3), isRepeat: false))
    try await accept([orders.place(.sell, 10, at: 100, account: 1)])
    ownership = try await SettlementLedgerTests.claim(ledger, shard, nonce: 2)
    try await SettlementLedgerTests.settle(ledger, ownership)
    #expect(try statuses() == "1:0 2:2 1:2", "the order that came meanwhile was filled first")
    try await expectCleanAudit()
    #expect(
      try await office.retry(shard, Sequence(rawValue: 1), note: nil) == .init(sequence: came.sequence, isRepeat: true))
    await #expect(throws: AdministrationError.refused("it was retried already, as sequence 3")) {
      try await office.refuse(shard, Sequence(rawValue: 1), reason: "no")
    }
    #expect(try StoreDatabase.integer(url, "SELECT last_sequence FROM shard_logs WHERE shard = 0") == 4)
    let listed = try await office.list(includesResolved: true, limit: 10)
    #expect(listed.map(\.resolvedSequence) == [came.sequence] && listed[0].note == "mended")
    #expect(listed[0].request?.kind == "place" && listed[0].request?.price == Price(rawValue: 1_000_000))
  }

  /// The order keeps its sequence's trail: what follows the retry finds it in the book.
  @Test func aRetriedOrderCanBeCanceled() async throws {
    var orders = TestOrders(seed: 5)
    let order = try await accepted(orders.place(.buy, 10, at: 100))
    _ = try await quarantineNext(SettlementLedgerTests.claim(ledger, shard))
    _ = try await office.retry(shard, Sequence(rawValue: 1), note: nil)
    try await accept([orders.cancel(order.id)])
    try await SettlementLedgerTests.settle(ledger, SettlementLedgerTests.claim(ledger, shard, nonce: 2))
    #expect(try statuses() == "1:3" && held() == 0)
    try await expectCleanAudit()
  }

  @Test func aRefusedOrderIsRejectedAndItsHoldGoesBack() async throws {
    var orders = TestOrders(seed: 6)
    try await accept([orders.place(.buy, 10, at: 100)])
    _ = try await quarantineNext(SettlementLedgerTests.claim(ledger, shard))
    _ = try await office.refuse(shard, Sequence(rawValue: 1), reason: "it breaks everything")
    #expect(try held() == 1_000 * 10_000, "until its owner settles that")
    try await SettlementLedgerTests.settle(ledger, SettlementLedgerTests.claim(ledger, shard, nonce: 2))
    #expect(try statuses() == "1:6" && held() == 0)
    let event = try StoreDatabase.text(url, "SELECT concat(sequence, ' ', kind, ' ', reason) FROM order_events")
    #expect(event == "2 5 100")
    try await expectCleanAudit()
  }

  /// A cancel and a replacement of an order in quarantine are rejected in truth: the order is in no book. It stays as it
  /// is, and the next change may be asked for.
  @Test(arguments: [true, false])
  func changesOfAnOrderInQuarantineAreRejectedAndDoNotBlockIt(isCancel: Bool) async throws {
    var orders = TestOrders(seed: 7)
    let order = try await accepted(orders.place(.buy, 10, at: 100))
    let change = isCancel ? orders.cancel(order.id) : orders.replace(order.id, quantity: 12)
    // A replacement is accepted only of an order that the book has; an owner of before may have settled it meanwhile.
    var ownership = try await SettlementLedgerTests.claim(ledger, shard)
    if isCancel { try await accept([change]) }
    _ = try await quarantineNext(ownership)
    if !isCancel { try await accept([change]) }
    ownership = try await SettlementLedgerTests.claim(ledger, shard, nonce: 2)
    #expect(try await ledger.books(of: [shard]).map(\.orders) == [[]], "no owner puts it into a book")
    try await settleRecovered(ownership)
    #expect(
      try StoreDatabase.text(url, "SELECT concat(is_open, ' ', pending) FROM orders WHERE replaces IS NULL") == "t 0")
    #expect(try held() == 1_000 * 10_000)
    #expect(
      try StoreDatabase.integer(url, "SELECT max(kind) FROM order_events WHERE kind IN (7, 8)") == (isCancel ? 7 : 8))
    try await expectCleanAudit()
    // It can be canceled again, and in the end is.
    let again = try await entry.accept([orders.cancel(order.id)], now: StoreDatabase.noon)
    #expect(again.entries.count == 1)
    _ = try await office.retry(shard, Sequence(rawValue: 1), note: nil)
    ownership = try await SettlementLedgerTests.claim(ledger, shard, nonce: 3)
    try await settleRecovered(ownership)
    try await accept([orders.cancel(order.id)])
    try await settleRecovered(SettlementLedgerTests.claim(ledger, shard, nonce: 4))
    #expect(try held() == 0)
    try await expectCleanAudit()
  }

  @Test func clientsSeeAnOrderInQuarantineAsAccepted() async throws {
    var orders = TestOrders(seed: 8)
    let order = try await accepted(orders.place(.buy, 10, at: 100))
    let reader = PostgresAccountReader(pool: PostgresPool([StoreDatabase.session(url)]))
    _ = try await quarantineNext(SettlementLedgerTests.claim(ledger, shard))
    #expect(try await reader.order(order.id, of: order.account)?.status == .accepted)
    #expect(try await reader.orders(OrderQuery(account: order.account)).map(\.status) == [.accepted])
    _ = try await office.retry(shard, Sequence(rawValue: 1), note: nil)
    #expect(try await reader.order(order.id, of: order.account)?.status == .accepted)
    try await SettlementLedgerTests.settle(ledger, SettlementLedgerTests.claim(ledger, shard, nonce: 2))
    #expect(try await reader.order(order.id, of: order.account)?.status == .new)
  }

  @Test func whatIsNotInQuarantineIsLeftAlone() async throws {
    var orders = TestOrders(seed: 9)
    try await accept([orders.place(.buy, 1, at: 100)])
    for (shard, sequence) in [(0, 1), (0, 2), (77, 1)] as [(Int16, Int64)] {
      let error = await #expect(throws: AdministrationError.self) {
        try await office.retry(Shard(rawValue: shard), Sequence(rawValue: sequence), note: nil)
      }
      #expect(error?.description.contains("shard \(shard) sequence \(sequence) is not in quarantine") == true)
    }
    await #expect(throws: AdministrationError.self) {
      try await office.refuse(shard, Sequence(rawValue: 1), reason: "")
    }
    await #expect(throws: AdministrationError.self) {
      try await office.retry(shard, Sequence(rawValue: 1), note: String(repeating: "x", count: 501))
    }
    #expect(try StoreDatabase.integer(url, "SELECT count(*) FROM command_log") == 1)
    try await expectCleanAudit()
  }

  /// Several operators at once, and clients who change the very orders: one return each, and the log has no gap.
  @Test func operatorsAndClientsAtOnceNeitherDoubleNorDeadlock() async throws {
    var orders = TestOrders(seed: 10)
    let placed = try await entry.accept((0..<20).map { _ in orders.place(.buy, 1, at: 100) }, now: StoreDatabase.noon)
    let ownership = try await SettlementLedgerTests.claim(ledger, shard)
    for sequence in 1...20 as ClosedRange<Int64> { _ = try await quarantineNext(ownership, sequence: sequence) }
    let cancels = placed.answers.compactMap { answer in
      if case .accepted(let order) = answer { orders.cancel(order.id) } else { nil }
    }
    let url = url
    try await withThrowingTaskGroup(of: Void.self) { group in
      for operatorNumber in 0..<3 {
        group.addTask {
          let office = QuarantineAdministration(session: StoreDatabase.session(url))
          for sequence in 1...20 as ClosedRange<Int64> {
            let place = Sequence(rawValue: operatorNumber == 0 ? 21 - sequence : sequence)
            _ = try await office.retry(Shard(rawValue: 0), place, note: nil)
          }
        }
      }
      group.addTask {
        let entry = PostgresAcceptanceLedger(session: StoreDatabase.session(url))
        for cancel in cancels { _ = try await entry.accept([cancel], now: StoreDatabase.noon) }
      }
      try await group.waitForAll()
    }
    #expect(try StoreDatabase.integer(url, "SELECT count(DISTINCT resolved_sequence) FROM quarantined_commands") == 20)
    try await expectCleanAudit()
    try await settleRecovered(SettlementLedgerTests.claim(ledger, shard, nonce: 2))
    try await expectCleanAudit()
    // Those whose cancel came before the retry are in the book, the others are canceled; none waits for a change.
    #expect(try StoreDatabase.integer(url, "SELECT count(*) FROM orders WHERE is_open AND pending <> 0") == 0)
    let open = try StoreDatabase.integer(url, "SELECT count(*) FROM orders WHERE is_open")!
    #expect(try held() == open * 100 * 10_000)
  }

  // MARK: Helpers

  private var shards: [Shard] { (0..<StoreDatabase.shards).map { Shard(rawValue: $0) } }

  private func accept(_ requests: [AcceptanceRequest]) async throws {
    for answer in try await entry.accept(requests, now: StoreDatabase.noon).answers {
      if case .refused(let reason) = answer { Issue.record("refused: \(reason)") }
    }
  }

  private func accepted(_ request: AcceptanceRequest) async throws -> OrderRecord {
    let answer = try await entry.accept([request], now: StoreDatabase.noon).answers[0]
    guard case .accepted(let order) = answer else { throw AcceptanceLedgerTests.Unexpected(answer: answer) }
    return order
  }

  /// Puts the command behind the cursor into quarantine.
  private func quarantineNext(_ ownership: Ownership, sequence: Int64? = nil) async throws -> SettleOutcome {
    let next = Sequence(rawValue: sequence ?? ownership.processed.next.rawValue)
    var engine = try ShardEngine(shard: shard, processed: Sequence(rawValue: next.rawValue - 1), orders: [])
    let commit = ShardCommit(
      ownership: ownership, settlement: engine.quarantine(next),
      quarantine: QuarantineReason(reason: "a reason", tries: 3))
    return try await ledger.settle([commit], at: StoreDatabase.noon)
  }

  /// Settles what is logged, as an owner does that knows what is stored.
  private func settleRecovered(_ ownership: Ownership) async throws {
    var engine = try ShardEngine(try #require(try await ledger.books(of: [shard]).first))
    engine.recall(quarantined: try await ledger.attempts(of: ownership).quarantined)
    let log = try await ledger.log(of: shard, after: ownership.processed, limit: 1_000)
    let commit = ShardCommit(ownership: ownership, settlement: engine.apply(log))
    #expect(try await ledger.settle([commit], at: StoreDatabase.noon) == .committed)
  }

  private func held() throws -> Int? {
    try StoreDatabase.integer(
      url, "SELECT held FROM accounts WHERE account_id = \(StoreDatabase.accounts[0].rawValue)")
  }

  /// Side and status of all orders in the order of their submission, sides as counted by accounts: `account:status`.
  private func statuses() throws -> String? {
    try StoreDatabase.text(
      url,
      """
      SELECT string_agg(CASE account_id WHEN \(StoreDatabase.accounts[2].rawValue) THEN 2 ELSE 1 END || ':' || status, ' '
        ORDER BY order_id) FROM orders
      """)
  }

  private func raise(_ state: String, onInsertInto table: String) throws {
    _ = try StoreDatabase.text(
      url,
      """
      DO $do$ BEGIN
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
          BEGIN RAISE EXCEPTION USING ERRCODE = '\(state)', MESSAGE = 'as told'; END $$;
        CREATE TRIGGER refuse BEFORE INSERT ON \(table) FOR EACH ROW EXECUTE FUNCTION refuse();
      END $do$
      """)
  }

  @discardableResult
  private func expectCleanAudit(_ what: Comment? = nil) async throws -> AuditReport {
    let report = try await AuditTests.audit(url)
    #expect(report.isClean, "\(what?.rawValue ?? "")\n\(AuditPrinter.text(report))")
    return report
  }
}
