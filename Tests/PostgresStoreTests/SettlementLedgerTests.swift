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

/// Claims and settlements: who may commit, and that a fenced commit leaves no trace.
struct SettlementLedgerTests {
  let url: String
  let ledger: PostgresSettlementLedger
  let shard = Shard(rawValue: 0)

  init() throws {
    url = try StoreDatabase.make()
    ledger = PostgresSettlementLedger(session: StoreDatabase.session(url))
  }

  static func claim(_ ledger: PostgresSettlementLedger, _ shard: Shard, nonce: UInt64 = 1) async throws -> Ownership {
    try #require(try await ledger.claim(shard, owner: WorkerID(rawValue: "tests"), nonce: nonce))
  }

  /// What an owner would commit next.
  static func commit(_ ledger: PostgresSettlementLedger, _ ownership: Ownership) async throws -> ShardCommit {
    let books = try await ledger.books(of: [ownership.shard])
    var engine = try ShardEngine(try #require(books.first))
    let log = try await ledger.log(of: ownership.shard, after: ownership.processed, limit: 1_000)
    return ShardCommit(ownership: ownership, settlement: engine.apply(log))
  }

  static func settle(_ ledger: PostgresSettlementLedger, _ ownership: Ownership) async throws {
    let outcome = try await ledger.settle([commit(ledger, ownership)], at: StoreDatabase.noon)
    #expect(outcome == .committed)
  }

  private func trade() async throws {
    var orders = TestOrders(seed: 1)
    let entry = PostgresAcceptanceLedger(session: StoreDatabase.session(url))
    _ = try await entry.accept(
      [orders.place(.sell, 10, at: 100, account: 1), orders.place(.buy, 4, at: 101)], now: StoreDatabase.noon)
  }

  /// One order meets all that stand against it: its settlement takes several statements a table, and changes the same.
  @Test func moreRowsThanAStatementCarriesAreSeveral() async throws {
    var found: [String?] = []
    var counts: [Int] = []
    for rowsAtOnce in [7, 10_000] {
      let url = try StoreDatabase.make()
      var orders = TestOrders(seed: 9)
      let entry = PostgresAcceptanceLedger(session: StoreDatabase.session(url))
      let makers = (0..<40).map { orders.place(.sell, 1, at: Int64(100 + $0 % 3), account: 1) }
      _ = try await entry.accept(makers + [orders.place(.buy, 40, at: 102)], now: StoreDatabase.noon)
      let ledger = PostgresSettlementLedger(session: StoreDatabase.session(url))
      let commit = try await Self.commit(ledger, Self.claim(ledger, shard))
      var transaction = SettlingTransaction(commits: [commit], now: StoreDatabase.noon)
      transaction.rowsAtOnce = rowsAtOnce
      let calls = transaction.calls
      counts.append(calls.count)
      try await StoreDatabase.session(url).use { (connection) throws(PostgresError) in
        _ = try connection.pipeline(calls)
      }
      #expect(try StoreDatabase.integer(url, "SELECT count(*) FROM trades") == 40)
      found.append(try Self.state(url))
    }
    #expect(found[0] == found[1] && counts[0] > counts[1])
  }

  private func state() throws -> String? { try Self.state(url) }

  /// Everything that a settlement could have changed.
  private static func state(_ url: String) throws -> String? {
    try StoreDatabase.text(
      url,
      """
      SELECT concat((SELECT sum(cash * account_id) FROM accounts), ' ', (SELECT sum(held) FROM accounts), ' ',
        (SELECT sum(quantity * account_id) FROM positions), ' ', (SELECT count(*) FROM trades), ' ',
        (SELECT count(*) FROM order_events), ' ', (SELECT sum(filled) FROM orders), ' ',
        (SELECT sum(processed_sequence) FROM shard_cursors))
      """)
  }

  @Test func aTradeMovesCashSharesAndHoldsOfBothSides() async throws {
    try await trade()
    try await Self.settle(ledger, Self.claim(ledger, shard))
    let buyer = try StoreDatabase.text(
      url, "SELECT concat(cash, ' ', held) FROM accounts WHERE account_id = \(StoreDatabase.accounts[0].rawValue)")
    #expect(buyer == "\(999_600 * 10_000) 0")
    let seller = try StoreDatabase.text(
      url,
      """
      SELECT concat(quantity, ' ', held) FROM positions
      WHERE account_id = \(StoreDatabase.accounts[1].rawValue) AND instrument_id = 1
      """)
    #expect(seller == "4996 6")
    let report = try await AuditTests.audit(url)
    #expect(report.isClean, "\(AuditPrinter.text(report))")
  }

  @Test(arguments: ["epoch", "nonce", "sequence"])
  func aCommitIsFencedBy(_ part: String) async throws {
    try await trade()
    let ownership = try await Self.claim(ledger, shard)
    let commit = try await Self.commit(ledger, ownership)
    switch part {
    case "epoch": _ = try await Self.claim(ledger, shard, nonce: ownership.nonce)
    case "nonce":
      _ = try StoreDatabase.text(url, "UPDATE shard_cursors SET nonce = nonce + 1 WHERE shard = 0 RETURNING 'x'")
    default:
      _ = try StoreDatabase.text(
        url, "UPDATE shard_cursors SET processed_sequence = 1 WHERE shard = 0 RETURNING 'x'")
    }
    let before = try state()
    #expect(try await ledger.settle([commit], at: StoreDatabase.noon) == .fenced(shard))
    #expect(try state() == before)
  }

  @Test func aRepeatedCommitIsFenced() async throws {
    try await trade()
    let commit = try await Self.commit(ledger, Self.claim(ledger, shard))
    #expect(try await ledger.settle([commit], at: StoreDatabase.noon) == .committed)
    let before = try state()
    #expect(try await ledger.settle([commit], at: StoreDatabase.noon) == .fenced(shard))
    #expect(try state() == before)
  }

  @Test func oneFencedShardHoldsBackTheWholeTransaction() async throws {
    try await trade()
    var orders = TestOrders(seed: 2)
    let entry = PostgresAcceptanceLedger(session: StoreDatabase.session(url))
    _ = try await entry.accept([orders.place(.buy, 1, at: 100, instrument: 2)], now: StoreDatabase.noon)
    let other = Shard(rawValue: 1)
    let commits = [
      try await Self.commit(ledger, Self.claim(ledger, shard)),
      try await Self.commit(ledger, Self.claim(ledger, other)),
    ]
    _ = try await Self.claim(ledger, other, nonce: 2)
    let before = try state()
    #expect(try await ledger.settle(commits, at: StoreDatabase.noon) == .fenced(other))
    #expect(try state() == before)
    #expect(try await ledger.settle([commits[0]], at: StoreDatabase.noon) == .committed)
  }
}
