package import Accounting
internal import Market
package import Ports
package import Postgres

/// One acceptance: locks and reads in one flush, decides, writes and commits in a second one.
struct EntryTransaction {
  /// How an attempt ended.
  enum Ending: Sendable {
    case done(AcceptedBatch)
    /// The connection was lost with the commit under way.
    case unknown(EntryPlan)
  }

  let requests: [EntryRequest]
  let now: Timestamp

  func run(_ connection: inout PostgresConnection) throws(PostgresError) -> Ending {
    let server = try connection.history()
    let calls = lookUps
    let answers: [PostgresRows]
    do {
      answers = try connection.pipeline(calls.map(\.call))
    } catch {
      try? connection.rollBack()
      throw error
    }
    var snapshot = EntrySnapshot()
    for (lookUp, rows) in zip(calls, answers) { lookUp.read(rows, &snapshot) }
    let plan = EntryPlan(requests: requests, snapshot: snapshot, now: now)
    let repeated = try firstAnswers(plan, &connection)
    if plan.isEmpty {
      // A commit even of locks alone waits for the synchronous replicas, and with it all that it has seen: an answer that
      // relies on an earlier transaction must not be given before that one is safe.
      try connection.execute(plan.reliesOnStoredRows ? "COMMIT" : "ROLLBACK")
      return .done(batch(plan, bases: [:], repeated: repeated))
    }
    do {
      let written = try connection.pipeline(writes(plan))
      let rows = written[written.count - 2]
      var bases: [Shard: Int64] = [:]
      for row in 0..<rows.count { bases[Shard(rawValue: rows.int2(row, 0))] = rows.int8(row, 1) }
      var history = LedgerHistory.unnamed
      if let server, rows.count > 0 { history = LedgerHistory(server, restoration: rows.int8(0, 2)) }
      return .done(batch(plan, bases: bases, repeated: repeated, history: history))
    } catch .connectionLost {
      return .unknown(plan)
    } catch {
      try? connection.rollBack()
      throw error
    }
  }

  // MARK: Reading

  private struct LookUp {
    let call: PostgresCall
    let read: (PostgresRows, inout EntrySnapshot) -> Void
  }

  /// What the batch needs to know, in lock order; questions nobody asks are left out.
  private var lookUps: [LookUp] {
    var lookUps = [LookUp(call: PostgresCall(EntryStatements.begin)) { _, _ in }, accountLookUp]
    let places = requests.enumerated().compactMap { index, request in
      if case .place(let place) = request { (index, place) } else { nil }
    }
    let sells = Set(places.filter { $0.1.side == .sell }.map { position($0.1) })
    let replaced = requests.compactMap { if case .replace(let replace) = $0 { replace } else { nil } }
    if !sells.isEmpty || !replaced.isEmpty { lookUps.append(positionLookUp(sells.sorted(), replaced)) }
    if !keys.isEmpty { lookUps.append(keyLookUp) }
    if !targets.isEmpty { lookUps.append(targetLookUp) }
    if !replaced.isEmpty { lookUps += [siblingLookUp(replaced), processedLookUp(replaced)] }
    let careful = places.filter { $0.1.selfTradePrevention == nil && $0.1.trigger == nil }
    if !careful.isEmpty { lookUps.append(crossingLookUp(careful)) }
    if !places.isEmpty || !replaced.isEmpty { lookUps.append(boundsLookUp(places.map(\.1), replaced)) }
    return lookUps
  }

  private func position(_ place: PlaceRequest) -> EntrySnapshot.PositionKey {
    .init(account: place.account, instrument: place.instrument)
  }

  private var accountLookUp: LookUp {
    let accounts = Set(requests.map(\.account.rawValue)).sorted()
    return LookUp(call: PostgresCall(EntryStatements.lockAccounts, [.int8Array(accounts)])) { rows, snapshot in
      for row in 0..<rows.count {
        snapshot.accounts[AccountNumber(rawValue: rows.int8(row, 0))] = .init(
          status: stored(rows.int2(row, 1)), cash: Money(rawValue: rows.int8(row, 2)),
          held: Money(rawValue: rows.int8(row, 3)), lastSubmitted: Timestamp(rawValue: rows.timestamp(row, 4)),
          keysVersion: rows.int8(row, 5))
      }
    }
  }

