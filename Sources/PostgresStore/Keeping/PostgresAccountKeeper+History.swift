public import Market
public import Ports
internal import Postgres

extension PostgresAccountKeeper {
  public func movements(
    of account: AccountNumber, at moments: [Timestamp]
  ) async throws(LedgerError) -> [AccountMovement] {
    guard !moments.isEmpty else { return [] }
    let rows = try await query(
      PostgresCall(
        KeepingStatements.movements,
        [.int8(account.rawValue), .timestampArray(microseconds: moments.map(\.rawValue))]))
    return (0..<rows.count).map { row in
      let asset = rows.int4(row, 1)
      return AccountMovement(
        span: Int(rows.int4(row, 0)), instrument: asset == 0 ? nil : InstrumentID(rawValue: asset),
        isExternal: rows.bool(row, 2), amount: rows.int8(row, 3), bought: Quantity(rawValue: rows.int8(row, 4)),
        boughtValue: Money(rawValue: rows.int8(row, 5)))
    }
  }

  public func recentMovements(
    of account: AccountNumber, since moment: Timestamp, behind place: Timestamp?
  ) async throws(LedgerError) -> RecentMovements {
    // An event is never told of before it occurred.
    let place = place ?? moment.advanced(byMicroseconds: -1)
    let rows = try await query(
      PostgresCall(
        KeepingStatements.recentMovements,
        [
          .int8(account.rawValue), .timestamp(microseconds: moment.rawValue), .timestamp(microseconds: place.rawValue),
        ]))
    var recent = RecentMovements(executed: [], through: nil, external: [])
    for row in 0..<rows.count {
      let asset = rows.int4(row, 0)
      let movement = AccountMovement(
        span: 0, instrument: asset == 0 ? nil : InstrumentID(rawValue: asset), isExternal: rows.bool(row, 1),
        amount: rows.int8(row, 2), bought: Quantity(rawValue: rows.int8(row, 3)),
        boughtValue: Money(rawValue: rows.int8(row, 4)))
      guard !movement.isExternal else {
        recent.external.append(movement)
        continue
      }
      recent.executed.append(movement)
      let time = Timestamp(rawValue: rows.timestamp(row, 5))
      recent.through = max(recent.through ?? time, time)
    }
    return recent
  }

  public func prices(_ questions: [PriceQuestion]) async throws(LedgerError) -> [Price?] {
    guard !questions.isEmpty else { return [] }
    let rows = try await query(
      PostgresCall(
        KeepingStatements.prices,
        [
          .int4Array(questions.map(\.instrument.rawValue)),
          .timestampArray(microseconds: questions.map(\.before.rawValue)),
        ]))
    return (0..<rows.count).map { rows.isNull($0, 0) ? nil : Price(rawValue: rows.int8($0, 0)) }
  }

  public func activities(_ query: ActivityQuery) async throws(LedgerError) -> [AccountActivity]? {
    var behind: ActivityCursor?
    if let place = query.behind {
      guard let moment = try await moment(of: place, query.account) else { return nil }
      behind = ActivityCursor(moment, place)
    }
    let cursor = behind ?? (query.ascending ? .lowest : .highest)
    let fills = query.kinds.contains(.fill) ? try await fills(query, cursor) : []
    let journals = query.kinds.isSubset(of: [.fill]) ? [] : try await journals(query, cursor)
    let merged = (fills + journals).sorted { first, second in
      let (a, b) = (ActivityCursor(first.at, first.place), ActivityCursor(second.at, second.place))
      return query.ascending ? a < b : b < a
    }
    return Array(merged.prefix(query.limit))
  }

  private func moment(of place: ActivityPlace, _ account: AccountNumber) async throws(LedgerError) -> Timestamp? {
    let call: PostgresCall
    switch place {
    case .event(let shard, let sequence, let ordinal):
      call = PostgresCall(
        KeepingStatements.eventMoment,
        [.int8(account.rawValue), .int2(shard.rawValue), .int8(sequence.rawValue), .int4(ordinal)])
    case .journal(let number, let asset):
      call = PostgresCall(
        KeepingStatements.journalMoment, [.int8(account.rawValue), .int8(number), .int4(asset)])
    }
    let rows = try await query(call)
    return rows.count == 0 ? nil : Timestamp(rawValue: rows.timestamp(0, 0))
  }

