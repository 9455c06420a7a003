internal import Postgres

/// The SQL of keeping accounts.
enum AccountStatements {
  static let insertJournal = PostgresStatement(
    "admin_insert_journal",
    """
    INSERT INTO journals (kind, reference, created_at, is_ordered) VALUES ($1::text, $2::text, $3::timestamptz, true)
    ON CONFLICT (reference) DO NOTHING RETURNING journal_id
    """)

  static let insertLines = PostgresStatement(
    "admin_insert_lines",
    """
    INSERT INTO journal_lines (journal_id, account_id, asset, amount, cost)
    SELECT $1::bigint, l.account_id, l.asset, l.amount, CASE WHEN l.account_id > 0 THEN $5::bigint END
    FROM unnest($2::bigint[], $3::integer[], $4::bigint[]) AS l (account_id, asset, amount)
    """)

  static let findJournal = PostgresStatement(
    "admin_find_journal",
    """
    SELECT j.kind, l.account_id, l.asset, l.amount
    FROM journals j JOIN journal_lines l ON l.journal_id = ANY (ARRAY[j.journal_id]) WHERE j.reference = $1::text
    """)

  static let insertAccount = PostgresStatement(
    "admin_insert_account",
    """
    INSERT INTO accounts (public_id, name, cash) VALUES ($1::uuid, $2::text, $3::bigint)
    ON CONFLICT (public_id) DO NOTHING RETURNING account_id
    """)

  static let findByID = PostgresStatement(
    "admin_find_account_by_id", "SELECT account_id FROM accounts WHERE public_id = $1::uuid")

  static let findByNumber = PostgresStatement(
    "admin_find_account_by_number", "SELECT account_id FROM accounts WHERE account_id = $1::bigint")

  /// Locks an account; with the time that it may give to what happens in it next, behind all that has.
  static let lockAccount = PostgresStatement(
    "admin_lock_account",
    """
    SELECT cash, held, greatest(last_event + interval '1 microsecond', clock_timestamp())
    FROM accounts WHERE account_id = $1::bigint FOR UPDATE
    """)

  /// The account's time has come to this.
  static let passTime = PostgresStatement(
    "admin_pass_time", "UPDATE accounts SET last_event = $2::timestamptz WHERE account_id = $1::bigint")

  static let changeCash = PostgresStatement(
    "admin_change_cash", "UPDATE accounts SET cash = cash + $2::bigint WHERE account_id = $1::bigint")

  static let openPosition = PostgresStatement(
    "admin_open_position",
    """
    INSERT INTO positions (account_id, instrument_id, quantity) VALUES ($1::bigint, $2::integer, 0)
    ON CONFLICT DO NOTHING
    """)

  static let lockPosition = PostgresStatement(
    "admin_lock_position",
    """
    SELECT quantity, cost FROM positions WHERE account_id = $1::bigint AND instrument_id = $2::integer FOR UPDATE
    """)

  /// Parameters: account, instrument, shares and what they cost, the account's time.
  static let changePosition = PostgresStatement(
    "admin_change_position",
    """
    UPDATE positions p SET
      \(PositionStatements.changed(
        runs: "ARRAY[$3::bigint, $4::bigint]", since: "$5::timestamptz - interval '1 microsecond'"))
    WHERE p.account_id = $1::bigint AND p.instrument_id = $2::integer
    """)

  static let setStatus = PostgresStatement(
    "admin_set_status",
    """
    UPDATE accounts SET status = $2::smallint, block_reason = $3::text
    WHERE account_id = $1::bigint AND (status, block_reason) IS DISTINCT FROM ($2::smallint, $3::text)
    RETURNING account_id
    """)

  static let insertKey = PostgresStatement(
    "admin_insert_key",
    """
    INSERT INTO api_keys (key_id, account_id, secret_hash, role, requests_per_minute)
    VALUES ($1::text, $2::bigint, $3::bytea, $4::text, $5::integer)
    ON CONFLICT DO NOTHING
    """)

  /// Locks the account first, as acceptance does: a change of the key moves the account's version.
  static let lockKey = PostgresStatement(
    "admin_lock_key",
    """
    WITH account AS MATERIALIZED (
      SELECT account_id FROM accounts WHERE account_id = (SELECT account_id FROM api_keys WHERE key_id = $1::text)
      FOR NO KEY UPDATE)
    SELECT k.revoked_at FROM account a JOIN api_keys k ON k.account_id = ANY (ARRAY[a.account_id]) WHERE k.key_id = $1::text
    FOR UPDATE OF k
    """)

  static let revokeKey = PostgresStatement(
    "admin_revoke_key", "UPDATE api_keys SET revoked_at = now() WHERE key_id = $1::text")

  static let limitKey = PostgresStatement(
    "admin_limit_key",
    """
    UPDATE api_keys SET requests_per_minute = $2::integer
    WHERE key_id = $1::text AND requests_per_minute IS DISTINCT FROM $2::integer RETURNING account_id
    """)

  static let accountColumns = "account_id, public_id, name, status, cash, held, created_at, suspended, block_reason"

  static let list = PostgresStatement(
    "admin_list_accounts",
    """
    SELECT \(accountColumns) FROM accounts WHERE account_id > $1::bigint ORDER BY account_id LIMIT $2::integer
    """)

  static let show = PostgresStatement(
    "admin_show_account", "SELECT \(accountColumns) FROM accounts WHERE account_id = $1::bigint")

  static let positions = PostgresStatement(
    "admin_show_positions",
    """
    SELECT i.symbol, p.held, \(PositionColumns.list)
    FROM positions p JOIN instruments i ON i.instrument_id = p.instrument_id
    WHERE p.account_id = $1::bigint AND p.quantity > 0 ORDER BY i.symbol
    """)

  static let keys = PostgresStatement(
    "admin_show_keys",
    """
    SELECT key_id, created_at, revoked_at, role, requests_per_minute FROM api_keys WHERE account_id = $1::bigint ORDER BY created_at, key_id
    """)
}