  /// A replacement of a sell may need more shares; which position that is only the order tells.
  private func positionLookUp(_ positions: [EntrySnapshot.PositionKey], _ replaced: [ReplaceRequest]) -> LookUp {
    let call = PostgresCall(
      EntryStatements.lockPositions,
      [
        .int8Array(positions.map(\.account.rawValue)), .int4Array(positions.map(\.instrument.rawValue)),
        .int8Array(replaced.map(\.account.rawValue)), .uuidArray(replaced.map { ($0.target.high, $0.target.low) }),
      ])
    return LookUp(call: call) { rows, snapshot in
      for row in 0..<rows.count {
        let key = EntrySnapshot.PositionKey(
          account: AccountNumber(rawValue: rows.int8(row, 0)), instrument: InstrumentID(rawValue: rows.int4(row, 1)))
        snapshot.positions[key] = .init(
          quantity: Quantity(rawValue: rows.int8(row, 2)), held: Quantity(rawValue: rows.int8(row, 3)))
      }
    }
  }

  private var keys: [(account: AccountNumber, key: RequestKey)] {
    requests.flatMap { request -> [(AccountNumber, RequestKey)] in
      switch request {
      case .place(let place):
        return [place.idempotencyKey, place.clientKey].compactMap { $0 }.map { (place.account, $0) }
      case .replace(let replace):
        return [replace.idempotencyKey, replace.clientKey].compactMap { $0 }.map { (replace.account, $0) }
      case .cancel: return []
      }
    }
  }

  private var keyLookUp: LookUp {
    let keys = keys
    let call = PostgresCall(
      EntryStatements.findKeys,
      [
        .int8Array(keys.map(\.account.rawValue)),
        .uuidArray(keys.map { ($0.key.digest.high, $0.key.digest.low) }),
      ])
    return LookUp(call: call) { rows, snapshot in
      for row in 0..<rows.count {
        let name = EntrySnapshot.KeyName(
          account: AccountNumber(rawValue: rows.int8(row, 0)), digest: UniqueID(rows.uuid(row, 1)))
        snapshot.keys[name] = .init(
          order: UniqueID(rows.uuid(row, 2)), fingerprint: rows.isNull(row, 3) ? nil : rows.int8(row, 3))
      }
    }
  }

  private var targets: [(account: AccountNumber, id: OrderID)] {
    requests.compactMap { request in
      switch request {
      case .cancel(let cancel): return (cancel.account, cancel.order)
      case .replace(let replace): return (replace.account, replace.target)
      case .place: return nil
      }
    }
  }

  private var targetLookUp: LookUp {
    let targets = targets
    return LookUp(call: Self.findOrders(targets)) { rows, snapshot in
      for row in 0..<rows.count {
        let order = OrderColumns.read(rows, row)
        snapshot.targets[order.id] = order
      }
    }
  }

  static func findOrders(_ names: [(account: AccountNumber, id: OrderID)]) -> PostgresCall {
    PostgresCall(
      EntryStatements.findOrders,
      [.int8Array(names.map(\.account.rawValue)), .uuidArray(names.map { ($0.id.high, $0.id.low) })])
  }

  /// A replacement of one order of a class needs to know the others.
  private func siblingLookUp(_ replaced: [ReplaceRequest]) -> LookUp {
    let call = PostgresCall(
      EntryStatements.findSiblings,
      [.int8Array(replaced.map(\.account.rawValue)), .uuidArray(replaced.map { ($0.target.high, $0.target.low) })])
    return LookUp(call: call) { rows, snapshot in
      for row in 0..<rows.count {
        let order = OrderColumns.read(rows, row)
        snapshot.targets[order.id] = order
      }
    }
  }

  private func processedLookUp(_ replaced: [ReplaceRequest]) -> LookUp {
    let shards = Set(replaced.map(\.target.shard.rawValue)).sorted()
    return LookUp(call: PostgresCall(EntryStatements.findProcessed, [.int2Array(shards)])) { rows, snapshot in
      for row in 0..<rows.count {
        snapshot.processed[Shard(rawValue: rows.int2(row, 0))] = Sequence(rawValue: rows.int8(row, 1))
      }
    }
  }

