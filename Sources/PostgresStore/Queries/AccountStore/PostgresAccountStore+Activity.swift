public import Market
public import Ports
internal import Postgres

extension PostgresAccountStore {
  public func movements(
    of account: AccountNumber, at moments: [Timestamp], through: Timestamp
  ) async throws(StoreError) -> [AccountMovement] {
    guard let first = moments.first else { return [] }
    let parameters: [PostgresParameter] = [
      .int8(account.rawValue), .timestampArray(microseconds: moments.map(\.rawValue)),
      .timestamp(microseconds: through.rawValue),
    ]
    return try await use { [days] (connection) throws(PostgresError) in
      var movements = Movements()
      var walk = try DayWalk(of: account, first.day...max(first.day, DayWalk.last), ascending: true, days, &connection)
      while case let some = walk.next(), !some.isEmpty {
        let calls = some.map { PostgresCall(AccountStoreStatements.executed(day: $0), parameters) }
        for rows in try connection.pipeline(calls) { movements.add(rows, isExternal: false) }
      }
      movements.add(try connection.query(PostgresCall(AccountStoreStatements.journaled, parameters)), isExternal: true)
      return movements.all
    }
  }

  public func recentMovements(
    of account: AccountNumber, since moment: Timestamp, behind place: Timestamp?, through bound: Timestamp
  ) async throws(StoreError) -> RecentMovements {
    // An event is never told of before it occurred.
    let place = place ?? moment.advanced(byMicroseconds: -1)
    let number = PostgresParameter.int8(account.rawValue)
    let end = PostgresParameter.timestamp(microseconds: bound.rawValue)
    let parameters: [PostgresParameter] = [
      number, .timestamp(microseconds: moment.rawValue), .timestamp(microseconds: place.rawValue), end,
    ]
    return try await use { [days] (connection) throws(PostgresError) in
      var executed = Movements()
      var through: Timestamp?
      var walk = try DayWalk(
        of: account, moment.day...max(moment.day, DayWalk.last), ascending: true, days, &connection)
      while case let some = walk.next(), !some.isEmpty {
        let calls = some.map { PostgresCall(AccountStoreStatements.recentlyExecuted(day: $0), parameters) }
        for rows in try connection.pipeline(calls) {
          executed.add(rows, isExternal: false)
          for row in 0..<rows.count {
            let time = Timestamp(rawValue: rows.timestamp(row, 5))
            through = max(through ?? time, time)
          }
        }
      }
      var external = Movements()
      external.add(
        try connection.query(
          PostgresCall(
            AccountStoreStatements.journaled, [number, .timestampArray(microseconds: [moment.rawValue]), end])),
        isExternal: true)
      return RecentMovements(executed: executed.all, through: through, external: external.all)
    }
  }

  /// Movements that are added up, by span and asset; what comes from outside and what goes there apart.
  private struct Movements {
    private struct Key: Hashable {
      var span: Int32
      var asset: Int32
      var isExternal: Bool
      var isOutgoing: Bool
    }
    private var sums: [Key: AccountMovement] = [:]

    var all: [AccountMovement] { Array(sums.values) }

    mutating func add(_ rows: PostgresRows, isExternal: Bool) {
      for row in 0..<rows.count {
        let key = Key(
          span: rows.int4(row, 0), asset: rows.int4(row, 1), isExternal: isExternal,
          isOutgoing: isExternal && rows.int8(row, 2) < 0)
        var sum =
          sums[key]
          ?? AccountMovement(
            span: Int(key.span), instrument: key.asset == 0 ? nil : InstrumentID(rawValue: key.asset),
            isExternal: isExternal, amount: 0, bought: .zero, boughtValue: .zero)
        sum.amount += rows.int8(row, 2)
        sum.bought += Quantity(rawValue: rows.int8(row, 3))
        sum.boughtValue += Money(rawValue: rows.int8(row, 4))
        sums[key] = sum
      }
    }
  }

