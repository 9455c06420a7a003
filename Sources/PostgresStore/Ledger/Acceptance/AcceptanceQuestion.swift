internal import Accounting
internal import Market
internal import Postgres

/// A statement that answers a part of an ``AcceptanceReading``, and how its rows get into the snapshot.
struct AcceptanceQuestion {
  let call: PostgresCall
  let read: (PostgresRows, inout AcceptanceSnapshot) throws(PostgresError) -> Void

  init(_ call: PostgresCall, read: @escaping (PostgresRows, inout AcceptanceSnapshot) throws(PostgresError) -> Void) {
    self.call = call
    self.read = read
  }

  /// Asks all of them in one flush.
  static func ask(
    _ questions: [AcceptanceQuestion], _ snapshot: inout AcceptanceSnapshot, _ connection: inout PostgresConnection
  ) throws(PostgresError) {
    guard !questions.isEmpty else { return }
    let answers = try connection.pipeline(questions.map(\.call))
    for (question, rows) in zip(questions, answers) { try question.read(rows, &snapshot) }
  }

  /// The questions of a reading, in lock order; those that nobody asks are left out.
  /// - Parameter days: The days that have tables, of those that the reading names.
  static func all(of reading: AcceptanceReading, among days: Set<Day>) -> [AcceptanceQuestion] {
    var questions: [AcceptanceQuestion] = []
    if !reading.accounts.isEmpty { questions.append(accounts(reading.accounts)) }
    if !reading.positions.isEmpty { questions.append(positions(reading.positions)) }
    if !reading.keys.isEmpty { questions.append(keys(reading.keys)) }
    questions += orders(reading.orders, among: days)
    if !reading.classes.isEmpty { questions.append(classes(reading.classes)) }
    if !reading.processed.isEmpty { questions.append(processed(reading.processed)) }
    questions += orders(reading.openOrders, among: days) { $0.status.isOpen }
    if !reading.collecting.isEmpty { questions.append(collecting(reading.collecting)) }
    if !reading.comers.isEmpty { questions.append(crossings(reading.comers)) }
    if !reading.bounds.isEmpty { questions.append(bounds(reading.bounds)) }
    return questions
  }

  private static func accounts(_ accounts: [AccountNumber]) -> AcceptanceQuestion {
    AcceptanceQuestion(PostgresCall(AcceptanceStatements.lockAccounts, [.int8Array(accounts.map(\.rawValue))])) {
      (rows, snapshot) throws(PostgresError) in
      for row in 0..<rows.count {
        snapshot.accounts[AccountNumber(rawValue: rows.int8(row, 0))] = .init(
          status: try stored(rows.int2(row, 1)), cash: Money(rawValue: rows.int8(row, 2)),
          held: Money(rawValue: rows.int8(row, 3)), lastSubmitted: Timestamp(rawValue: rows.timestamp(row, 4)),
          keysVersion: rows.int8(row, 5))
      }
    }
  }

  private static func positions(_ positions: [AcceptanceSnapshot.PositionKey]) -> AcceptanceQuestion {
    AcceptanceQuestion(PostgresCall(AcceptanceStatements.lockPositions, parameters(positions))) { rows, snapshot in
      for row in 0..<rows.count {
        let key = AcceptanceSnapshot.PositionKey(
          account: AccountNumber(rawValue: rows.int8(row, 0)), instrument: InstrumentID(rawValue: rows.int4(row, 1)))
        snapshot.positions[key] = .init(
          quantity: Quantity(rawValue: rows.int8(row, 2)), held: Quantity(rawValue: rows.int8(row, 3)))
      }
    }
  }

  private static func keys(_ keys: [AcceptanceSnapshot.KeyName]) -> AcceptanceQuestion {
    let call = PostgresCall(
      AcceptanceStatements.findKeys,
      [.int8Array(keys.map(\.account.rawValue)), .uuidArray(keys.map { ($0.digest.high, $0.digest.low) })])
    return AcceptanceQuestion(call) { rows, snapshot in
      for row in 0..<rows.count {
        let name = AcceptanceSnapshot.KeyName(
          account: AccountNumber(rawValue: rows.int8(row, 0)), digest: UniqueID(rows.uuid(row, 1)))
        snapshot.keys[name] = .init(
          order: UniqueID(rows.uuid(row, 2)), fingerprint: rows.isNull(row, 3) ? nil : rows.int8(row, 3))
      }
    }
  }

