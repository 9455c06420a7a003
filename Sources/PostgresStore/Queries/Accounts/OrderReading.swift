internal import Accounting
internal import Market
internal import Ports
internal import Postgres

/// Reads an account's orders out of the tables of the days that they are of, and of no others.
struct OrderReading: Sendable {
  let days: DayTables

  /// One order, with the reason of its end.
  func order(_ name: OrderName, _ connection: inout PostgresConnection) throws(PostgresError) -> ShownOrder? {
    guard var order = try shown([name], &connection).first else { return nil }
    guard let end = order.record.closedAt, [.canceled, .rejected, .expired].contains(order.record.status),
      try days.existing([end.day], &connection).contains(end.day)
    else { return order }
    let rows = try connection.query(
      PostgresCall(
        ReadingStatements.reason(day: end.day),
        [
          .int8(name.account.rawValue), .uuid(name.id.high, name.id.low), .timestamp(microseconds: end.rawValue),
        ]))
    if rows.count == 1 { order.reason = UInt8(truncatingIfNeeded: rows.int2(0, 0)) }
    return order
  }

  /// The legs of classes, take-profit first: those that no replacement has followed.
  func legs(
    of groups: [UniqueID], _ account: AccountNumber, _ connection: inout PostgresConnection
  ) throws(PostgresError) -> [ShownOrder] {
    let names = Self.names(
      try connection.query(
        PostgresCall(
          ReadingStatements.legs, [.int8(account.rawValue), .uuidArray(groups.map { ($0.high, $0.low) })])))
    return try shown(names, &connection)
      .filter { ![.replaced, .rejected].contains($0.record.status) }
      .sorted { Self.place($0.record) < Self.place($1.record) }
  }

  private static func place(_ leg: OrderRecord) -> (UInt8, OrderID) { (leg.conditions?.role.rawValue ?? 0, leg.id) }

  /// A page of an account's orders.
  func orders(_ query: OrderQuery, _ connection: inout PostgresConnection) throws(PostgresError) -> [ShownOrder] {
    guard query.limit > 0 else { return [] }
    switch query.scope {
    case .open: return try openOrders(query, &connection)
    case .closed, .all:
      let bounds = Self.bounds(query)
      var walk = try DayWalk(
        of: query.account, bounds.first...bounds.last, ascending: query.ascending, days, &connection)
      var orders: [ShownOrder] = []
      while orders.count < query.limit, case let some = walk.next(), !some.isEmpty {
        let calls = some.map { day in
          PostgresCall(
            ReadingStatements.orders(
              day: day, isClosed: query.scope == .closed, ascending: query.ascending, nested: query.nested),
            Self.parameters(query, limit: query.limit - orders.count))
        }
        for rows in try connection.pipeline(calls) { orders += try Self.shown(rows) }
      }
      return Array(orders.prefix(query.limit))
    }
  }

  /// Names and rows are of one snapshot: an order that closes between them would be missed, and the page end too early.
  private func openOrders(
    _ query: OrderQuery, _ connection: inout PostgresConnection
  ) throws(PostgresError) -> [ShownOrder] {
    do {
      let statement = ReadingStatements.openOrders(ascending: query.ascending, nested: query.nested)
      var rest = query
      var orders: [ShownOrder] = []
      var opening = [PostgresCall(SettlingStatements.beginSnapshot)]
      while true {
        rest.limit = query.limit - orders.count
        let answers = try connection.pipeline(
          opening + [
            PostgresCall(statement, Self.parameters(rest, limit: rest.limit)), PostgresCall(DayStatements.mark),
          ])
        let names = Self.names(answers[answers.count - 2])
        opening = []
        var page = try shown(names, releasing: true, &connection)
        page.sort { query.ascending ? $0.record.id < $1.record.id : $0.record.id > $1.record.id }
        orders += page.filter { Self.isWanted($0.record, query) }
        guard names.count == rest.limit, orders.count < query.limit, let last = names.last else { break }
        if query.ascending { rest.after = last.id } else { rest.before = last.id }
      }
      _ = try connection.query(PostgresCall(SettlingStatements.commit))
      return orders
    } catch {
      try connection.rollBack()
      throw error
    }
  }

  /// Of heads that are listed for their legs' sake, only their rows tell.
  private static func isWanted(_ order: OrderRecord, _ query: OrderQuery) -> Bool {
    ![.replaced, .rejected].contains(order.status) && query.side.map { $0 == order.side } ?? true
      && query.instruments?.contains(order.instrument) ?? true
  }

  // MARK: Rows

  /// - Parameter releasing: Whether the locks of days' tables are given back: within a transaction, behind a mark.
  private func shown(
    _ names: [OrderName], releasing: Bool = false, _ connection: inout PostgresConnection
  ) throws(PostgresError) -> [ShownOrder] {
    var rest = OrderStatements.byDay(names, among: try days.existing(names.days, &connection))[...]
    var orders: [ShownOrder] = []
    while !rest.isEmpty {
      let some = rest.prefix(DayWalk.most)
      rest = rest.dropFirst(some.count)
      let calls = some.map { day, names in
        PostgresCall(ReadingStatements.orders(day: day), OrderStatements.parameters(names))
      }
      let answers = try connection.pipeline(calls + (releasing ? [PostgresCall(DayStatements.release)] : []))
      for rows in answers.prefix(calls.count) { orders += try Self.shown(rows) }
    }
    return orders
  }

  private static func shown(_ rows: PostgresRows) throws(PostgresError) -> [ShownOrder] {
    var orders: [ShownOrder] = []
    orders.reserveCapacity(rows.count)
    for row in 0..<rows.count {
      let record = try OrderColumns.read(rows, row)
      let processed = rows.bool(row, OrderColumns.count)
      orders.append(
        ShownOrder(
          record: record,
          status: ShownStatus(record.status, pending: record.pending, processed: processed, phase: record.phase),
          reason: nil))
    }
    return orders
  }

  private static func names(_ rows: PostgresRows) -> [OrderName] {
    (0..<rows.count).map {
      OrderName(account: AccountNumber(rawValue: rows.int8($0, 0)), id: UniqueID(rows.uuid($0, 1)))
    }
  }

  private static func parameters(_ query: OrderQuery, limit: Int) -> [PostgresParameter] {
    let after = query.after ?? UniqueID(high: 0, low: 0)
    let before = query.before ?? UniqueID(high: .max, low: .max)
    return [
      .int8(query.account.rawValue), .uuid(after.high, after.low), .uuid(before.high, before.low),
      .int4(Int32(clamping: limit)), query.instruments.map { .int4Array($0.map(\.rawValue)) } ?? .null,
      query.side.map { .int2(Int16($0.rawValue)) } ?? .null,
    ]
  }

  /// The days of the first and the last identifier that may be meant: their first 48 bits are milliseconds, whatever else
  /// they are.
  private static func bounds(_ query: OrderQuery) -> (first: Day, last: Day) {
    func day(_ id: UniqueID) -> Day { Day(rawValue: Int32(id.high >> 16 / 86_400_000)) }
    let first = query.after.map(day) ?? Day(rawValue: 0)
    return (first, max(first, query.before.map(day) ?? DayWalk.last))
  }
}
