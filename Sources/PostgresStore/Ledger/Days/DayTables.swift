internal import Lifecycle
internal import Market
internal import Postgres

/// The days whose tables are there, as they were last seen. It knows of tables, never of what they hold: a day that it does
/// not know is asked for, and where rows are missing all days are listed anew.
///
/// Statements that name a parent table lock the tables of every day. So whatever runs often names the tables of single days,
/// and this tells which there are.
final class DayTables: Sendable {
  private let known = Lock<Set<Day>>([])

  /// All days, the latest first, as last listed.
  func all(_ connection: inout PostgresConnection) throws(PostgresError) -> [Day] {
    let days = known.withLock { $0 }
    return days.isEmpty ? try list(&connection) : days.sorted(by: >)
  }

  /// All days, the latest first, as they are now.
  func list(_ connection: inout PostgresConnection) throws(PostgresError) -> [Day] {
    let rows = try connection.query(PostgresCall(DayStatements.list))
    let days = Set((0..<rows.count).map { Day(rawValue: rows.int4($0, 0)) })
    known.withLock { $0 = days }
    return days.sorted(by: >)
  }

  /// Those of some days that have tables. A day that is not known may have been given some since: then all are listed anew.
  func existing(_ wanted: Set<Day>, _ connection: inout PostgresConnection) throws(PostgresError) -> Set<Day> {
    let days = known.withLock { $0 }
    guard !wanted.isSubset(of: days) else { return wanted }
    return wanted.intersection(try list(&connection))
  }

  /// Forgets everything, because a table was not there.
  func forget() { known.withLock { $0 = [] } }
}

extension PostgresError {
  /// Whether a table that was named is not there (any more): SQLSTATE 42P01.
  var isMissingTable: Bool { state == "42P01" }
}
