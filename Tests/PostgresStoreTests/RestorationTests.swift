import Accounting
import Market
import Ports
import Postgres
import Services
import Sharding
import Testing

@testable import PostgresStore

/// What tells one restoration of a database from the other, and that nothing goes beyond the log.
@Suite(.serialized) struct RestorationTests {
  let url: String
  let ledger: PostgresSettlementLedger
  let entry: PostgresAcceptanceLedger
  let shard = Shard(rawValue: 0)

  init() throws {
    url = try StoreDatabase.make()
    ledger = PostgresSettlementLedger(session: StoreDatabase.session(url))
    entry = PostgresAcceptanceLedger(session: StoreDatabase.session(url))
  }

  private var office: RestorationAdministration { RestorationAdministration(session: StoreDatabase.session(url)) }

  /// Log rows of accepted orders as they are published.
  private func accept(seed: UInt64) async throws -> [LogEntry] {
    var orders = TestOrders(seed: seed)
    return try await entry.accept(
      [orders.place(.sell, 10, at: 100, account: 1), orders.place(.buy, 4, at: 101)], now: StoreDatabase.noon
    ).entries
  }

  private func sequences() throws -> String? {
    try StoreDatabase.text(
      url, "SELECT string_agg(format('%s/%s', processed_sequence, epoch), ' ' ORDER BY shard) FROM shard_cursors")
  }

  @Test func aSettlementBeyondTheEndOfTheLogIsRefusedWhole() async throws {
    _ = try await accept(seed: 1)
    let ownership = try await SettlementLedgerTests.claim(ledger, shard)
    let commit = try await SettlementLedgerTests.commit(ledger, ownership)
    try StoreDatabase.execute(url, "UPDATE shard_logs SET last_sequence = last_sequence - 1 WHERE shard = 0")
    let before = try sequences()
    #expect(try await ledger.settle([commit], at: StoreDatabase.noon) == .beyondLog(shard))
    #expect(try sequences() == before)
    #expect(try StoreDatabase.integer(url, "SELECT count(*) FROM trades") == 0)
    try StoreDatabase.execute(url, "UPDATE shard_logs SET last_sequence = last_sequence + 1 WHERE shard = 0")
    #expect(try await ledger.settle([commit], at: StoreDatabase.noon) == .committed)
  }

  @Test func whoClaimedAndWhoAcceptsAgreeOnTheHistory() async throws {
    let ownership = try await SettlementLedgerTests.claim(ledger, shard)
    #expect(ownership.timeline != .unnamed)
    #expect(try await accept(seed: 1).allSatisfy { $0.timeline == ownership.timeline })
    #expect(try await ledger.books(of: [shard]).first?.timeline == ownership.timeline)
    #expect(try await ledger.timeline() == ownership.timeline)
    try await SettlementLedgerTests.settle(ledger, ownership)
  }

  /// With everybody's connections open.
  @Test func aRestorationGivesANewNameAndTakesEveryShardFromItsOwner() async throws {
    _ = try await accept(seed: 1)
    try await SettlementLedgerTests.settle(ledger, SettlementLedgerTests.claim(ledger, shard))
    let first = try await accept(seed: 3)
    let owner = try await SettlementLedgerTests.claim(ledger, shard)
    let commit = try await SettlementLedgerTests.commit(ledger, owner)
    let report = try await office.restored()
    #expect(report.timeline != owner.timeline && report.timeline != .unnamed)
    #expect(report.shards == (0..<StoreDatabase.shards).map { Shard(rawValue: $0) })
    #expect(report.backlog == Int64(first.count))
    #expect(try StoreDatabase.integer(url, "SELECT count(*) FROM shard_cursors WHERE owner IS NOT NULL") == 0)
    #expect(try await ledger.settle([commit], at: StoreDatabase.noon) == .fenced(shard))
    #expect(try await accept(seed: 2).allSatisfy { $0.timeline == report.timeline }, "over the connection of before")
    #expect(try await ledger.timeline() == report.timeline)
    let heir = try await SettlementLedgerTests.claim(ledger, shard, nonce: 2)
    #expect(heir.timeline == report.timeline && heir.epoch.rawValue == owner.epoch.rawValue + 2)
    #expect(try await ledger.books(of: [shard]).first?.timeline == heir.timeline)
    try await SettlementLedgerTests.settle(ledger, heir)
    // What the ledger remembers of before does not keep the heir of another connection from settling either.
    let other = PostgresSettlementLedger(session: StoreDatabase.session(url))
    try await SettlementLedgerTests.settle(other, SettlementLedgerTests.claim(ledger, shard, nonce: 3))
    #expect(try await office.restored().timeline != report.timeline)
    #expect(try StoreDatabase.integer(url, "SELECT count(*) FROM admin_log WHERE action = 'restored'") == 2)
  }

