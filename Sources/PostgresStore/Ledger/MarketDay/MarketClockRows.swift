internal import Market
internal import Postgres

/// Rows of the market's clock and of points of sessions.
enum MarketClockRows {
  /// A row of ``MarketDayStatements/clock``.
  static func record(_ rows: PostgresRows) throws(PostgresError) -> MarketClockRecord {
    guard rows.count == 1 else { return MarketClockRecord() }
    var record = try MarketClockRecord(
      mode: rows.isNull(0, 0) ? nil : MarketClockMode(rawValue: rows.text(0, 0)), target: point(rows, 0, 1))
    if !rows.isNull(0, 3), !rows.isNull(0, 4), !rows.isNull(0, 5) {
      record.simulation = SimulatedTime(
        startedAt: Timestamp(rawValue: rows.timestamp(0, 3)), marketStart: Timestamp(rawValue: rows.timestamp(0, 4)),
        speed: Int64(rows.int4(0, 5)))
    }
    return record
  }

  /// A day and, in the next column, a stage; nil when there is no day.
  static func point(_ rows: PostgresRows, _ row: Int, _ column: Int) throws(PostgresError) -> SessionPoint? {
    guard !rows.isNull(row, column) else { return nil }
    return SessionPoint(Day(rawValue: rows.int4(row, column)), try stored(rows.int2(row, column + 1)))
  }

  /// A day and a stage as parameters.
  static func parameters(_ point: SessionPoint?) -> [PostgresParameter] {
    guard let point else { return [.null, .null] }
    return [.int4(point.day.rawValue), .int2(Int16(point.stage.rawValue))]
  }
}
