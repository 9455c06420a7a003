import Foundation
import Testing

/// Where SQL stands in the sources, and what does not stand in it.
@Suite struct StatementTextTests {
  private struct Line {
    var file: String
    var number: Int
    var text: String
    var isOfStatements: Bool
    /// Whether it is of a file that gives rights: names of roles stand in those texts.
    var isOfRoles: Bool
  }

  /// All lines of the adapter and the audit that are not comments.
  private static func lines() throws -> [Line] {
    let sources = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Sources").standardized
    var lines: [Line] = []
    for module in ["PostgresStore", "PostgresAudit"] {
      let files = try #require(
        FileManager.default.enumerator(at: sources.appending(path: module), includingPropertiesForKeys: nil))
      for case let file as URL in files where file.pathExtension == "swift" {
        let name = file.lastPathComponent
        for (index, text) in try String(contentsOf: file, encoding: .utf8).split(
          separator: "\n", omittingEmptySubsequences: false
        ).enumerated() where !text.drop(while: \.isWhitespace).hasPrefix("//") {
          lines.append(
            Line(
              file: name, number: index + 1, text: String(text),
              // A check of the audit is its SQL and what it finds; columns are read, written and listed side by side.
              isOfStatements: name.hasSuffix("Statements.swift") || name.hasPrefix("AuditCheck"),
              isOfRoles: file.path.contains("/Roles/")))
        }
      }
    }
    return lines
  }

  @Test func sqlStandsInTheFilesOfStatements() throws {
    let begins =
      /(^\s*|")(SELECT|INSERT INTO|UPDATE [a-z]|DELETE FROM|WITH [a-z]|CREATE |GRANT [A-Z]|REVOKE|LOCK TABLE|SET [A-Za-z]|LISTEN|DECLARE|FETCH)/
    let lines = try Self.lines()
    // Most lines are told by their first character, or hold no text.
    func mayBegin(_ text: String) -> Bool {
      text.utf8.contains(UInt8(ascii: "\"")) || text.first { $0 != " " }?.isUppercase == true
    }
    #expect(
      lines.filter { $0.isOfStatements && mayBegin($0.text) && $0.text.firstMatch(of: begins) != nil }.count > 150)
    for line in lines where !line.isOfStatements && mayBegin(line.text) {
      #expect(
        line.text.firstMatch(of: begins) == nil && !line.text.contains("PostgresStatement(\""),
        "\(line.file):\(line.number): \(line.text)")
    }
  }

  /// Columns whose numbers are values of enumerations.
  private static let columns =
    "(?:status|kind|kind_before|side|taker_side|role|phase|order_type|loss_type|time_in_force|self_trade_prevention|stage"
    + "|target_stage|band_tier|tier|pending|order_class|leg|target_leg|limit_edge)"

  /// A number of an enumeration beside the column that holds it. (`< 0` asks for what is no value at all.)
  private static func number() throws -> Regex<AnyRegexOutput> {
    let patterns = [
      // kind = 2, status IN (0, 1), g.kind & 3 <> 3, leg > 0
      "\\b\(columns)\\)?(?:\\s*&\\s*\\d+)?\\s*(?!<\\s*0)(?:=|<>|<=|>=|<|>|(?:NOT )?IN|(?:NOT )?BETWEEN)\\s*\\(?-?\\d",
      // kind & 3
      "\\b\(columns)\\s*&\\s*\\d",
      // CASE o.side WHEN 0
      "\\bCASE \\w*\\.?\(columns) WHEN \\d",
      // coalesce(t.role, 0)
      "coalesce\\(\\w*\\.?\(columns), \\d",
      // 1 - side
      "\\d - \\w*\\.?\(columns)\\b",
    ]
    return try Regex(patterns.map { "(?:\($0))" }.joined(separator: "|")).wordBoundaryKind(.simple)
  }

  @Test(arguments: [
    "WHERE kind = 2", "o.status IN (0, 1)", "g.kind & 3 <> x", "t.leg > 0", "CASE o.side WHEN 0 THEN",
    "coalesce(t.role, 0)",
    "ELSE 1 - g.side", "o.pending NOT BETWEEN 0 AND 2", "sum(kind = 4)",
  ])
  func aNumberOfAnEnumerationIsFound(sample: String) throws { #expect(try sample.firstMatch(of: Self.number()) != nil) }

  @Test func noValueOfAnEnumerationStandsThereAsANumber() throws {
    let number = try Self.number()
    for line in try Self.lines() where line.isOfStatements || line.file.hasSuffix("Columns.swift") {
      guard line.text.utf8.contains(where: { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }) else { continue }
      #expect(line.text.firstMatch(of: number) == nil, "\(line.file):\(line.number): \(line.text)")
    }
  }

  /// A value becomes SQL in one place (``StoredConstant``); bounds of prices and quantities are no enumerations.
  @Test func noRawValueStandsInAStatement() throws {
    for line in try Self.lines() where line.isOfStatements && !line.isOfRoles && line.text.contains(".rawValue)") {
      #expect(
        line.text.firstMatch(of: /\\\((?!\w+\.maximum\.)[\w.]+\.rawValue\)/) == nil,
        "\(line.file):\(line.number): \(line.text)")
    }
  }
}
