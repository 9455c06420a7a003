internal import Market
public import Ports
public import Postgres
public import Sharding

/// Elections and the leader's duties in PostgreSQL.
public struct PostgresTermStore: TermStore {
  private let session: PostgresSession

  /// Works over `session`; make it with ``StoreSettings/ledger(url:role:)``.
  public init(session: PostgresSession) { self.session = session }

  public func elect(_ worker: WorkerID, nonce: UInt64) async throws(StoreError) -> Leadership {
    let call = PostgresCall(LeaderStatements.elect, [.int8(Int64(bitPattern: nonce)), .text(worker.rawValue)])
    do {
      let rows = try await session.use { (connection) throws(PostgresError) in try connection.query(call) }
      return Leadership(term: Term(rawValue: rows.int8(0, 0)), nonce: nonce)
    } catch {
      throw StoreError(error)
    }
  }

  public func stands(_ leadership: Leadership) async throws(StoreError) -> Bool {
    let call = PostgresCall(
      LeaderStatements.termStands, [.int8(leadership.term.rawValue), .int8(Int64(bitPattern: leadership.nonce))])
    do {
      let rows = try await session.use { (connection) throws(PostgresError) in try connection.query(call) }
      return rows.bool(0, 0)
    } catch {
      throw StoreError(error)
    }
  }

  public func keepDays(_ leadership: Leadership) async throws(StoreError) -> DaysKept? {
    guard try await within(leadership, []) else { return nil }
    let days = Int32(Partitions.daysAhead)
    let found: (tables: [DayTable], now: Timestamp?)
    do {
      found = try await session.use { (connection) throws(PostgresError) in
        try Partitions.missing(&connection, from: -1, days: days + 2)
      }
    } catch {
      throw StoreError(error)
    }
    let due = found.now.map { DayTablePlan.due(found.tables, at: $0) } ?? []
    for table in due {
      do throws(StoreError) {
        guard try await within(leadership, [Partitions.call(table)]) else { return nil }
      } catch {
        guard case .unavailable(let cause, let reason) = error else { throw error }
        throw .unavailable(cause, reason: "\(table): \(reason)")
      }
    }
    guard try await within(leadership, [PostgresCall(PartitionStatements.dropOpenIndex)]) else { return nil }
    let ahead: PostgresRows
    do {
      ahead = try await session.use { (connection) throws(PostgresError) in
        try connection.query(PostgresCall(PartitionStatements.ahead, [.int4(days)]))
      }
    } catch {
      throw StoreError(error)
    }
    return DaysKept(made: due.count, left: found.tables.count - due.count, ahead: Int(ahead.int4(0, 0)))
  }

  /// Runs calls in one transaction of the term.
  /// - Returns: Whether the term stands.
  private func within(_ leadership: Leadership, _ calls: [PostgresCall]) async throws(StoreError) -> Bool {
    let hold = PostgresCall(
      LeaderStatements.holdTerm, [.int8(leadership.term.rawValue), .int8(Int64(bitPattern: leadership.nonce))])
    do {
      try await session.use { (connection) throws(PostgresError) in _ = try connection.pipeline([hold] + calls) }
      return true
    } catch .server(state: "BW002", _) {
      return false
    } catch {
      throw StoreError(error)
    }
  }
}
