internal import Accounting
public import Market
public import Ports
public import Postgres

/// Answers questions from PostgreSQL over a few connections in turn.
public final class PostgresAccountReader: AccountReader {
  private let pool: QueryPool
  private var days: DayTables { pool.days }

  /// Reads over a pool of sessions; make them with ``StoreSettings/ledger(url:role:)``.
  public init(pool: PostgresPool) { self.pool = QueryPool(pool: pool) }

  public func credential(keyID: String) async throws(StoreError) -> Credential? {
    let rows = try await query(PostgresCall(ReadingStatements.credential, [.text(keyID)]))
    guard rows.count == 1 else { return nil }
    return Credential(
      account: AccountNumber(rawValue: rows.int8(0, 0)), accountID: UniqueID(rows.uuid(0, 2)),
      secretHash: rows.bytea(0, 1),
      // A role that a later program knows is not more than the least.
      role: KeyRole(rawValue: rows.text(0, 3)) ?? .readOnly,
      requestsPerMinute: rows.isNull(0, 4) ? nil : Int(rows.int4(0, 4)), keysVersion: rows.int8(0, 5))
  }

  public func snapshot(of account: AccountNumber) async throws(StoreError) -> AccountSnapshot? {
    let rows = try await query(PostgresCall(ReadingStatements.snapshot, [.int8(account.rawValue)]))
    guard rows.count > 0 else { return nil }
    let status: AccountStatus = try readable { () throws(PostgresError) in try stored(rows.int2(0, 3)) }
    var account = AccountRecord(
      number: AccountNumber(rawValue: rows.int8(0, 0)), id: UniqueID(rows.uuid(0, 1)), name: rows.text(0, 2),
      status: status, cash: Money(rawValue: rows.int8(0, 4)), held: Money(rawValue: rows.int8(0, 5)),
      createdAt: Timestamp(rawValue: rows.timestamp(0, 6)))
    account.isSuspended = rows.bool(0, 7)
    var snapshot = AccountSnapshot(
      account: account, positions: [], lastPrices: [:], through: Timestamp(rawValue: rows.timestamp(0, 8)))
    for row in 0..<rows.count where !rows.isNull(row, 10) {
      let position = Self.position(rows, row, from: 10)
      snapshot.positions.append(position)
      if !rows.isNull(row, 9) { snapshot.lastPrices[position.instrument] = Price(rawValue: rows.int8(row, 9)) }
    }
    return snapshot
  }

  public func positions(of account: AccountNumber) async throws(StoreError) -> [PositionRecord] {
    let rows = try await query(PostgresCall(ReadingStatements.positions, [.int8(account.rawValue)]))
    return (0..<rows.count).map { Self.position(rows, $0, from: 0) }
  }

  private static func position(_ rows: PostgresRows, _ row: Int, from column: Int) -> PositionRecord {
    PositionRecord(
      instrument: InstrumentID(rawValue: rows.int4(row, column)), held: Quantity(rawValue: rows.int8(row, column + 1)),
      basis: PositionColumns.cost(rows, row, from: column + 2))
  }

  public func order(_ id: OrderID, of account: AccountNumber) async throws(StoreError) -> ShownOrder? {
    try await use { [days] (connection) throws(PostgresError) in
      try OrderReading(days: days).order(OrderName(account: account, id: id), &connection)
    }
  }

  public func order(clientKey: UniqueID, of account: AccountNumber) async throws(StoreError) -> ShownOrder? {
    let call = PostgresCall(
      ReadingStatements.orderOfKey, [.int8(account.rawValue), .uuid(clientKey.high, clientKey.low)])
    return try await use { [days] (connection) throws(PostgresError) in
      let rows = try connection.query(call)
      guard rows.count == 1 else { return nil }
      return try OrderReading(days: days).order(
        OrderName(account: account, id: UniqueID(rows.uuid(0, 0))), &connection)
    }
  }

  public func withLegs(
    _ orders: [ShownOrder], of account: AccountNumber
  ) async throws(StoreError) -> [ShownOrder] {
    let groups = orders.compactMap { $0.record.conditions?.isLeg == false ? $0.record.conditions?.group : nil }
    guard !groups.isEmpty else { return orders }
    let legs = try await use { [days] (connection) throws(PostgresError) in
      try OrderReading(days: days).legs(of: groups, account, &connection)
    }
    let byGroup = Dictionary(grouping: legs) { $0.record.conditions?.group }
    return orders.map { order in
      guard order.record.conditions?.isLeg == false, let group = order.record.conditions?.group else { return order }
      var order = order
      order.legs = byGroup[group]
      return order
    }
  }

  public func orders(_ query: OrderQuery) async throws(StoreError) -> [ShownOrder] {
    try await use { [days] (connection) throws(PostgresError) in
      try OrderReading(days: days).orders(query, &connection)
    }
  }

  public func instruments() async throws(StoreError) -> [Instrument] {
    let rows = try await query(PostgresCall(ReadingStatements.instruments))
    return (0..<rows.count).map { row in
      guard let symbol = Symbol(rows.text(row, 2)) else {
        preconditionFailure("instrument \(rows.int4(row, 0)) has no proper symbol")
      }
      return Instrument(
        id: InstrumentID(rawValue: rows.int4(row, 0)), assetID: UniqueID(rows.uuid(row, 1)), symbol: symbol,
        name: rows.text(row, 3), exchange: rows.text(row, 4), shard: Shard(rawValue: rows.int2(row, 5)),
        tradable: rows.bool(row, 6), referencePrice: rows.isNull(row, 7) ? nil : Price(rawValue: rows.int8(row, 7)))
    }
  }

  public func lastPrices() async throws(StoreError) -> [InstrumentID: Price] {
    let rows = try await query(PostgresCall(ReadingStatements.lastPrices))
    return Dictionary(
      uniqueKeysWithValues: (0..<rows.count).map {
        (InstrumentID(rawValue: rows.int4($0, 0)), Price(rawValue: rows.int8($0, 1)))
      })
  }

  public func lags() async throws(StoreError) -> [Shard: ShardLag] {
    let rows = try await query(PostgresCall(ReadingStatements.lags))
    return Dictionary(
      uniqueKeysWithValues: (0..<rows.count).map {
        (
          Shard(rawValue: rows.int2($0, 0)),
          ShardLag(last: Sequence(rawValue: rows.int8($0, 1)), processed: Sequence(rawValue: rows.int8($0, 2)))
        )
      })
  }

  private func query(_ call: PostgresCall) async throws(StoreError) -> PostgresRows { try await pool.query(call) }

  private func use<Answer: Sendable>(
    _ body: @Sendable (inout PostgresConnection) throws(PostgresError) -> Answer
  ) async throws(StoreError) -> Answer { try await pool.use(body) }
}