  @Test func commitsOfTwoHistoriesAreReported() async throws {
    _ = try await accept(seed: 1)
    let old = try await SettlementLedgerTests.claim(ledger, shard)
    let commit = try await SettlementLedgerTests.commit(ledger, old)
    let report = try await office.restored()
    // Another shard, claimed behind the restoration, in one transaction with the old one.
    let new = try await SettlementLedgerTests.claim(ledger, Shard(rawValue: 1), nonce: 2)
    let other = try await SettlementLedgerTests.commit(ledger, new)
    #expect(try await ledger.settle([commit, other], at: StoreDatabase.noon) == .failedOver(to: report.timeline))
  }

  /// Nobody has run "buttonwood restored".
  @Test(arguments: [
    // As `pg_restore` makes the table: with another OID.
    """
    CREATE TABLE copy AS SELECT * FROM ledger_restorations; DROP TABLE ledger_restorations;
    ALTER TABLE copy RENAME TO ledger_restorations
    """,
    // As `pg_restore --data-only` fills it: in another transaction.
    """
    CREATE TEMP TABLE copy AS SELECT * FROM ledger_restorations; DELETE FROM ledger_restorations;
    INSERT INTO ledger_restorations SELECT * FROM copy
    """,
  ])
  func aDumpThatIsRestoredHasAnotherHistory(sql: String) async throws {
    let before = try await ledger.timeline()
    try StoreDatabase.execute(url, sql)
    let after = try await ledger.timeline()
    #expect(after != before)
    #expect(try await accept(seed: 1).allSatisfy { $0.timeline == after })
  }

  @Test func aCopyInAnotherDatabaseHasAnotherHistory() async throws {
    let template = try StoreDatabase.make(named: "restoration_template")
    func timeline(_ url: String) async throws -> DatabaseTimeline {
      let session = StoreDatabase.session(url)
      defer { Task { await session.disconnect() } }
      let timeline = try await PostgresSettlementLedger(session: session).timeline()
      await session.disconnect()
      return timeline
    }
    let original = try await timeline(template)
    let copy = try StoreDatabase.make(from: "restoration_template")
    #expect(try await timeline(copy) != original)
    #expect(try await timeline(template) == original)
  }

  @Test func withoutItsRowTheDatabaseStillHasAName() async throws {
    try StoreDatabase.execute(url, "DELETE FROM ledger_restorations")
    let timeline = try await ledger.timeline()
    #expect(try await accept(seed: 1).allSatisfy { $0.timeline == timeline })
    #expect(try await office.restored().timeline != timeline)
  }
}

/// Keys of stream entries.
@Suite(.serialized) struct StreamKeyAdministrationTests {
  let url: String
  let office: StreamKeyAdministration
  let reader: PostgresStreamKeyReader

  init() throws {
    url = try StoreDatabase.make()
    office = StreamKeyAdministration(session: StoreDatabase.session(url))
    reader = PostgresStreamKeyReader(session: StoreDatabase.session(url))
  }

  @Test func aNewDatabaseHasOneKeyOfItsOwn() async throws {
    let keys = try await reader.streamKeys()
    #expect(keys.map(\.id) == [1] && keys.allSatisfy { $0.secret.count == StreamKey.secretBytes })
    #expect(Set(keys[0].secret).count > 8)
    #expect(try await office.keys().map(\.id) == [1])
  }

  @Test func aRotationKeepsTheKeyBeforeAndARetirementNone() async throws {
    let first = try await reader.streamKeys()
    #expect(try await office.rotate() == .init(signing: 2, believed: [1], ended: []))
    let both = try await reader.streamKeys()
    #expect(both.map(\.id) == [1, 2] && both.first == first.first && both[0].secret != both[1].secret)
    #expect(try await office.rotate() == .init(signing: 3, believed: [2], ended: [1]))
    #expect(try await office.retire() == .init(signing: 3, believed: [], ended: [2]))
    #expect(try await office.retire() == .init(signing: 3, believed: [], ended: []))
    #expect(try await reader.streamKeys().map(\.id) == [3])
    let log = try StoreDatabase.text(
      url, "SELECT string_agg(action || ' ' || outcome, ', ' ORDER BY entry) FROM admin_log")
    #expect(
      log == "stream-key rotate done, stream-key rotate done, stream-key retire done, stream-key retire unchanged")
  }

  @Test func rotationsAtOnceLeaveTwoKeys() async throws {
    try await withThrowingTaskGroup { group in
      for _ in 0..<6 {
        group.addTask { [url] in
          _ = try await StreamKeyAdministration(session: StoreDatabase.session(url)).rotate()
        }
      }
      try await group.waitForAll()
    }
    #expect(try await reader.streamKeys().map(\.id) == [6, 7])
  }

  @Test func withoutKeysARotationHelps() async throws {
    try StoreDatabase.execute(url, "DELETE FROM stream_keys")
    await #expect(throws: AdministrationError.self) { try await office.retire() }
    #expect(try await office.rotate().believed == [])
    #expect(try await reader.streamKeys().count == 1)
  }
}

extension StoreDatabase {
  /// Runs statements.
  static func execute(_ url: String, _ sql: String) throws {
    var connection = try PostgresConnection(PostgresOptions(url: url, applicationName: "tests"))
    try connection.execute(sql)
  }
}
