internal import Market
internal import Ports
public import Postgres

/// The tables of days: each UTC day has one of orders, of log rows, of trades and so on, attached to the table of all days.
///
/// The leader alone keeps them, a week ahead. A table is made beside its parent and then attached, in a transaction of its
/// own, so that nobody who reads or writes waits; see decision 0020.
public enum Partitions {
  /// How many whole days ahead of today there should be.
  public static let daysAhead = 7

  /// The tables of all days, in the order in which whoever locks several of them locks them; the schema's `day_parents()`
  /// says the same.
  package static let parents = ["orders", "command_log", "trades", "minute_bars", "order_events", "quotes"]

  /// Makes the missing tables of a span of days, at once. A call that was broken off is completed by the next.
  /// - Parameters:
  ///   - connection: Outside a transaction.
  ///   - first: The first day, counted from today: -1 is yesterday.
  ///   - days: How many days.
  /// - Returns: How many tables were made.
  /// - Throws: ``PostgresError``: a lock that somebody held for longer than half a second (``PostgresError/isConflict``)
  ///   among others. What was made before stays.
  public static func make(
    _ connection: inout PostgresConnection, from first: Int32 = -1, days: Int32
  ) throws(PostgresError) -> Int {
    var made = 0
    for table in try missing(&connection, from: first, days: days).tables {
      if try connection.query(call(table)).bool(0, 0) { made += 1 }
    }
    return made
  }

  /// Which tables a span of days lacks, and the database's time.
  static func missing(
    _ connection: inout PostgresConnection, from first: Int32, days: Int32
  ) throws(PostgresError) -> (tables: [DayTable], now: Timestamp?) {
    let rows = try connection.query(PostgresCall(PartitionStatements.missing, [.int4(first), .int4(days)]))
    let tables = (0..<rows.count).map { DayTable(rows.text($0, 1), of: Day(rawValue: rows.int4($0, 0))) }
    return (tables, rows.count == 0 ? nil : Timestamp(rawValue: rows.timestamp(0, 2)))
  }

  /// Makes one table.
  static func call(_ table: DayTable) -> PostgresCall {
    PostgresCall(PartitionStatements.make, [.text(table.parent), .int4(table.day.rawValue)])
  }
}
