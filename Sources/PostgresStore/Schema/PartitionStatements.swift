internal import Postgres

/// The SQL of days' tables. Days are counted from 1970.
enum PartitionStatements {
  /// Tables that days lack, a day's in the order in which they are made, and the database's time. Parameters: first day as
  /// distance from today, how many days.
  static let missing = PostgresStatement(
    "days_missing",
    """
    SELECT m.this - date '1970-01-01', m.parent, now()
    FROM missing_day_tables((now() AT TIME ZONE 'UTC')::date + $1::integer, $2::integer) AS m
    """)

  /// Parameters: parent, day.
  static let make = PostgresStatement(
    "days_make", "SELECT make_day_table($1::text, date '1970-01-01' + $2::integer)")

  /// Takes away what programs of the version before need alone, when its time has come; tells whether it is gone.
  static let dropOpenIndex = PostgresStatement("days_drop_open_index", "SELECT drop_orders_open()")

  /// Parameter: most days.
  static let ahead = PostgresStatement("days_ahead", "SELECT days_ahead($1::integer)")
}
