public import Accounting
public import Market
public import Ports
public import Postgres
public import Sharding

/// Claiming, recovering and settling in PostgreSQL.
public struct PostgresSettlementLedger: SettlementLedger {
  private let session: PostgresSession

  /// Works over `session`; make it with ``StoreSettings/ledger(url:role:)``.
  public init(session: PostgresSession) { self.session = session }

  public func claim(_ shard: Shard, owner: WorkerID, nonce: UInt64) async throws(LedgerError) -> Ownership? {
    let rows = try await query(
      PostgresCall(
        SettlingStatements.claim, [.int2(shard.rawValue), .int8(Int64(bitPattern: nonce)), .text(owner.rawValue)]))
    guard rows.count == 1 else { return nil }
    return Ownership(
      shard: shard, epoch: Epoch(rawValue: rows.int8(0, 0)), nonce: nonce,
      processed: Sequence(rawValue: rows.int8(0, 1)))
  }

  public func openOrders(of shard: Shard, through processed: Sequence) async throws(LedgerError) -> [OrderRecord] {
    let rows = try await query(
      PostgresCall(SettlingStatements.openOrders, [.int2(shard.rawValue), .int8(processed.rawValue)]))
    return (0..<rows.count).map { OrderColumns.read(rows, $0) }
  }

  public func log(of shard: Shard, after sequence: Sequence, limit: Int) async throws(LedgerError) -> [LogEntry] {
    let rows = try await query(
      PostgresCall(
        SettlingStatements.log, [.int2(shard.rawValue), .int8(sequence.rawValue), .int4(Int32(limit))]))
    return (0..<rows.count).map { LogColumns.read(rows, $0) }
  }

  public func lastSequences(of shards: [Shard]) async throws(LedgerError) -> [Shard: Sequence] {
    let rows = try await query(
      PostgresCall(SettlingStatements.lastSequences, [.int2Array(shards.map(\.rawValue))]))
    return Dictionary(
      uniqueKeysWithValues: (0..<rows.count).map {
        (Shard(rawValue: rows.int2($0, 0)), Sequence(rawValue: rows.int8($0, 1)))
      })
  }

  public func orders(_ ids: [OrderName]) async throws(LedgerError) -> [OrderID: OrderRecord] {
    let rows = try await query(EntryTransaction.findOrders(ids.map { ($0.account, $0.id) }))
    var orders: [OrderID: OrderRecord] = [:]
    for row in 0..<rows.count {
      let order = OrderColumns.read(rows, row)
      orders[order.id] = order
    }
    return orders
  }

  public func settle(_ commits: [ShardCommit], at now: Timestamp) async throws(LedgerError) -> SettleOutcome {
    let calls = SettlingTransaction(commits: commits, now: now).calls
    do {
      try await session.use { (connection) throws(PostgresError) in _ = try connection.pipeline(calls) }
      return .committed
    } catch .server(state: "BW001", let message) {
      return .fenced(Shard(rawValue: Int16(message) ?? -1))
    } catch .connectionLost {
      // The whole transaction was in one flush: whether it was committed nobody here knows.
      throw .outcomeUnknown
    } catch {
      throw LedgerError(error)
    }
  }

  private func query(_ call: PostgresCall) async throws(LedgerError) -> PostgresRows {
    do {
      return try await session.use { (connection) throws(PostgresError) in try connection.query(call) }
    } catch {
      throw LedgerError(error)
    }
  }
}
