import Ports
import Postgres
import Services
import Testing

@testable import PostgresAudit
@testable import PostgresStore

/// Each check finds what it is for: one thing in an honest database is changed by hand, and exactly the checks that must
/// see it report it, by name.
struct AuditFindingTests {
  struct Corruption: Sendable, CustomTestStringConvertible {
    let name: String
    /// Changes one thing and returns the name by which a violation must mention it, as text.
    let sql: String
    /// The check that it is made for, and all that must see it.
    let check: String
    let others: Set<String>

    init(_ check: String, _ name: String, also others: Set<String> = [], _ sql: String) {
      self.name = name
      self.sql = sql
      self.check = check
      self.others = others
    }

    var testDescription: String { "\(check): \(name)" }
  }

  /// A database with a history in which every kind of event happened, with commands in quarantine and out
  /// of it, and with commands that are not processed yet.
  private static let honest = Task {
    let name = "template_honest"
    let url = try await makeHonest(name)
    let report = try await AuditTests.audit(url)
    precondition(report.isClean, "the honest database is not clean\n\(AuditPrinter.text(report))")
    return name
  }

  private static func makeHonest(_ name: String) async throws -> String {
    let url = try StoreDatabase.make(named: name)
    var connection = try PostgresConnection(PostgresOptions(url: url, applicationName: "tests"))
    try connection.execute(
      """
      ALTER TABLE accounts DROP CONSTRAINT accounts_never_overdrawn;
      ALTER TABLE positions DROP CONSTRAINT positions_never_oversold
      """)
    var market = try await RandomMarket(url, seed: 16)
    try await market.trade(batches: 60)
    try await market.settle()
    market.quarantineOneIn = 4
    try await market.trade(batches: 40)
    try await market.settle()
    try await market.resolve(oneIn: 3)
    market.quarantineOneIn = 0
    try await market.settle()
    for _ in 0..<20 { try await market.accept() }
    await market.close()
    return url
  }

  @Test(arguments: corruptions)
  func isFound(_ corruption: Corruption) async throws {
    let url = try StoreDatabase.make(from: await Self.honest.value)
    guard let name = try StoreDatabase.text(url, corruption.sql) else {
      Issue.record("\(corruption.testDescription): nothing to corrupt")
      return
    }
    let report = try await AuditTests.audit(url)
    let found = Set(report.results.filter { $0.violations > 0 }.map(\.id))
    #expect(found == corruption.others.union([corruption.check]), "\(corruption.testDescription) of \(name)")
    let names = report.results.first { $0.id == corruption.check }?.samples.map(\.name) ?? []
    #expect(names.contains(name), "\(corruption.testDescription): \(names.prefix(5)) do not name \(name)")
  }

  @Test func everyCheckIsTested() {
    let tested = Set(Self.corruptions.map(\.check))
    #expect(Set(AuditCheck.all.map(\.id) + ["C6", "F1", "F2", "F3", "F4"]).subtracting(tested).isEmpty)
  }

  @Test func aDamagedLogIsNotReplayed() async throws {
    let url = try StoreDatabase.make(from: await Self.honest.value)
    _ = try StoreDatabase.text(url, "UPDATE command_log SET kind = 9, price = -5 WHERE sequence = 3 RETURNING 'x'")
    let report = try await AuditTests.audit(url)
    #expect(report.results.first { $0.id == "F1" }?.notes.first?.contains("the log itself is damaged") == true)
  }

  @Test func allViolationsAreCountedAndTheFirstAreKept() async throws {
    let url = try StoreDatabase.make(from: await Self.honest.value)
    _ = try StoreDatabase.text(url, "UPDATE orders SET updated_at = now(), pending = 7 RETURNING 'x'")
    let report = try await AuditTests.audit(url, samples: 3)
    let result = try #require(report.results.first { $0.id == "A1" })
    #expect(result.violations == result.checked)
    #expect(result.samples.count == 3)
  }
}