  private func fills(_ query: ActivityQuery, _ cursor: ActivityCursor) async throws(LedgerError) -> [AccountActivity] {
    let rows = try await self.query(
      PostgresCall(
        KeepingStatements.fills(ascending: query.ascending),
        Self.bounds(query) + [
          .timestamp(microseconds: cursor.moment.rawValue), .int2(Int16(clamping: cursor.event.0)),
          .int8(cursor.event.1), .int4(cursor.event.2), .int4(Int32(query.limit)),
          query.order.map { .uuid($0.high, $0.low) } ?? .null,
        ]))
    return (0..<rows.count).map { row in
      let fill = AccountActivity.Fill(
        order: UniqueID(rows.uuid(row, 4)), instrument: InstrumentID(rawValue: rows.int4(row, 5)),
        side: stored(rows.int2(row, 6)), price: Price(rawValue: rows.int8(row, 7)),
        quantity: Quantity(rawValue: rows.int8(row, 8)), filled: Quantity(rawValue: rows.int8(row, 9)),
        leaves: Quantity(rawValue: rows.int8(row, 10)))
      return AccountActivity(
        place: .event(
          shard: Shard(rawValue: rows.int2(row, 0)), sequence: Sequence(rawValue: rows.int8(row, 1)),
          ordinal: rows.int4(row, 2)),
        at: Timestamp(rawValue: rows.timestamp(row, 3)), detail: .fill(fill))
    }
  }

  private func journals(
    _ query: ActivityQuery, _ cursor: ActivityCursor
  ) async throws(LedgerError) -> [AccountActivity] {
    let rows = try await self.query(
      PostgresCall(
        KeepingStatements.journals(ascending: query.ascending),
        Self.bounds(query) + [
          .timestamp(microseconds: cursor.moment.rawValue), .int8(cursor.journal.0), .int4(cursor.journal.1),
          .int4(Int32(query.limit)), .bool(query.kinds.contains(.cashDeposit)),
          .bool(query.kinds.contains(.cashWithdrawal)), .bool(query.kinds.contains(.shareJournal)),
        ]))
    return (0..<rows.count).map { row in
      let (asset, amount) = (rows.int4(row, 1), rows.int8(row, 3))
      return AccountActivity(
        place: .journal(rows.int8(row, 0), asset: asset), at: Timestamp(rawValue: rows.timestamp(row, 2)),
        detail: asset == 0
          ? .cash(Money(rawValue: amount)) : .shares(InstrumentID(rawValue: asset), amount: amount))
    }
  }

  private static func bounds(_ query: ActivityQuery) -> [PostgresParameter] {
    [
      .int8(query.account.rawValue),
      .timestamp(microseconds: (query.after ?? ActivityCursor.lowest.moment).rawValue),
      .timestamp(microseconds: (query.until ?? ActivityCursor.highest.moment).rawValue),
    ]
  }
}

/// A place in the order of an account's activities: by time; of one time events before journals.
private struct ActivityCursor: Comparable {
  static let lowest = ActivityCursor(
    moment: Timestamp(rawValue: 0), event: (.min, .min, .min), journal: (.min, .min))
  static let highest = ActivityCursor(
    moment: Timestamp("9999-12-31")!, event: (.max, .max, .max), journal: (.max, .max))

  var moment: Timestamp
  /// Behind every event of the moment for a journal line, and before every journal line for an event.
  var event: (Int16, Int64, Int32)
  var journal: (Int64, Int32)

  private init(moment: Timestamp, event: (Int16, Int64, Int32), journal: (Int64, Int32)) {
    self.moment = moment
    self.event = event
    self.journal = journal
  }

  init(_ moment: Timestamp, _ place: ActivityPlace) {
    switch place {
    case .event(let shard, let sequence, let ordinal):
      self.init(moment: moment, event: (shard.rawValue, sequence.rawValue, ordinal), journal: (.min, .min))
    case .journal(let number, let asset):
      self.init(moment: moment, event: (.max, .max, .max), journal: (number, asset))
    }
  }

  static func == (a: Self, b: Self) -> Bool { a.moment == b.moment && a.event == b.event && a.journal == b.journal }
  static func < (a: Self, b: Self) -> Bool {
    if a.moment != b.moment { return a.moment < b.moment }
    return a.event != b.event ? a.event < b.event : a.journal < b.journal
  }
}