  /// The latest trade answers questions of moments behind it. For others days are looked through, the latest first, as far
  /// back as a question needs it.
  public func prices(_ questions: [PriceQuestion]) async throws(StoreError) -> [Price?] {
    guard !questions.isEmpty else { return [] }
    return try await use { [days] (connection) throws(PostgresError) in
      let latest = try connection.query(
        PostgresCall(
          AccountStoreStatements.lastPrices, [.int4Array(Set(questions.map(\.instrument.rawValue)).sorted())]))
      var known: [InstrumentID: (price: Price, at: Timestamp)] = [:]
      for row in 0..<latest.count {
        known[InstrumentID(rawValue: latest.int4(row, 0))] = (
          Price(rawValue: latest.int8(row, 1)), Timestamp(rawValue: latest.timestamp(row, 2))
        )
      }
      var found = [Price?](repeating: nil, count: questions.count)
      var open: [Int] = []
      for (place, question) in questions.enumerated() {
        // Without a latest trade there is none.
        guard let last = known[question.instrument] else { continue }
        if last.at < question.before { found[place] = last.price } else { open.append(place) }
      }
      for day in open.isEmpty ? [] : try days.list(&connection) where !open.isEmpty {
        let asked = open.filter { questions[$0].before.day >= day }
        guard !asked.isEmpty else { continue }
        let rows = try connection.query(
          PostgresCall(
            AccountStoreStatements.prices(day: day),
            [
              .int4Array(asked.map { questions[$0].instrument.rawValue }),
              .timestampArray(microseconds: asked.map { questions[$0].before.rawValue }),
            ]))
        for (row, place) in asked.enumerated() where !rows.isNull(row, 0) {
          found[place] = Price(rawValue: rows.int8(row, 0))
        }
        open.removeAll { found[$0] != nil }
      }
      return found
    }
  }

  public func activities(_ query: ActivityQuery) async throws(StoreError) -> [AccountActivity]? {
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

  private func moment(of place: ActivityPlace, _ account: AccountNumber) async throws(StoreError) -> Timestamp? {
    switch place {
    case .event(let shard, let sequence, let ordinal):
      let parameters: [PostgresParameter] = [
        .int8(account.rawValue), .int2(shard.rawValue), .int8(sequence.rawValue), .int4(ordinal),
      ]
      return try await use { [days] (connection) throws(PostgresError) in
        // Who turns pages is among the latest days as a rule.
        var walk = try DayWalk(of: account, Day(rawValue: 0)...DayWalk.last, ascending: false, days, &connection)
        while case let some = walk.next(), !some.isEmpty {
          let calls = some.map { PostgresCall(AccountStoreStatements.eventMoment(day: $0), parameters) }
          for rows in try connection.pipeline(calls) where rows.count > 0 {
            return Timestamp(rawValue: rows.timestamp(0, 0))
          }
        }
        return nil
      }
    case .journal(let number, let asset):
      let rows = try await query(
        PostgresCall(
          AccountStoreStatements.journalMoment, [.int8(account.rawValue), .int8(number), .int4(asset)]))
      return rows.count == 0 ? nil : Timestamp(rawValue: rows.timestamp(0, 0))
    }
  }

  /// An event's time may be of the day behind the one whose table has it, because clocks of workers differ. So one day more
  /// than has enough is looked at, and its events are put among the others.
  private func fills(_ query: ActivityQuery, _ cursor: ActivityCursor) async throws(StoreError) -> [AccountActivity] {
    let parameters =
      Self.bounds(query) + [
        .timestamp(microseconds: cursor.moment.rawValue), .int2(Int16(clamping: cursor.event.0)),
        .int8(cursor.event.1), .int4(cursor.event.2), .int4(Int32(query.limit)),
        query.order.map { .uuid($0.high, $0.low) } ?? .null,
      ]
    var (first, last) = (query.after?.day ?? Day(rawValue: 0), query.until?.day ?? DayWalk.last)
    if query.ascending { first = max(first, cursor.moment.day) } else { last = min(last, cursor.moment.day) }
    first = first.advanced(by: -1)
    let range = first...max(first, min(last, DayWalk.last))
    let fills = try await use { [days] (connection) throws(PostgresError) in
      var walk = try DayWalk(of: query.account, range, ascending: query.ascending, days, &connection)
      var fills: [AccountActivity] = []
      var isEnough = false
      while case let some = walk.next(), !some.isEmpty {
        let calls = some.map {
          PostgresCall(AccountStoreStatements.fills(day: $0, ascending: query.ascending), parameters)
        }
        for rows in try connection.pipeline(calls) {
          let hadEnough = fills.count >= query.limit
          for row in 0..<rows.count { fills.append(try Self.fill(rows, row)) }
          isEnough = isEnough || hadEnough
        }
        if isEnough { break }
      }
      return fills
    }
    let sorted = fills.sorted { first, second in
      let (a, b) = (ActivityCursor(first.at, first.place), ActivityCursor(second.at, second.place))
      return query.ascending ? a < b : b < a
    }
    return Array(sorted.prefix(query.limit))
  }

  private static func fill(_ rows: PostgresRows, _ row: Int) throws(PostgresError) -> AccountActivity {
    let fill = try AccountActivity.Fill(
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

  private func journals(
    _ query: ActivityQuery, _ cursor: ActivityCursor
  ) async throws(StoreError) -> [AccountActivity] {
    let rows = try await self.query(
      PostgresCall(
        AccountStoreStatements.journals(ascending: query.ascending),
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