  private func boundsLookUp(_ places: [PlaceRequest], _ replaced: [ReplaceRequest]) -> LookUp {
    let call = PostgresCall(
      EntryStatements.findBounds,
      [
        .int8Array(places.map(\.account.rawValue)), .int4Array(places.map(\.instrument.rawValue)),
        .int8Array(replaced.map(\.account.rawValue)), .uuidArray(replaced.map { ($0.target.high, $0.target.low) }),
      ])
    return LookUp(call: call) { rows, snapshot in
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

  private func crossingLookUp(_ places: [(Int, PlaceRequest)]) -> LookUp {
    let call = PostgresCall(
      EntryStatements.findCrossings,
      [
        .int4Array(places.map { Int32($0.0) }), .int2Array(places.map(\.1.shard.rawValue)),
        .int8Array(places.map(\.1.account.rawValue)), .int4Array(places.map(\.1.instrument.rawValue)),
        .int2Array(places.map { Int16($0.1.side.opposite.rawValue) }),
        .int8Array(places.map { $0.1.side == .buy ? 0 : $0.1.price.rawValue }),
        .int8Array(places.map { $0.1.side == .buy ? $0.1.price.rawValue : .max }),
        .int2Array(places.map { Int16($0.1.timeInForce.rawValue) }),
      ])
    return LookUp(call: call) { rows, snapshot in
      for row in 0..<rows.count { snapshot.crossing[Int(rows.int4(row, 0))] = UniqueID(rows.uuid(row, 1)) }
    }
  }

  // MARK: Writing

  private func writes(_ plan: EntryPlan) -> [PostgresCall] {
    var calls: [PostgresCall] = []
    if !plan.accounts.isEmpty {
      var rows = RowArray(expectedBytes: plan.accounts.count * 60)
      for change in plan.accounts {
        rows.append {
          $0.int8(change.account.rawValue)
          $0.int8(change.held.rawValue)
          $0.timestamp(microseconds: change.lastSubmitted.rawValue)
        }
      }
      calls.append(PostgresCall(EntryStatements.holdCash, rows: rows, of: "account_hold[]"))
    }
    if !plan.positions.isEmpty {
      var rows = RowArray(expectedBytes: plan.positions.count * 60)
      for change in plan.positions {
        rows.append {
          $0.int8(change.key.account.rawValue)
          $0.int4(change.key.instrument.rawValue)
          $0.int8(change.held.rawValue)
        }
      }
      calls.append(PostgresCall(EntryStatements.holdShares, rows: rows, of: "position_hold[]"))
    }
    if !plan.marks.isEmpty {
      var rows = RowArray(expectedBytes: plan.marks.count * 60)
      for mark in plan.marks {
        rows.append {
          $0.int8(mark.account.rawValue)
          $0.uuid(mark.order.high, mark.order.low)
          $0.int2(Int16(mark.pending.rawValue))
        }
      }
      calls.append(PostgresCall(EntryStatements.markPending, rows: rows, of: "pending_mark[]"))
    }
    if !plan.keys.isEmpty {
      var rows = RowArray(expectedBytes: plan.keys.count * 90)
      for key in plan.keys {
        rows.append {
          $0.int8(key.name.account.rawValue)
          $0.uuid(key.name.digest.high, key.name.digest.low)
          $0.uuid(key.use.order.high, key.use.order.low)
          if let fingerprint = key.use.fingerprint { $0.int8(fingerprint) } else { $0.null(.int8) }
        }
      }
      calls.append(PostgresCall(EntryStatements.insertKeys, rows: rows, of: "order_keys[]"))
    }
    var conditions = RowArray()
    for order in plan.orders {
      if let own = order.conditions { conditions.append { ConditionColumns.write(own, of: order, to: &$0) } }
    }
    if conditions.count > 0 {
      calls.append(PostgresCall(EntryStatements.insertConditions, rows: conditions, of: "order_conditions[]"))
    }
    return calls + [
      PostgresCall(EntryStatements.waitForCounters), numbering(plan), PostgresCall(EntryStatements.commit),
    ]
  }

  private func numbering(_ plan: EntryPlan) -> PostgresCall {
    var places = Places()
    var log = RowArray(expectedBytes: plan.entries.count * 250)
    var orders = RowArray(expectedBytes: plan.orders.count * 340)
    var conditions = RowArray()
    for entry in plan.entries {
      let place = places.next(in: entry.shard)
      log.append { LogColumns.write(entry.command, shard: entry.shard, place: place, at: now, to: &$0) }
      LogColumns.writeConditions(entry.command, shard: entry.shard, place: place, to: &conditions)
      for index in plan.rows(of: entry) {
        orders.append { OrderColumns.write(plan.orders[index], place: place, to: &$0) }
      }
    }
    let days = Set(plan.orders.map { $0.submittedAt.day } + [now.day])
    let counts = places.counts.sorted { $0.key < $1.key }
    let isConditional = conditions.count > 0
    return PostgresCall(
      EntryStatements.number(day: days.count == 1 ? now.day : nil, isConditional: isConditional),
      rowArrays: [(log, "command_log[]"), (orders, "orders[]")]
        + (isConditional ? [(conditions, "command_conditions[]")] : []),
      [.int2Array(counts.map(\.key.rawValue)), .int4Array(counts.map { Int32($0.value) })])
  }

  /// Counts the rows of each shard.
  private struct Places {
    var counts: [Shard: Int64] = [:]
    mutating func next(in shard: Shard) -> Int64 {
      counts[shard, default: 0] += 1
      return counts[shard]!
    }
  }

  // MARK: Answering

  /// The orders that repeated requests made, as they were when they were accepted.
  private func firstAnswers(
    _ plan: EntryPlan, _ connection: inout PostgresConnection
  ) throws(PostgresError) -> [OrderID: OrderRecord] {
    let names = plan.repeatedOrders(of: requests)
    return names.isEmpty ? [:] : Self.acceptedOrders(try connection.query(Self.findOrders(names)))
  }

  /// Found orders by identifier, as they were when they were accepted.
  static func acceptedOrders(_ rows: PostgresRows) -> [OrderID: OrderRecord] {
    var orders: [OrderID: OrderRecord] = [:]
    for row in 0..<rows.count {
      let order = OrderColumns.read(rows, row)
      orders[order.id] = order.asAccepted
    }
    return orders
  }

  private func batch(
    _ plan: EntryPlan, bases: [Shard: Int64], repeated: [OrderID: OrderRecord], history: LedgerHistory = .unnamed
  ) -> AcceptedBatch {
    var places = Places()
    var orders = plan.orders
    var entries: [LogEntry] = []
    entries.reserveCapacity(plan.entries.count)
    for entry in plan.entries {
      let sequence = Sequence(rawValue: bases[entry.shard]! + places.next(in: entry.shard))
      for index in plan.rows(of: entry) {
        orders[index].sequence = sequence
        orders[index].priority = sequence
      }
      entries.append(
        LogEntry(
          shard: entry.shard, sequence: sequence, acceptedAt: now, command: entry.command, history: history))
    }
    return AcceptedBatch(answers: plan.answers(orders: orders, repeated: repeated), entries: entries)
  }
}

/// The rows that accepted requests leave behind, by the row type of each: what a bulk load of the same rows would carry.
package enum AcceptedRows {
  /// Log rows, orders and request keys of a batch; `keys` are those of the requests.
  package static func byType(
    _ batch: AcceptedBatch, keys: [RequestKey]
  ) -> [(type: String, rows: RowArray)] {
    var log = RowArray()
    for entry in batch.entries {
      log.append {
        LogColumns.write(
          entry.command, shard: entry.shard, place: entry.sequence.rawValue, at: entry.acceptedAt, to: &$0)
      }
    }
    var orders = RowArray()
    var names = RowArray()
    for (answer, key) in zip(batch.answers, keys) {
      guard case .accepted(let order) = answer else { continue }
      orders.append { OrderColumns.write(order, place: order.sequence.rawValue, to: &$0) }
      names.append {
        $0.int8(order.account.rawValue)
        $0.uuid(key.digest.high, key.digest.low)
        $0.uuid(order.id.high, order.id.low)
        $0.null(.int8)
      }
    }
    return [("command_log", log), ("orders", orders), ("order_keys", names)]
  }
}

extension UniqueID {
  /// From a column's two halves.
  init(_ halves: (high: UInt64, low: UInt64)) { self.init(high: halves.high, low: halves.low) }
}
