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

/// Log rows are found by their numbers, whatever day they were accepted on.
struct OldLogTests {
  let url: String
  let ledger: PostgresSettlementLedger
  let shard = Shard(rawValue: 0)

  init() throws {
    url = try StoreDatabase.make()
    ledger = PostgresSettlementLedger(session: StoreDatabase.session(url))
  }

  /// Makes the tables of the days before, and moves `rows` to a day that long ago.
  static func age(_ url: String, days: Int, where condition: String) throws {
    _ = try StoreDatabase.text(
      url, "SELECT ensure_partitions((now() AT TIME ZONE 'UTC')::date - \(days), \(days + 2))::text")
    _ = try StoreDatabase.text(
      url,
      """
      WITH moved AS (
        UPDATE command_log SET accepted_at = accepted_at - interval '\(days) days' WHERE \(condition) RETURNING 1)
      SELECT count(*)::text FROM moved
      """)
  }

  /// Accepts `count` orders of instrument 1 that rest.
  private func accept(_ count: Int) async throws {
    var orders = TestOrders(seed: 7)
    let entry = PostgresAcceptanceLedger(session: StoreDatabase.session(url))
    var left = count
    while left > 0 {
      let batch = (0..<min(left, 500)).map { _ in orders.place(.sell, 1, at: 100, account: 1) }
      _ = try await entry.accept(batch, now: StoreDatabase.noon)
      left -= batch.count
    }
  }

  private func settle(_ ownership: inout Ownership, _ engine: inout ShardEngine, limit: Int) async throws -> Int {
    let rows = try await ledger.log(of: shard, after: ownership.processed, limit: limit)
    guard let last = rows.last else { return 0 }
    let commit = ShardCommit(ownership: ownership, settlement: engine.apply(rows))
    let now = Timestamp(rawValue: StoreDatabase.noon.rawValue)
    #expect(try await ledger.settle([commit], at: now) == .committed)
    ownership.processed = last.sequence
    return rows.count
  }

  @Test(arguments: [3, 40])
  func aBacklogOfAnyAgeIsReadToItsEnd(_ age: Int) async throws {
    try await accept(2_300)
    try Self.age(url, days: age, where: "true")
    var ownership = try await SettlementLedgerTests.claim(ledger, shard)
    var engine = try ShardEngine(try #require(try await ledger.books(of: [shard]).first))
    var counts: [Int] = []
    while case let count = try await settle(&ownership, &engine, limit: 2_000), count > 0 { counts.append(count) }
    #expect(counts == [2_000, 300], "the first batch moves the cursor's time, and the old rows are still there")
    #expect(try await AuditTests.audit(url).isClean)
    let processed = try await ledger.processedLog(of: shard, after: .zero, limit: 5_000)
    #expect(processed.map(\.entry.sequence.rawValue) == Array(1...2_300))
  }

  @Test func aRunOverSeveralDaysComesInOrder() async throws {
    try await accept(60)
    try Self.age(url, days: 20, where: "sequence <= 20")
    try Self.age(url, days: 5, where: "sequence BETWEEN 21 AND 40")
    let rows = try await ledger.log(of: shard, after: .zero, limit: 50)
    #expect(rows.map(\.sequence.rawValue) == Array(1...50))
    #expect(try await ledger.log(of: shard, after: Sequence(rawValue: 60), limit: 50).isEmpty)
  }

  @Test func aMissingRowIsNamedAndNothingBehindItIsHandedOut() async throws {
    try await accept(5)
    _ = try StoreDatabase.text(url, "DELETE FROM command_log WHERE sequence = 3 RETURNING 'x'")
    await #expect {
      _ = try await ledger.log(of: shard, after: .zero, limit: 100)
    } throws: { error in
      guard case .fault(let reason)? = error as? StoreError else { return false }
      return reason.contains("shard 0 has no row 3")
    }
    #expect(try await ledger.log(of: shard, after: .zero, limit: 2).count == 2, "rows before it are")
  }

  @Test func aDayThatIsTakenAwayIsPassedOver() async throws {
    try Self.age(url, days: 10, where: "false")
    try await accept(3)
    #expect(try await ledger.log(of: shard, after: .zero, limit: 100).count == 3)
    _ = try StoreDatabase.text(
      url,
      """
      WITH day AS (SELECT to_char((now() AT TIME ZONE 'UTC')::date - 10, 'YYYYMMDD') AS suffix)
      SELECT suffix FROM day
      """
    ).map { suffix in
      var connection = try PostgresConnection(PostgresOptions(url: url, applicationName: "tests"))
      try connection.execute("DROP TABLE command_log_\(suffix)")
    }
    try Self.age(url, days: 8, where: "true")
    #expect(try await ledger.log(of: shard, after: .zero, limit: 100).count == 3)
  }
}
