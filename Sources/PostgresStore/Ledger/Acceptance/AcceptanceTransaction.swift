package import Accounting
internal import Market
package import Ports
package import Postgres

/// One acceptance: locks and reads in one flush, decides, writes and commits in a second one.
struct AcceptanceTransaction {
  /// How an attempt ended.
  enum Ending: Sendable {
    case done(AcceptedBatch)
    /// The connection was lost with the commit under way.
    case unknown(AcceptancePlan)
  }

  let requests: [AcceptanceRequest]
  let now: Timestamp
  let days: DayTables

  func run(_ connection: inout PostgresConnection) throws(PostgresError) -> Ending {
    let server = try connection.timeline()
    let snapshot = try read(&connection)
    let plan = AcceptancePlan(requests: requests, snapshot: snapshot, now: now)
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
      var timeline = DatabaseTimeline.unnamed
      if let server, rows.count > 0 { timeline = DatabaseTimeline(server, restoration: rows.int8(0, 2)) }
      return .done(batch(plan, bases: bases, repeated: repeated, timeline: timeline))
    } catch .connectionLost {
      return .unknown(plan)
    } catch {
      throw connection.rolledBack(after: error)
    }
  }

  // MARK: Reading

  /// Locks and reads what the batch has to be judged by; the transaction is open then.
  private func read(_ connection: inout PostgresConnection) throws(PostgresError) -> AcceptanceSnapshot {
    var snapshot = AcceptanceSnapshot()
    let first = AcceptanceReading(of: requests)
    let dated = try days.existing(first.days, &connection)
    do throws(PostgresError) {
      let begin = AcceptanceQuestion(PostgresCall(AcceptanceStatements.begin)) { _, _ in }
      try AcceptanceQuestion.ask([begin] + AcceptanceQuestion.all(of: first, among: dated), &snapshot, &connection)
      if let second = AcceptanceReading(of: requests, after: snapshot) {
        let dated = try days.existing(second.days, &connection)
        try AcceptanceQuestion.ask(AcceptanceQuestion.all(of: second, among: dated), &snapshot, &connection)
      }
      return snapshot
    } catch {
      if error.isMissingTable { days.forget() }
      throw connection.rolledBack(after: error)
    }
  }

  // MARK: Writing

  private func writes(_ plan: AcceptancePlan) -> [PostgresCall] {
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
      calls.append(PostgresCall(AcceptanceStatements.holdCash, rows: rows, of: "account_hold[]"))
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
      calls.append(PostgresCall(AcceptanceStatements.holdShares, rows: rows, of: "position_hold[]"))
    }
    let marks = Dictionary(grouping: plan.marks) { $0.order.time?.day }
    for (day, marks) in marks.sorted(by: { ($0.key?.rawValue ?? .min) < ($1.key?.rawValue ?? .min) }) {
      // What is marked was found by its day.
      guard let day else { continue }
      var rows = RowArray(expectedBytes: marks.count * 60)
      for mark in marks {
        rows.append {
          $0.int8(mark.account.rawValue)
          $0.uuid(mark.order.high, mark.order.low)
          $0.int2(Int16(mark.pending.rawValue))
        }
      }
      calls.append(PostgresCall(AcceptanceStatements.markPending(day: day), rows: rows, of: "pending_mark[]"))
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
      calls.append(PostgresCall(AcceptanceStatements.insertKeys, rows: rows, of: "order_keys[]"))
    }
    var conditions = RowArray()
    for order in plan.orders {
      if let own = order.conditions { conditions.append { ConditionColumns.write(own, of: order, to: &$0) } }
    }
    if conditions.count > 0 {
      calls.append(PostgresCall(AcceptanceStatements.insertConditions, rows: conditions, of: "order_conditions[]"))
    }
    return calls + [
      PostgresCall(AcceptanceStatements.waitForCounters), numbering(plan), PostgresCall(AcceptanceStatements.commit),
    ]
  }

  private func numbering(_ plan: AcceptancePlan) -> PostgresCall {
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
      AcceptanceStatements.number(day: days.count == 1 ? now.day : nil, isConditional: isConditional),
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
    _ plan: AcceptancePlan, _ connection: inout PostgresConnection
  ) throws(PostgresError) -> [OrderID: OrderRecord] {
    let names = plan.repeatedOrders(of: requests)
    guard !names.isEmpty else { return [:] }
    let calls = OrderStatements.find(names, among: try days.existing(names.days, &connection))
    return calls.isEmpty ? [:] : try Self.acceptedOrders(try connection.pipeline(calls))
  }

  /// Found orders by identifier, as they were when they were accepted.
  static func acceptedOrders(
    _ answers: some Collection<PostgresRows>
  ) throws(PostgresError) -> [OrderID: OrderRecord] {
    try OrderStatements.orders(answers).mapValues(\.asAccepted)
  }

  private func batch(
    _ plan: AcceptancePlan, bases: [Shard: Int64], repeated: [OrderID: OrderRecord],
    timeline: DatabaseTimeline = .unnamed
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
          shard: entry.shard, sequence: sequence, acceptedAt: now, command: entry.command, timeline: timeline))
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
