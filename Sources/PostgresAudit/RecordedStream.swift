internal import Ports
internal import Postgres

/// A stored row as a replay is compared with it.
protocol RecordedRow: Equatable, Sendable {
  /// Where it belongs in the order of the comparison.
  associatedtype Place: Comparable
  /// Its place.
  var place: Place { get }
  /// What it is about, for a violation.
  var name: String { get }
  /// All of it, in words.
  var text: String { get }

  /// Reads a row of its query.
  init(_ rows: PostgresRows, _ row: Int)
}

/// Stored rows in order, portion by portion, merged with those of a replay.
struct RecordedStream<Row: RecordedRow> {
  private let cursor: AuditCursor
  private var portion: PostgresRows?
  private var next = 0
  private var isAtEnd = false

  /// Reads what `cursor` gives, which is in order of ``RecordedRow/place``.
  init(_ cursor: AuditCursor) { self.cursor = cursor }

  /// Compares the replay's next row with the stored ones up to its place.
  mutating func compare(
    _ replayed: Row, _ result: inout AuditResult, limit: Int, _ connection: inout PostgresConnection
  ) throws(PostgresError) {
    result.checked += 1
    while let stored = try peek(&connection), stored.place <= replayed.place {
      next += 1
      if stored.place < replayed.place {
        result.add(unexpected(stored), limit: limit)
      } else {
        if stored != replayed {
          result.add(
            AuditViolation(name: replayed.name, detail: "recorded \(stored.text); replayed \(replayed.text)"),
            limit: limit)
        }
        return
      }
    }
    result.add(AuditViolation(name: replayed.name, detail: "not recorded; replayed \(replayed.text)"), limit: limit)
  }

  /// Reports the stored rows behind the replay's last one and closes the cursor.
  mutating func finish(
    _ result: inout AuditResult, limit: Int, _ connection: inout PostgresConnection
  ) throws(PostgresError) {
    while let stored = try peek(&connection) {
      next += 1
      result.checked += 1
      result.add(unexpected(stored), limit: limit)
    }
    try cursor.close(&connection)
  }

  private func unexpected(_ stored: Row) -> AuditViolation {
    AuditViolation(name: stored.name, detail: "recorded \(stored.text); not in the replay")
  }

  private mutating func peek(_ connection: inout PostgresConnection) throws(PostgresError) -> Row? {
    if portion == nil || (next == portion?.count && !isAtEnd) {
      let rows = try cursor.next(&connection)
      isAtEnd = rows.count < AuditCursor.portion
      portion = rows
      next = 0
    }
    guard let portion, next < portion.count else { return nil }
    return Row(portion, next)
  }
}
