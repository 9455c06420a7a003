internal import Postgres

/// The SQL of elections and terms.
enum LeaderStatements {
  static let elect = PostgresStatement(
    "elect",
    """
    UPDATE leadership SET term = term + 1, nonce = $1::bigint, worker = $2::text, elected_at = now() RETURNING term
    """)

  static let termStands = PostgresStatement(
    "term_stands", "SELECT EXISTS (SELECT FROM leadership WHERE only_row AND term = $1::bigint AND nonce = $2::bigint)")

  static let holdTerm = PostgresStatement("hold_term", "SELECT hold_term($1::bigint, $2::bigint)")
}
