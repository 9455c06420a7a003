internal import Accounting
public import Market
public import Ports
public import Postgres

/// Reads accounts' events over a connection of its own, so that history never holds up other questions.
public struct PostgresAccountEventReader: AccountEventReader {
  private let session: PostgresSession

  /// Reads over `session`; make it with ``StoreSettings/ledger(url:role:)``.
  public init(session: PostgresSession) { self.session = session }

  public func events(_ questions: [EventQuestion], limit: Int) async throws(LedgerError) -> [EventAnswer] {
    guard !questions.isEmpty else { return [] }
    let rows = try await query(
      PostgresCall(EventStatements.events, Self.parameters(questions) + [.int4(Int32(clamping: limit))]))
    var answers: [EventAnswer] = []
    var told = 0
    var current = -1
    for row in 0..<rows.count {
      let number = Int(rows.int8(row, EventStatements.Column.number)) - 1
      if number != current {
        answers.append(
          EventAnswer(
            question: questions[number], events: [],
            last: Timestamp(rawValue: rows.timestamp(row, EventStatements.Column.last)), hasMore: false))
        current = number
        told = 0
      }
      guard !rows.isNull(row, EventStatements.Column.event) else { continue }
      told += 1
      answers[answers.count - 1].hasMore = told == limit
      // The tables of an order's day may have been taken away before those of its events.
      guard !rows.isNull(row, EventStatements.Column.order) else { continue }
      answers[answers.count - 1].events.append(Self.event(rows, row))
    }
    return answers
  }

  public func accountsWithNews(_ questions: [EventQuestion]) async throws(LedgerError) -> [AccountNumber] {
    guard !questions.isEmpty else { return [] }
    let rows = try await query(PostgresCall(EventStatements.news, Self.parameters(questions)))
    return (0..<rows.count).map { AccountNumber(rawValue: rows.int8($0, 0)) }
  }

  public func standings(of keys: [String]) async throws(LedgerError) -> [String: KeyStanding] {
    guard !keys.isEmpty else { return [:] }
    let rows = try await query(
      PostgresCall(EventStatements.keyStandings, [.text(keys.joined(separator: "\n"))]))
    let standings = (0..<rows.count).map { row -> (String, KeyStanding) in
      (rows.text(row, 0), rows.int2(row, 1) == Int16(AccountStatus.active.rawValue) ? .valid : .blocked)
    }
    return Dictionary(standings, uniquingKeysWith: { first, _ in first })
  }

  private static func parameters(_ questions: [EventQuestion]) -> [PostgresParameter] {
    [.int8Array(questions.map(\.account.rawValue)), .int8Array(questions.map(\.after.rawValue))]
  }

  private static func event(_ rows: PostgresRows, _ row: Int) -> AccountEvent {
    let first = EventStatements.Column.event
    let order = OrderColumns.read(rows, row, from: EventStatements.Column.order)
    let kind: OrderEvent.Kind = stored(rows.int2(row, first + 1))
    let event = OrderEvent(
      shard: Shard(rawValue: rows.int2(row, first)), sequence: Sequence(rawValue: rows.int8(row, first + 6)),
      ordinal: rows.int4(row, first + 4), kind: kind, reason: UInt8(truncatingIfNeeded: rows.int2(row, first + 2)),
      order: order.id, account: order.account, instrument: InstrumentID(rawValue: rows.int4(row, first + 5)),
      side: stored(rows.int2(row, first + 3)), price: Price(rawValue: rows.int8(row, first + 7)),
      quantity: Quantity(rawValue: rows.int8(row, first + 8)), filled: Quantity(rawValue: rows.int8(row, first + 9)),
      filledValue: Money(rawValue: rows.isNull(row, first + 10) ? 0 : rows.int8(row, first + 10)),
      leaves: Quantity(rawValue: rows.int8(row, first + 11)))
    let position = EventStatements.Column.position
    return AccountEvent(
      at: Timestamp(rawValue: rows.timestamp(row, first + 12)),
      accountID: UniqueID(rows.uuid(row, EventStatements.Column.accountID)), event: event, row: order,
      position: rows.isNull(row, position) ? nil : Quantity(rawValue: rows.int8(row, position)))
  }

  private func query(_ call: PostgresCall) async throws(LedgerError) -> PostgresRows {
    do {
      do {
        return try await session.use { (connection) throws(PostgresError) in try connection.query(call) }
      } catch .connectionLost {
        // A connection that died while idle: reading again is harmless.
        return try await session.use { (connection) throws(PostgresError) in try connection.query(call) }
      }
    } catch {
      throw LedgerError(error)
    }
  }
}
