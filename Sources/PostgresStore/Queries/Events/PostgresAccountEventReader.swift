internal import Accounting
public import Market
public import Ports
public import Postgres

/// Reads accounts' events over a connection of its own, so that history never holds up other questions.
public struct PostgresAccountEventReader: AccountEventReader {
  /// Days whose tables a statement names at most: who comes back after longer reads all of them.
  static let mostDays = 8

  private let session: PostgresSession
  private let days = DayTables()

  /// Reads over `session`; make it with ``StoreSettings/ledger(url:role:)``.
  public init(session: PostgresSession) { self.session = session }

  public func events(_ questions: [EventQuestion], limit: Int) async throws(StoreError) -> [EventAnswer] {
    guard !questions.isEmpty else { return [] }
    let (rows, orders) = try await use { [days] (connection) throws(PostgresError) in
      try Self.read(questions, limit, days, &connection)
    }
    var answers: [EventAnswer] = []
    var reported = 0
    var current = -1
    for row in 0..<rows.count {
      let number = Int(rows.int8(row, EventStatements.Column.number)) - 1
      if number != current {
        answers.append(
          EventAnswer(
            question: questions[number], events: [],
            last: Timestamp(rawValue: rows.timestamp(row, EventStatements.Column.last)), hasMore: false))
        current = number
        reported = 0
      }
      guard !rows.isNull(row, EventStatements.Column.event) else { continue }
      reported += 1
      answers[answers.count - 1].hasMore = reported == limit
      // The tables of an order's day may have been taken away before those of its events.
      guard let order = orders[UniqueID(rows.uuid(row, EventStatements.Column.order))] else { continue }
      let event = try readable { () throws(PostgresError) in try Self.event(rows, row, of: order) }
      answers[answers.count - 1].events.append(event)
    }
    return answers
  }

  public func accountsWithNews(_ questions: [EventQuestion]) async throws(StoreError) -> [AccountNumber] {
    guard !questions.isEmpty else { return [] }
    let rows = try await query(PostgresCall(EventStatements.news, Self.parameters(questions)))
    return (0..<rows.count).map { AccountNumber(rawValue: rows.int8($0, 0)) }
  }

  public func keyStates(of keys: [String]) async throws(StoreError) -> [String: KeyState] {
    guard !keys.isEmpty else { return [:] }
    let rows = try await query(
      PostgresCall(EventStatements.keyStates, [.text(keys.joined(separator: "\n"))]))
    let keyStates = (0..<rows.count).map { row -> (String, KeyState) in
      (rows.text(row, 0), rows.int2(row, 1) == Int16(AccountStatus.active.rawValue) ? .valid : .blocked)
    }
    return Dictionary(keyStates, uniquingKeysWith: { first, _ in first })
  }

  private static func parameters(_ questions: [EventQuestion]) -> [PostgresParameter] {
    [.int8Array(questions.map(\.account.rawValue)), .int8Array(questions.map(\.after.rawValue))]
  }

  /// Events and their orders, of one snapshot, from the tables of the days that they are of.
  private static func read(
    _ questions: [EventQuestion], _ limit: Int, _ days: DayTables, _ connection: inout PostgresConnection
  ) throws(PostgresError) -> (rows: PostgresRows, orders: [OrderID: OrderRecord]) {
    let asked = parameters(questions)
    do {
      let opening = try connection.pipeline([
        PostgresCall(SettlingStatements.beginSnapshot), PostgresCall(EventStatements.days, asked),
      ])
      let reported = Set((0..<opening[1].count).map { Day(rawValue: opening[1].int4($0, 0)) })
      let existing = try days.existing(reported, &connection).sorted()
      let statement = EventStatements.events(days: existing.count > mostDays ? nil : existing)
      let rows = try connection.query(PostgresCall(statement, asked + [.int4(Int32(clamping: limit))]))
      var names: Set<OrderName> = []
      for row in 0..<rows.count where !rows.isNull(row, EventStatements.Column.order) {
        let account = questions[Int(rows.int8(row, EventStatements.Column.number)) - 1].account
        names.insert(OrderName(account: account, id: UniqueID(rows.uuid(row, EventStatements.Column.order))))
      }
      let calls = OrderStatements.find(names, among: try days.existing(names.days, &connection))
      let answers = try connection.pipeline(calls + [PostgresCall(SettlingStatements.commit)])
      return (rows, try OrderStatements.orders(answers.dropLast()))
    } catch {
      try connection.rollBack()
      throw error
    }
  }

  private static func event(
    _ rows: PostgresRows, _ row: Int, of order: OrderRecord
  ) throws(PostgresError) -> AccountEvent {
    let first = EventStatements.Column.event
    let kind: OrderEvent.Kind = try stored(rows.int2(row, first + 1))
    let event = OrderEvent(
      shard: Shard(rawValue: rows.int2(row, first)), sequence: Sequence(rawValue: rows.int8(row, first + 6)),
      ordinal: rows.int4(row, first + 4), kind: kind, reason: UInt8(truncatingIfNeeded: rows.int2(row, first + 2)),
      order: order.id, account: order.account, instrument: InstrumentID(rawValue: rows.int4(row, first + 5)),
      side: try stored(rows.int2(row, first + 3)), price: Price(rawValue: rows.int8(row, first + 7)),
      quantity: Quantity(rawValue: rows.int8(row, first + 8)), filled: Quantity(rawValue: rows.int8(row, first + 9)),
      filledValue: Money(rawValue: rows.isNull(row, first + 10) ? 0 : rows.int8(row, first + 10)),
      leaves: Quantity(rawValue: rows.int8(row, first + 11)))
    let position = EventStatements.Column.position
    return AccountEvent(
      at: Timestamp(rawValue: rows.timestamp(row, first + 12)),
      accountID: UniqueID(rows.uuid(row, EventStatements.Column.accountID)), event: event, row: order,
      position: rows.isNull(row, position) ? nil : Quantity(rawValue: rows.int8(row, position)))
  }

  private func query(_ call: PostgresCall) async throws(StoreError) -> PostgresRows {
    try await use { (connection) throws(PostgresError) in try connection.query(call) }
  }

  /// Runs questions, which may be asked twice.
  private func use<Answer: Sendable>(
    _ body: @Sendable (inout PostgresConnection) throws(PostgresError) -> Answer
  ) async throws(StoreError) -> Answer {
    do {
      do {
        return try await session.use(body)
      } catch  where error.isMissingTable {
        // A day has been taken away since its tables were listed.
        days.forget()
        return try await session.use(body)
      } catch .connectionLost {
        // A connection that died while idle: reading again is harmless.
        return try await session.use(body)
      }
    } catch {
      throw StoreError(error)
    }
  }
}
