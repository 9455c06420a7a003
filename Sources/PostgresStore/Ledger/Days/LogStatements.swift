internal import Market
internal import Postgres

/// The SQL of reading logs.
enum LogStatements {
  /// Which column of ``rows(day:)`` has a row's number.
  static let sequenceColumn = 8

  static let counters = PostgresStatement(
    "log_counters",
    """
    SELECT l.last_sequence, c.processed_sequence, c.processed_at
    FROM shard_logs l JOIN shard_cursors c ON c.shard = l.shard WHERE l.shard = $1::smallint
    """)

  /// Log rows of one day: those behind a number, up to another; and whether they went into quarantine.
  static func rows(day: Day) -> PostgresStatement {
    PostgresStatement(
      "log_rows_\(day.compact)",
      """
      SELECT \(LogColumns.readList), EXISTS (
        SELECT FROM quarantined_commands q WHERE q.shard = g.shard AND q.sequence = g.sequence)
      FROM \(LogColumns.source(day: day))
      WHERE shard = $1::smallint AND sequence > $2::bigint AND sequence <= $3::bigint ORDER BY sequence
      """)
  }

  /// How many rows of a day lie between two numbers, and whether one of them tells one of the instruments something.
  ///
  /// Parameters: shard, numbers, instruments.
  static func instructions(day: Day) -> PostgresStatement {
    PostgresStatement(
      "log_tellings_\(day.compact)",
      """
      SELECT count(*), coalesce(bool_or(
        kind = \(LogColumns.Kind.market.sql) AND instrument_id = ANY ($4::integer[])), false)
      FROM command_log_\(day.compact) WHERE shard = $1::smallint AND sequence > $2::bigint AND sequence <= $3::bigint
      """)
  }
}
