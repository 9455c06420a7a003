internal import Market
public import Ports
public import Postgres
internal import Sharding

/// Tells how the shards stand, over one connection.
public struct PostgresShardReader: ShardReader, DayTableReader {
  private let session: PostgresSession

  /// Reads over `session`; make it with ``StoreSettings/ledger(url:role:)``.
  public init(session: PostgresSession) { self.session = session }

  /// Reads all shards in one statement.
  public func shards() async throws(StoreError) -> [ShardRecord] {
    let rows = try await answer(PostgresCall(ReadingStatements.shards))
    return (0..<rows.count).map { row in
      ShardRecord(
        shard: Shard(rawValue: rows.int2(row, 0)),
        claimedBy: rows.isNull(row, 1) ? nil : WorkerID(rawValue: rows.text(row, 1)),
        epoch: Epoch(rawValue: rows.int8(row, 2)),
        lag: ShardLag(last: Sequence(rawValue: rows.int8(row, 3)), processed: Sequence(rawValue: rows.int8(row, 4))),
        progressedAt: rows.moment(row, 7), quarantined: rows.int8(row, 5), quarantinedSince: rows.moment(row, 8),
        symbols: rows.text(row, 6).split(separator: " ").map(String.init))
    }
  }

  public func daysAhead() async throws(StoreError) -> Int {
    Int(try await answer(PostgresCall(PartitionStatements.ahead, [.int4(Int32(Partitions.daysAhead))])).int4(0, 0))
  }

  private func answer(_ call: PostgresCall) async throws(StoreError) -> PostgresRows {
    do throws(PostgresError) {
      return try await read(call)
    } catch {
      switch error.state {
      case "42P01":
        throw .unavailable(.schema, reason: "the database has no schema yet; run \"buttonwood migrate\"")
      case "42883":
        throw .unavailable(.schema, reason: "the database has an older schema; run \"buttonwood migrate\"")
      default: throw StoreError(error)
      }
    }
  }

  private func read(_ call: PostgresCall) async throws(PostgresError) -> PostgresRows {
    do {
      return try await session.use { (connection) throws(PostgresError) in try connection.query(call) }
    } catch .connectionLost {
      // A connection that died while idle: reading again is harmless.
      return try await session.use { (connection) throws(PostgresError) in try connection.query(call) }
    }
  }
}

extension PostgresRows {
  /// A moment; nil for NULL.
  func moment(_ row: Int, _ column: Int) -> Timestamp? {
    isNull(row, column) ? nil : Timestamp(rawValue: timestamp(row, column))
  }
}
