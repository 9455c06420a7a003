internal import Postgres

/// The SQL of the bounds of single orders.
enum BoundsStatements {
  static let set = PostgresStatement(
    "bounds_set",
    """
    INSERT INTO order_bounds (account_id, instrument_id, max_quantity, max_notional, collar)
    VALUES ($1::bigint, $2::integer, $3::bigint, $4::bigint, $5::integer)
    ON CONFLICT (account_id, instrument_id) DO UPDATE SET max_quantity = excluded.max_quantity,
      max_notional = excluded.max_notional, collar = excluded.collar, set_at = now()
    """)

  static let clear = PostgresStatement(
    "bounds_clear",
    "DELETE FROM order_bounds WHERE account_id = $1::bigint AND instrument_id = $2::integer RETURNING account_id")

  static let list = PostgresStatement(
    "bounds_list",
    """
    SELECT b.account_id, i.symbol, b.max_quantity, b.max_notional, b.collar
    FROM order_bounds b LEFT JOIN instruments i USING (instrument_id) ORDER BY b.account_id, i.symbol NULLS FIRST
    """)

  static let findSymbol = PostgresStatement(
    "bounds_find_symbol", "SELECT instrument_id FROM instruments WHERE symbol = $1::text")
}
