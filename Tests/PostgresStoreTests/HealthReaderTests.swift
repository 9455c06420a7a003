import Market
import Ports
import Postgres
import TestKit
import Testing

@testable import PostgresStore

@Suite struct HealthReaderTests {
  private func execute(_ url: String, _ sql: String) throws {
    var connection = try PostgresConnection(PostgresOptions(url: url, applicationName: "tests"))
    try connection.execute(sql)
  }

  private func health(_ url: String) async throws -> DatabaseHealth {
    try await PostgresHealthReader(session: StoreDatabase.session(url)).health()
  }

  @Test func aSoundDatabaseHasTheSchemaAndNothingElseToReport() async throws {
    let health = try await health(try StoreDatabase.make())
    #expect(health.schema == .current)
    #expect(health.now != nil && health.halts.isEmpty && health.standbys == nil)
  }

  @Test func anEmptyDatabaseHasNoSchema() async throws {
    let url = try PostgresServer.shared().makeDatabase("health_empty")
    #expect(try await health(url).schema == .missing)
  }

  @Test func stepsThatLackAndStepsOfLaterProgramsAreReported() async throws {
    let url = try StoreDatabase.make()
    try execute(url, "INSERT INTO schema_migrations (version, name) VALUES (9999, 'later')")
    #expect(try await health(url).schema == .ahead(versions: [9999]))
    try execute(url, "DELETE FROM schema_migrations WHERE name IN ('findings', 'halts')")
    #expect(try await health(url).schema == .behind(steps: ["halts", "findings"]))
  }

  @Test func haltsOfOperatorsAreReportedWithTheirBeginningAndPausesAreNot() async throws {
    let url = try StoreDatabase.make()
    let office = InstrumentAdministration(session: StoreDatabase.session(url), actor: .process)
    try await office.halt(try #require(Symbol("SB")), reason: "news", collects: false)
    try execute(url, "UPDATE instruments SET halt_reason = 'band', paused_until = now() WHERE symbol = 'SC'")
    try execute(url, "UPDATE instruments SET halt_reason = 'by hand' WHERE symbol = 'SD'")
    let halts = try await health(url).halts
    #expect(halts.map(\.symbol) == ["SB", "SD"])
    #expect(halts.map(\.reason) == ["news", "by hand"])
    let logged = try StoreDatabase.integer(
      url, "SELECT (extract(epoch FROM at) * 1000000)::bigint FROM admin_log WHERE action = 'instrument halt'")
    #expect(halts[0].since.map { Int($0.rawValue) } == logged)
    #expect(halts[1].since == nil, "nobody has written down when")
  }

  @Test func momentsOfShardsAreRead() async throws {
    let url = try StoreDatabase.make()
    let reader = PostgresShardReader(session: StoreDatabase.session(url))
    #expect(try await reader.shards().allSatisfy { $0.progressedAt == nil && $0.quarantinedSince == nil })
    try execute(
      url,
      """
      UPDATE shard_cursors SET processed_at = '2026-01-02T03:04:05Z' WHERE shard = 1;
      INSERT INTO quarantined_commands (shard, sequence, quarantined_at, reason, tries, epoch)
        VALUES (2, 7, '2026-01-03T00:00:00Z', 'r', 3, 1), (2, 5, '2026-01-04T00:00:00Z', 'r', 3, 1);
      """)
    let records = try await reader.shards()
    #expect(records[1].progressedAt == Timestamp("2026-01-02T03:04:05Z"))
    #expect(records[2].quarantined == 2 && records[2].quarantinedSince == Timestamp("2026-01-03T00:00:00Z"))
  }

  /// What a gateway answers with 503 and waits for: nobody but an operator can mend it.
  @Test func aMissingTableIsTheSchemasFault() async throws {
    let url = try StoreDatabase.make()
    try execute(url, "ALTER TABLE shard_cursors RENAME TO elsewhere")
    let reader = PostgresAccountReader(pool: PostgresPool([StoreDatabase.session(url)]))
    let error = await #expect(throws: StoreError.self) { _ = try await reader.lags() }
    guard case .unavailable(.schema, let reason) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(reason.contains("buttonwood migrate"))
  }

  @Test(arguments: [
    ("", 0), ("  ", 0), ("a", 1), ("a, b", 1), ("*", 1), ("2 (a, b, c)", 2), ("2(a,b)", 2), ("FIRST 2 (a, b)", 2),
    ("any 3 (a, b, c)", 3), ("ANY 1(*)", 1), ("\"first\"", 1),
  ])
  func standbysThatCommitsWaitForAreCounted(_ setting: String, _ needed: Int) {
    #expect(SynchronousStandbys.needed(setting) == needed)
  }
}

@Suite struct ErrorDescriptionTests {
  private static let errors: [any Error] = [
    PostgresError.unreachable("no route"), PostgresError.connectionLost("reset"),
    PostgresError.server(state: "42P01", message: "relation \"x\" does not exist"), PostgresError.protocolFault("odd"),
    StoreError(PostgresError.server(state: "42P01", message: "relation \"x\" does not exist")),
    StoreError(settling: PostgresError.server(state: "42703", message: "no column")),
    StoreError(PostgresError.unreachable("no route")), StoreError.outcomeUnknown,
    StoreError.fault(reason: "the log has a gap"), StreamError(reason: "Redis is away"),
    AdministrationError(PostgresError.connectionLost("reset")),
  ]

  @Test(arguments: errors) func noNameOfOursIsInWhatPeopleRead(_ error: any Error) {
    let text = "\(error)"
    for word in ["Error", "server(", "state:", "reason:", "unavailable(", "message:", "\\\"", "Optional"] {
      #expect(!text.contains(word), "\(text)")
    }
  }
}
