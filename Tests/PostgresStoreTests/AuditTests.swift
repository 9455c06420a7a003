import JSON
import Lifecycle
import Market
import Ports
import Postgres
import Services
import Testing

@testable import PostgresAudit
@testable import PostgresStore

/// An honest database passes, whatever happened in it.
struct AuditTests {
  static func audit(_ url: String, replay: Bool = true, samples: Int = 1_000) async throws -> AuditReport {
    let session = PostgresSession(StoreSettings.analysis(url: url, role: "tests"), name: "audit")
    return try await Audit(sampleLimit: samples).run(session, replay: replay)
  }

  @Test func anUntouchedDatabaseIsClean() async throws {
    let report = try await Self.audit(StoreDatabase.make())
    #expect(report.isClean, "\(AuditPrinter.text(report))")
  }

  @Test(arguments: [1, 2, 3, 4] as [UInt64])
  func anHonestDatabaseIsCleanAtEveryMoment(seed: UInt64) async throws {
    let url = try StoreDatabase.make()
    var market = try await RandomMarket(url, seed: seed)
    for moment in 0..<4 {
      try await market.trade(batches: 25)
      let report = try await Self.audit(url)
      #expect(report.isClean, "seed \(seed), moment \(moment)\n\(AuditPrinter.text(report))")
    }
    try await market.settle()
    let report = try await Self.audit(url)
    #expect(report.isClean, "seed \(seed), all settled\n\(AuditPrinter.text(report))")
    // Every kind of event happened, so every check had something to look at.
    let kinds = try StoreDatabase.text(
      url, "SELECT string_agg(DISTINCT kind::text, ' ' ORDER BY kind::text) FROM order_events")
    #expect(kinds == "0 1 2 3 4 5 7 8", "seed \(seed)")
    // Nothing is pending when all is settled, and what quarantine does to a database has a market of its own.
    for result in report.results where !["A5", "A7", "E7", "E8", "E9", "E11", "E13", "F4"].contains(result.id) {
      #expect(result.checked > 0, "seed \(seed): check \(result.id) looked at nothing")
    }
  }

  /// Stops, trailing stops and classes, with owners that change and commands that are set aside.
  @Test(arguments: [11, 12, 13] as [UInt64])
  func aDatabaseWithConditionalOrdersIsCleanAtEveryMoment(seed: UInt64) async throws {
    let url = try StoreDatabase.make()
    var market = try await RandomMarket(url, seed: seed)
    market.conditionalOneIn = 2
    for moment in 0..<4 {
      if moment == 2 { market.quarantineOneIn = 12 }
      try await market.trade(batches: 25)
      for shard in 0..<StoreDatabase.shards where moment.isMultiple(of: 2) {
        try await market.settle([Shard(rawValue: shard)])
        try await market.claim(Shard(rawValue: shard))
      }
      if moment == 3 { try await market.resolve(oneIn: 2) }
      let report = try await Self.audit(url)
      #expect(report.isClean, "seed \(seed), moment \(moment)\n\(AuditPrinter.text(report))")
    }
    market.quarantineOneIn = 0
    try await market.resolve(oneIn: 1)
    try await market.settle()
    let report = try await Self.audit(url)
    #expect(report.isClean, "seed \(seed), all settled\n\(AuditPrinter.text(report))")
    let kinds = try StoreDatabase.text(
      url, "SELECT string_agg(DISTINCT kind::text, ' ' ORDER BY kind::text) FROM order_events")
    #expect(kinds == "0 1 10 11 2 3 4 5 7 8 9", "seed \(seed)")
  }

  @Test func progressNamesEachCheckInOrder() async throws {
    let url = try StoreDatabase.make()
    var market = try await RandomMarket(url, seed: 5)
    try await market.trade(batches: 5)
    let seen = Lock<[AuditProgress]>([])
    let session = PostgresSession(StoreSettings.analysis(url: url, role: "tests"), name: "audit")
    _ = try await Audit().run(session, replay: true) { progress in seen.withLock { $0.append(progress) } }
    let progress = seen.withLock { $0 }
    #expect(progress.map(\.place) == progress.map(\.place).sorted())
    #expect(Set(progress.map(\.id)) == Set(AuditCheck.all.map(\.id) + ["C6", "F"]))
    #expect(progress.last?.checked == progress.last?.toCheck)
  }

  @Test func aDatabaseWithoutTheSchemaIsAnErrorNotAViolation() async throws {
    let url = try StoreDatabase.make(from: "template0")
    await #expect(throws: PostgresError.self) { try await Self.audit(url) }
  }

  @Test func detachedDaysAreNotReplayedAndNotMissed() async throws {
    let url = try StoreDatabase.make()
    let yesterday = StoreDatabase.noon.advanced(byMicroseconds: -86_400_000_000)
    var market = try await RandomMarket(url, seed: 6, from: yesterday)
    try await market.trade(batches: 20)
    try await market.settle()
    // Nothing stays open over night.
    var connection = try PostgresConnection(PostgresOptions(url: url, applicationName: "tests"))
    try connection.execute(
      """
      UPDATE orders SET status = 4, is_open = false, pending = 0, closed_at = updated_at WHERE is_open;
      UPDATE accounts SET held = 0;
      UPDATE positions SET held = 0;
      WITH j AS (INSERT INTO journals (kind) VALUES ('opening') RETURNING journal_id),
      moved AS (SELECT account_id, asset, sum(amount) AS amount FROM postings WHERE source = 'trade' GROUP BY 1, 2)
      INSERT INTO journal_lines SELECT journal_id, account_id, asset, amount FROM j, moved
      """)
    let day = yesterday.day.description.filter { $0 != "-" }
    for table in ["orders", "command_log", "trades", "order_events"] {
      try connection.execute("ALTER TABLE \(table) DETACH PARTITION \(table)_\(day)")
    }
    var today = try await RandomMarket(url, seed: 7)
    try await today.trade(batches: 20)
    let report = try await Self.audit(url)
    #expect(report.isClean, "\(AuditPrinter.text(report))")
    let notes = report.results.first { $0.id == "F1" }?.notes ?? []
    #expect(notes.count == Int(StoreDatabase.shards), "\(notes)")
    #expect(notes.allSatisfy { $0.contains("not replayable, its log begins at sequence") })
  }
}

/// The report's forms.
struct AuditPrinterTests {
  let report = AuditReport(results: [
    AuditResult(id: "A1", title: "short", checked: 12_345),
    AuditResult(
      id: "B12", title: "a longer title", checked: 7, violations: 3,
      samples: [AuditViolation(name: "order 1", detail: "is \"odd\"")], notes: ["a note"]),
  ])

  @Test func textIsATableWithAClosingLine() {
    #expect(
      AuditPrinter.text(report) == """
        A1  short ............ 12,345 checked ... ok
        B12  a longer title ...      7 checked ... 3 VIOLATIONS
              a note
              order 1: is "odd"
              and 2 more
        2 checks: 3 violations, found by B12

        """)
  }

  @Test func jsonCarriesEverything() {
    #expect(
      AuditPrinter.json(report) == """
        {"clean":false,"violations":3,"checks":[\
        {"id":"A1","title":"short","checked":12345,"violations":0,"samples":[],"notes":[]},\
        {"id":"B12","title":"a longer title","checked":7,"violations":3,\
        "samples":[{"id":"order 1","detail":"is \\"odd\\""}],"notes":["a note"]}]}

        """)
  }
}
