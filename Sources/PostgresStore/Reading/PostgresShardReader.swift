internal import Market
public import Ports
public import Postgres
internal import Sharding

/// Tells how the shards stand, over one connection.
public struct PostgresShardReader: ShardReader {
  private let session: PostgresSession

  /// Reads over `session`; make it with ``StoreSettings/ledger(url:role:)``.
  public init(session: PostgresSession) { self.session = session }

  private static let statement = PostgresStatement(
    "read_shards",
    """
    SELECT l.shard, c.owner, c.epoch, l.last_sequence, c.processed_sequence,
      (SELECT count(*) FROM quarantined_commands q WHERE q.shard = l.shard AND q.resolved_at IS NULL),
      coalesce((SELECT string_agg(i.symbol, ' ' ORDER BY i.symbol) FROM instruments i WHERE i.shard = l.shard), '')
    FROM shard_logs l JOIN shard_cursors c ON c.shard = l.shard ORDER BY l.shard
    """)

  /// Reads all shards in one statement.
  public func shards() async throws(LedgerError) -> [ShardRecord] {
    let rows: PostgresRows
    do throws(PostgresError) {
      rows = try await read()
    } catch {
      throw error.state == "42P01"
        ? .unavailable(.schema, reason: "the database has no schema yet; run \"buttonwood migrate\"")
        : LedgerError(error)
    }
    return (0..<rows.count).map { row in
      ShardRecord(
        shard: Shard(rawValue: rows.int2(row, 0)),
        claimedBy: rows.isNull(row, 1) ? nil : WorkerID(rawValue: rows.text(row, 1)),
        epoch: Epoch(rawValue: rows.int8(row, 2)),
        lag: ShardLag(last: Sequence(rawValue: rows.int8(row, 3)), processed: Sequence(rawValue: rows.int8(row, 4))),
        quarantined: rows.int8(row, 5), symbols: rows.text(row, 6).split(separator: " ").map(String.init))
    }
  }

  private func read() async throws(PostgresError) -> PostgresRows {
    let call = PostgresCall(Self.statement)
    do {
      return try await session.use { (connection) throws(PostgresError) in try connection.query(call) }
    } catch .connectionLost {
      // A connection that died while idle: reading again is harmless.
      return try await session.use { (connection) throws(PostgresError) in try connection.query(call) }
    }
  }
}