  /// One a day. Names of days without a table are nobody's.
  private static func orders(
    _ names: [OrderName], among days: Set<Day>, where isWanted: @escaping (OrderRecord) -> Bool = { _ in true }
  ) -> [AcceptanceQuestion] {
    OrderStatements.find(names, among: days).map { call in
      AcceptanceQuestion(call) { (rows, snapshot) throws(PostgresError) in
        for row in 0..<rows.count {
          let order = try OrderColumns.read(rows, row)
          if isWanted(order) { snapshot.targets[order.id] = order }
        }
      }
    }
  }

  private static func classes(_ names: [OrderName]) -> AcceptanceQuestion {
    AcceptanceQuestion(PostgresCall(AcceptanceStatements.findSiblings, OrderStatements.parameters(names))) {
      rows, snapshot in
      for row in 0..<rows.count {
        snapshot.classOrders.append(
          OrderName(account: AccountNumber(rawValue: rows.int8(row, 0)), id: UniqueID(rows.uuid(row, 1))))
      }
    }
  }

  private static func processed(_ shards: [Shard]) -> AcceptanceQuestion {
    AcceptanceQuestion(PostgresCall(AcceptanceStatements.findProcessed, [.int2Array(shards.map(\.rawValue))])) {
      rows, snapshot in
      for row in 0..<rows.count {
        snapshot.processed[Shard(rawValue: rows.int2(row, 0))] = Sequence(rawValue: rows.int8(row, 1))
      }
    }
  }

  private static func collecting(_ instruments: [InstrumentID]) -> AcceptanceQuestion {
    let call = PostgresCall(AcceptanceStatements.findCollecting, [.int4Array(instruments.map(\.rawValue))])
    return AcceptanceQuestion(call) { rows, snapshot in
      for row in 0..<rows.count { snapshot.collecting.insert(InstrumentID(rawValue: rows.int4(row, 0))) }
    }
  }

  private static func crossings(_ comers: [AcceptanceReading.Comer]) -> AcceptanceQuestion {
    let call = PostgresCall(
      AcceptanceStatements.findCrossings,
      [
        .int4Array(comers.map { Int32($0.request) }), .int2Array(comers.map(\.shard.rawValue)),
        .int8Array(comers.map(\.account.rawValue)), .int4Array(comers.map(\.instrument.rawValue)),
        .int2Array(comers.map { Int16($0.side.opposite.rawValue) }),
        .int8Array(comers.map { $0.side == .buy ? 0 : $0.price.rawValue }),
        .int8Array(comers.map { $0.side == .buy ? $0.price.rawValue : .max }),
        .int2Array(comers.map { Int16($0.timeInForce.rawValue) }),
      ])
    return AcceptanceQuestion(call) { rows, snapshot in
      for row in 0..<rows.count { snapshot.crossing[Int(rows.int4(row, 0))] = UniqueID(rows.uuid(row, 1)) }
    }
  }

  private static func bounds(_ positions: [AcceptanceSnapshot.PositionKey]) -> AcceptanceQuestion {
    AcceptanceQuestion(PostgresCall(AcceptanceStatements.findBounds, parameters(positions))) { rows, snapshot in
      for row in 0..<rows.count {
        let (account, instrument) = (rows.int8(row, 0), rows.int4(row, 1))
        snapshot.bounds.append(
          .init(
            account: account == 0 ? nil : AccountNumber(rawValue: account),
            instrument: instrument == 0 ? nil : InstrumentID(rawValue: instrument),
            bounds: BoundsColumns.read(rows, row, from: 2)))
        guard !rows.isNull(row, 5) else { continue }
        snapshot.lastPrices[InstrumentID(rawValue: instrument)] = Price(rawValue: rows.int8(row, 5))
      }
    }
  }

  /// Positions as parameters: accounts, instruments.
  static func parameters(_ positions: [AcceptanceSnapshot.PositionKey]) -> [PostgresParameter] {
    [.int8Array(positions.map(\.account.rawValue)), .int4Array(positions.map(\.instrument.rawValue))]
  }
}
