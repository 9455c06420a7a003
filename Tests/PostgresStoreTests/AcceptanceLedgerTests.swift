import Accounting
import Lifecycle
import Market
import Ports
import Postgres
import PostgresAudit
import Services
import TestKit
import Testing

@testable import PostgresStore

/// What acceptance stores and refuses, on a real server.
struct AcceptanceLedgerTests {
  let url: String
  let ledger: PostgresAcceptanceLedger

  init() throws {
    url = try StoreDatabase.make()
    ledger = PostgresAcceptanceLedger(session: StoreDatabase.session(url))
  }

  private func accept(_ requests: [AcceptanceRequest]) async throws -> [AcceptedBatch.Answer] {
    try await ledger.accept(requests, now: StoreDatabase.noon).answers
  }

  private func accepted(_ request: AcceptanceRequest) async throws -> OrderRecord {
    let answer = try await accept([request])[0]
    guard case .accepted(let order) = answer else { throw Unexpected(answer: answer) }
    return order
  }

  struct Unexpected: Error {
    let answer: AcceptedBatch.Answer
  }

  private func held(account: Int = 0) throws -> Int? {
    try StoreDatabase.integer(
      url, "SELECT held FROM accounts WHERE account_id = \(StoreDatabase.accounts[account].rawValue)")
  }

  private func expectCleanAudit() async throws {
    let report = try await AuditTests.audit(url)
    #expect(report.isClean, "\(AuditPrinter.text(report))")
  }

  @Test func aClientOrderIDIsUniqueAcrossAndWithinBatches() async throws {
    var orders = TestOrders(seed: 1)
    let first = try await accept([orders.place(.buy, 1, at: 100, client: 7)])
    guard case .accepted = first[0] else { throw Unexpected(answer: first[0]) }
    let answers = try await accept([
      orders.place(.buy, 1, at: 100, client: 7), orders.place(.buy, 1, at: 100, account: 1, client: 7),
      orders.place(.buy, 1, at: 100, client: 8), orders.place(.buy, 1, at: 100, client: 8),
    ])
    #expect(answers[0] == .refused(.duplicateClientOrderID))
    guard case .accepted = answers[1], case .accepted = answers[2] else { throw Unexpected(answer: answers[1]) }
    #expect(answers[3] == .refused(.duplicateClientOrderID))
    #expect(try StoreDatabase.integer(url, "SELECT count(*) FROM orders") == 3)
    try await expectCleanAudit()
  }

  /// The first cut lets the commit through, the second does not: stored or not, every request is answered as if nothing
  /// had happened, repeats of earlier orders included.
  @Test(arguments: [1, 2]) func aBatchCutOffAtItsCommitIsAnsweredAsItIsStored(cuts: Int) async throws {
    let server = try PostgresServer.shared()
    let proxy = try CuttingProxy(server: server.directory, statement: "commit")
    defer { proxy.shut() }
    let cut = PostgresAcceptanceLedger(
      session: StoreDatabase.session(url.replacing(server.directory, with: proxy.host)))
    var orders = TestOrders(seed: 3)
    let earlier = try await accepted(orders.place(.buy, 5, at: 100, idempotency: (key: 9, fingerprint: 1)))
    let other = try await accepted(orders.place(.buy, 1, at: 99))
    for number in 0..<cuts {
      proxy.arm(cuts: 1)
      let answers = try await cut.accept(
        [
          orders.place(.buy, 7, at: 98), orders.place(.buy, 5, at: 100, idempotency: (key: 9, fingerprint: 1)),
          orders.cancel(number == 0 ? other.id : earlier.id), orders.place(.buy, 1_000_000, at: 9_000),
        ], now: StoreDatabase.noon
      ).answers
      guard case .accepted(let new) = answers[0] else { throw Unexpected(answer: answers[0]) }
      #expect(new.quantity == Quantity(rawValue: 7) && new.sequence > .zero)
      #expect(answers[1] == .repeated(earlier))
      #expect(answers[2] == .cancelAccepted)
      guard case .refused(.insufficientBuyingPower) = answers[3] else { throw Unexpected(answer: answers[3]) }
    }
    #expect(proxy.cuts == cuts)
    #expect(try StoreDatabase.integer(url, "SELECT count(*) FROM orders") == 2 + cuts)
    #expect(try StoreDatabase.integer(url, "SELECT count(*) FROM command_log") == 2 + 2 * cuts)
    try await expectCleanAudit()
  }

