import Foundation
import Lifecycle
import Market
import Postgres
import PostgresStore
import TestKit
import Testing

/// Plans of named statements do not depend on statistics: a connection keeps the plan that it made first, perhaps when a
/// table was empty. So every statement is planned where everything is empty and known to be, which tempts most.
struct StatementPlanTests {
  /// What stays small, or is read whole by those who ask for it.
  private static let small: Set<String> = [
    "shard_logs", "shard_cursors", "shard_suspicions", "leadership", "market_clock", "calendar_exceptions",
    "schema_migrations", "instruments", "instrument_phases", "session_steps", "band_states", "auction_parts",
    "order_bounds",
    // One row an instrument; gateways read all prices.
    "last_prices",
    // Those that are not resolved have an index of their own, and are few.
    "quarantined_commands",
    // A row, and a few.
    "ledger_restorations", "stream_keys",
  ]

  /// Statements of operators that page through a whole table by intent.
  private static let wholeTables: Set<String> = ["admin_list_log"]

  @Test func everyNamedStatementFindsRowsByAnIndexWithoutStatistics() throws {
    let day = Timestamp(rawValue: HostClock.microsecondsSinceEpoch()).day
    let server = try PostgresServer.shared()
    let url = try server.makeDatabase("empty_plans")
    var connection = try PostgresConnection(StoreSettings.ledger(url: url, role: "tests"))
    _ = try Migrator.run(&connection, shards: 16)
    // Pruning at the start of an execution would hide days.
    try connection.execute("ANALYZE; SET enable_partition_pruning = off")
    for statement in NamedStatements.all(day: day) where isPlanned(statement) {
      let plan = try explain(statement, &connection)
      let faults = Self.faults(in: plan)
      let isAllowed = Self.wholeTables.contains(statement.name)
      #expect(faults == [] || isAllowed, "\(statement.name):\n\(plan.joined(separator: "\n"))")
    }
  }

  /// Which nodes of a plan read a growing table without a condition on its index, or join in a way that does.
  private static func faults(in plan: [String]) -> [String] {
    var faults: [String] = []
    var open: String?
    for line in plan {
      let isNode = line.contains("->") || line.firstMatch(of: /^\s*[A-Z][A-Za-z ]+(using|on|\(|$)/) != nil
      if line.contains("Index Cond:") {
        open = nil
        continue
      }
      guard isNode else { continue }
      if let scan = open { faults.append(scan) }
      open = nil
      if line.contains("Hash Join") || line.contains("Merge Join") { faults.append(line) }
      guard
        let scan = line.firstMatch(
          of: /(Seq Scan|Index Scan|Index Only Scan|Bitmap Index Scan)( Backward)?( using \S+)? on (\w+)/)
      else { continue }
      var table = String(scan.4)
      // A bitmap's table is named by the node above it.
      if scan.1 == "Bitmap Index Scan" { table = "orders" }
      if let suffix = table.firstMatch(of: /_[0-9]{8}$/) { table.removeSubrange(suffix.range) }
      if small.contains(table) { continue }
      if scan.1 == "Seq Scan" { faults.append(line) } else { open = line }
    }
    if let open { faults.append(open) }
    return faults
  }

  private func isPlanned(_ statement: PostgresStatement) -> Bool {
    !["BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "SET", "LOCK"].contains { statement.sql.hasPrefix($0) }
  }

  private func explain(_ statement: PostgresStatement, _ connection: inout PostgresConnection) throws -> [String] {
    let numbers = statement.sql.matches(of: /\$([0-9]+)/).compactMap { Int($0.1) }
    let arguments =
      (numbers.max() ?? 0) == 0 ? "" : "(\(Array(repeating: "NULL", count: numbers.max()!).joined(separator: ", ")))"
    try connection.execute("PREPARE explained AS \(statement.sql)")
    defer { try? connection.execute("DEALLOCATE explained") }
    let rows = try connection.query(
      PostgresCall(.init("explain_\(statement.name)", "EXPLAIN (COSTS OFF) EXECUTE explained\(arguments)")))
    return (0..<rows.count).map { rows.text($0, 0) }
  }

  /// Who adds a statement adds it to the list.
  @Test func theListHasEveryStatementOfTheSources() throws {
    let known = Set(NamedStatements.all(day: Day(rawValue: 20_000)).map(\.name))
    let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Sources/PostgresStore")
      .standardized
    // Migrations and roles look at the server's own tables.
    let files = try #require(FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
    var found = 0
    for case let file as URL in files
    where file.pathExtension == "swift" && !file.path.contains("/Roles/")
      && file.lastPathComponent != "MigrationStatements.swift"
    {
      let text = try String(contentsOf: file, encoding: .utf8)
      for match in text.matches(of: /PostgresStatement\(\s*"([a-z_]+)(\\\(|")/) {
        found += 1
        let (name, isWhole) = (String(match.1), match.2 == "\"")
        #expect(
          known.contains { isWhole ? $0 == name : $0.hasPrefix(name) },
          "\(name) in \(file.lastPathComponent) is not in NamedStatements")
      }
    }
    #expect(found > 120)
  }
}
