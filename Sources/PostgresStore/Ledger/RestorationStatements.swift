internal import Postgres

/// Which restoration of a backup the data is of, as one number: the nonce that "buttonwood restored" renews, and which row of
/// which table holds it. `pg_restore` makes both anew, so a dump restored tells even when nobody has said so.
enum RestorationStatements {
  /// As a scalar in other statements: read in their transaction, it costs no statement of its own. Never NULL.
  static let scalar = """
    coalesce((SELECT r.nonce # (r.tableoid::bigint << 32 | r.xmin::text::bigint)
      FROM ledger_restorations r WHERE r.restoration = 1), 0)
    """

  static let read = PostgresStatement("restoration", "SELECT \(scalar)")

  /// All shards from their owners, in lock order and behind the commits under way: whoever claimed before is fenced from now
  /// on, and whoever claims behind this sees the new nonce.
  static let fence = PostgresStatement(
    "restored_fence",
    """
    WITH held AS MATERIALIZED (SELECT shard FROM shard_cursors ORDER BY shard FOR UPDATE)
    UPDATE shard_cursors c SET epoch = c.epoch + 1, nonce = $1::bigint, owner = NULL
    FROM held h WHERE c.shard = h.shard RETURNING c.shard, c.processed_sequence
    """)

  static let renew = PostgresStatement(
    "restored_renew",
    """
    INSERT INTO ledger_restorations (restoration, nonce) VALUES (1, $1::bigint)
    ON CONFLICT (restoration) DO UPDATE SET nonce = excluded.nonce, restored_at = now()
    """)

  static let ends = PostgresStatement("restored_ends", "SELECT shard, last_sequence FROM shard_logs")
}