  /// Orders that wait in the log to trade at once or not at all meet nothing later, and those for the close wait apart; a
  /// market order stands where orders are collected.
  @Test func onlyOrdersThatMayMeetAreRefused() async throws {
    var orders = TestOrders(seed: 21)
    func order(_ side: Side, _ life: TimeInForce, type: OrderType = .limit) -> AcceptanceRequest {
      guard case .place(var place) = orders.place(side, 1, at: 100) else { preconditionFailure("it places an order") }
      (place.timeInForce, place.type, place.isPreventionChosen) = (life, type, false)
      return .place(place)
    }
    func isRefused(_ request: AcceptanceRequest) async throws -> Bool {
      switch try await ledger.accept([request], now: StoreDatabase.noon).answers[0] {
      case .accepted: return false
      case .refused(.selfCross): return true
      case let answer: throw Unexpected(answer: answer)
      }
    }
    for number in 0..<12 { #expect(try await !isRefused(order(number % 2 == 0 ? .buy : .sell, .ioc))) }
    #expect(try await !isRefused(order(.sell, .day, type: .market)))
    #expect(try await !isRefused(order(.buy, .ioc)))
    #expect(try await !isRefused(order(.buy, .cls)))
    #expect(try await isRefused(order(.sell, .cls)))
    #expect(try await !isRefused(order(.sell, .day)))
    #expect(try await isRefused(order(.buy, .day)))
    var connection = try PostgresConnection(PostgresOptions(url: url, applicationName: "tests"))
    try connection.execute(
      """
      UPDATE orders SET is_open = false WHERE order_type = 0;
      INSERT INTO instrument_phases (instrument_id, day, stage, is_halted, changed_at)
        SELECT 1, current_date, 1, true, now()
      """)
    #expect(try await isRefused(order(.buy, .day)), "it stands beside a market order")
  }

  /// A batch that met a conflict is tried again, a few times; each try is told with its cause, and the batch is stored once.
  @Test(arguments: [
    ("40001", StoreError.Cause.serialization), ("40P01", .deadlock), ("55P03", .lockTimeout),
  ])
  func conflictsAreTriedAgainAndReported(state: String, cause: StoreError.Cause) async throws {
    let reported = Lock<[StoreError.Cause]>([])
    let ledger = PostgresAcceptanceLedger(session: StoreDatabase.session(url)) { cause in
      reported.withLock { $0.append(cause) }
    }
    var orders = TestOrders(seed: 12)
    // A sequence is not rolled back: it counts the tries.
    _ = try StoreDatabase.text(
      url,
      """
      DO $do$ BEGIN
        CREATE SEQUENCE tries;
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          IF nextval('tries') <= 3 THEN RAISE EXCEPTION USING ERRCODE = '\(state)'; END IF;
          RETURN NEW;
        END $$;
        CREATE TRIGGER refuse BEFORE INSERT ON order_keys FOR EACH ROW EXECUTE FUNCTION refuse();
      END $do$
      """)
    let answers = try await ledger.accept([orders.place(.buy, 1, at: 100)], now: StoreDatabase.noon).answers
    guard case .accepted = answers[0] else { throw Unexpected(answer: answers[0]) }
    #expect(reported.withLock { $0 } == [cause, cause, cause])
    // One that never goes through is given up, and nothing of it is stored.
    _ = try StoreDatabase.text(url, "ALTER SEQUENCE tries MINVALUE -1000 RESTART WITH -1000")
    reported.withLock { $0 = [] }
    await #expect(throws: StoreError.self) {
      try await ledger.accept([orders.place(.buy, 1, at: 100)], now: StoreDatabase.noon)
    }
    #expect(reported.withLock { $0 } == Array(repeating: cause, count: AcceptanceRetry.conflicts))
    #expect(try StoreDatabase.integer(url, "SELECT count(*) FROM orders") == 1)
    try await expectCleanAudit()
  }

  @Test func anIdempotencyKeyAnswersItsRepeatAndRefusesAnotherRequest() async throws {
    var orders = TestOrders(seed: 2)
    let first = try await accepted(orders.place(.buy, 5, at: 100, idempotency: (key: 9, fingerprint: 1)))
    let answers = try await accept([
      orders.place(.buy, 5, at: 100, idempotency: (key: 9, fingerprint: 1)),
      orders.place(.buy, 6, at: 100, idempotency: (key: 9, fingerprint: 2)),
      orders.place(.buy, 5, at: 100, idempotency: (key: 10, fingerprint: 1)),
      orders.place(.buy, 5, at: 100, idempotency: (key: 10, fingerprint: 1)),
    ])
    guard case .repeated(let again) = answers[0] else { throw Unexpected(answer: answers[0]) }
    #expect(again.id == first.id && again.sequence == first.sequence)
    #expect(answers[1] == .refused(.idempotencyKeyReused))
    guard case .accepted(let third) = answers[2] else { throw Unexpected(answer: answers[2]) }
    #expect(answers[3] == .repeated(third))
    #expect(try held() == 2 * 500 * 10_000)
    try await expectCleanAudit()
  }

  @Test func eachRequestOfABatchIsJudgedByWhatTheOnesBeforeItLeft() async throws {
    var orders = TestOrders(seed: 3)
    let answers = try await accept([
      orders.place(.buy, 6_000, at: 100), orders.place(.buy, 5_000, at: 100), orders.place(.buy, 4_000, at: 100),
      orders.place(.sell, 4_000, at: 200), orders.place(.sell, 1_001, at: 200), orders.place(.sell, 1_000, at: 200),
    ])
    #expect(
      answers[1]
        == .refused(.insufficientBuyingPower(available: .dollars(400_000), required: .dollars(500_000))))
    #expect(
      answers[4]
        == .refused(
          .insufficientShares(
            requested: Quantity(rawValue: 1_001), available: Quantity(rawValue: 1_000), owned: StoreDatabase.shares,
            held: Quantity(rawValue: 4_000))))
    #expect(try held() == 1_000_000 * 10_000)
    #expect(try StoreDatabase.integer(url, "SELECT count(*) FROM orders") == 4)
    try await expectCleanAudit()
  }

  @Test func aCancelMarksTheOrderOnce() async throws {
    var orders = TestOrders(seed: 4)
    let order = try await accepted(orders.place(.buy, 1, at: 100))
    #expect(
      try await accept([orders.cancel(order.id), orders.cancel(order.id)]) == [.cancelAccepted, .cancelAccepted])
    #expect(try await accept([orders.cancel(order.id)]) == [.cancelAccepted])
    #expect(try StoreDatabase.integer(url, "SELECT count(*) FROM command_log WHERE kind = 1") == 1)
    #expect(try StoreDatabase.integer(url, "SELECT pending FROM orders") == 1)
    try await expectCleanAudit()
  }

  @Test func aReplacementHoldsWhatItNeedsBeyondTheOldOrder() async throws {
    let market = PostgresSettlementLedger(session: StoreDatabase.session(url))
    var orders = TestOrders(seed: 5)
    let order = try await accepted(orders.place(.buy, 10, at: 100))
    // Only an order that is in the book can be replaced.
    guard case .refused(.orderNotReplaceable(.accepted)) = try await accept([orders.replace(order.id, quantity: 12)])[0]
    else {
      Issue.record("an order that has not reached the book was replaced")
      return
    }
    try await SettlementLedgerTests.settle(market, SettlementLedgerTests.claim(market, order.shard))
    let new = try await accepted(orders.replace(order.id, quantity: 12, dollars: 110))
    #expect(new.replaces == order.id)
    #expect(try held() == 12 * 110 * 10_000)
    #expect(
      try await accept([orders.replace(order.id, quantity: 13)])
        == [.refused(.orderNotReplaceable(.pendingReplace))])
    try await expectCleanAudit()
  }

  @Test func sequencesStayGaplessWhenTransactionsAreRolledBack() async throws {
    var connection = try PostgresConnection(PostgresOptions(url: url, applicationName: "tests"))
    try connection.execute(
      """
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$;
      CREATE CONSTRAINT TRIGGER refuse_at_commit AFTER INSERT ON orders DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW WHEN (NEW.quantity = 13) EXECUTE FUNCTION refuse()
      """)
    var orders = TestOrders(seed: 6)
    var sequences: [Int64] = []
    for number in 1...20 {
      if number.isMultiple(of: 3) {
        await #expect(throws: StoreError.self) { try await accept([orders.place(.buy, 13, at: 100)]) }
      } else {
        sequences.append(try await accepted(orders.place(.buy, 1, at: 100)).sequence.rawValue)
      }
    }
    #expect(sequences == Array(1...14))
    try await expectCleanAudit()
  }

  /// Somebody else holds a row of one account: the others are accepted all the same, and it is too when the row is free.
  @Test(arguments: ["accounts", "positions", "orders"])
  func requestsOfAnAccountThatSomebodyHoldsAreSetAside(table: String) async throws {
    let session = PostgresSession(StoreSettings.acceptance(url: url, role: "tests"), name: "tests")
    let ledger = PostgresAcceptanceLedger(session: session)
    var orders = TestOrders(seed: 8)
    let own = try await accepted(orders.place(.sell, 1, at: 100))
    var stranger = try PostgresConnection(PostgresOptions(url: url, applicationName: "psql"))
    let account = StoreDatabase.accounts[0]
    try stranger.execute("BEGIN; SELECT FROM \(table) WHERE account_id = \(account.rawValue) FOR UPDATE")
    let requests = [
      orders.place(.buy, 1, at: 90, account: 1), orders.cancel(own.id), orders.place(.sell, 2, at: 100),
      orders.place(.sell, 3, at: 100, account: 2, instrument: 2), orders.cancel(own.id),
    ]
    let batch = try await ledger.accept(requests, now: StoreDatabase.noon)
    #expect(batch.postponed == [account])
    #expect(batch.answers.count == 2)
    for answer in batch.answers { guard case .accepted = answer else { throw Unexpected(answer: answer) } }
    #expect(batch.entries.count == 2)
    let alone = try await ledger.accept([requests[1], requests[2]], now: StoreDatabase.noon)
    #expect(alone.postponed == [account] && alone.answers == [] && alone.entries == [])
    try stranger.execute("ROLLBACK")
    let later = try await ledger.accept([requests[1], requests[2], requests[4]], now: StoreDatabase.noon)
    #expect(later.postponed == [])
    #expect(later.answers.first == .cancelAccepted && later.answers.last == .cancelAccepted)
    try await expectCleanAudit()
  }

  @Test func sessionsThatAcceptForTheSameAccountsNeitherOverdrawNorDeadlock() async throws {
    try await withThrowingTaskGroup(of: Int.self) { group in
      for session in 0..<4 {
        group.addTask { [url] in
          let ledger = PostgresAcceptanceLedger(session: StoreDatabase.session(url))
          var orders = TestOrders(seed: 100 + UInt64(session))
          var numbers = SeededNumbers(seed: UInt64(session))
          var taken = 0
          for _ in 0..<25 {
            var batch: [AcceptanceRequest] = []
            for _ in 0..<8 {
              batch.append(
                orders.place(
                  Bool.random(using: &numbers) ? .buy : .sell, Int64.random(in: 50...600, using: &numbers), at: 150,
                  account: Int.random(in: 0..<StoreDatabase.accounts.count, using: &numbers),
                  instrument: Int32.random(in: 1...StoreDatabase.instruments, using: &numbers)))
            }
            let answers = try await ledger.accept(batch, now: StoreDatabase.noon).answers
            for case .accepted in answers { taken += 1 }
          }
          return taken
        }
      }
      var taken = 0
      for try await count in group { taken += count }
      #expect(try StoreDatabase.integer(url, "SELECT count(*) FROM orders") == taken)
      // There was less money than was asked for, so the limit was met.
      #expect(taken < 4 * 25 * 8)
    }
    try await expectCleanAudit()
  }
}
