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
  let days: DayTables

  func run(_ connection: inout PostgresConnection) throws(PostgresError) -> Ending {
    let server = try connection.history()
    let dated = try days.existing(targets.days, &connection)
    var snapshot = EntrySnapshot()
    do throws(PostgresError) {
      var siblings: [OrderName] = []
      try Self.look(firstLookUps(among: dated), &snapshot, &siblings, &connection)
      if !replaced.isEmpty {
        let dated = try days.existing(siblings.days, &connection)
        try Self.look(secondLookUps(snapshot, siblings, among: dated), &snapshot, &siblings, &connection)
      }
    } catch {
      if error.isMissingTable { days.forget() }
      try? connection.rollBack()
      throw error
    }
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
    let read: (PostgresRows, inout EntrySnapshot, inout [OrderName]) throws(PostgresError) -> Void

    init(call: PostgresCall, _ read: @escaping (PostgresRows, inout EntrySnapshot) throws(PostgresError) -> Void) {
      self.call = call
      self.read = { (rows, snapshot, _) throws(PostgresError) in try read(rows, &snapshot) }
    }

    /// Finds names of orders.
    init(namesBy call: PostgresCall) {
      self.call = call
      read = { rows, _, names in
        for row in 0..<rows.count {
          names.append(OrderName(account: AccountNumber(rawValue: rows.int8(row, 0)), id: UniqueID(rows.uuid(row, 1))))
        }
      }
    }
  }

  private static func look(
    _ lookUps: [LookUp], _ snapshot: inout EntrySnapshot, _ siblings: inout [OrderName],
    _ connection: inout PostgresConnection
  ) throws(PostgresError) {
    guard !lookUps.isEmpty else { return }
    let answers = try connection.pipeline(lookUps.map(\.call))
    for (lookUp, rows) in zip(lookUps, answers) { try lookUp.read(rows, &snapshot, &siblings) }
  }

  private var places: [(index: Int, place: PlaceRequest)] {
    requests.enumerated().compactMap { index, request in
      if case .place(let place) = request { (index, place) } else { nil }
    }
  }

  private var replaced: [ReplaceRequest] {
    requests.compactMap { if case .replace(let replace) = $0 { replace } else { nil } }
  }

  /// What the batch needs to know, in lock order; questions nobody asks are left out.
  ///
  /// What is to be replaced is looked at first, because it tells whose position and whose bounds are in question. Nothing of
  /// an account's orders changes behind the lock on the account: settling takes it before it changes them.
  private func firstLookUps(among days: Set<Day>) -> [LookUp] {
    var lookUps = [LookUp(call: PostgresCall(EntryStatements.begin)) { _, _ in }, accountLookUp]
    let replaced = replaced
    if replaced.isEmpty { lookUps += positionLookUps([]) }
    if !keys.isEmpty { lookUps.append(keyLookUp) }
    lookUps += orderLookUps(OrderStatements.find(targets, among: days))
    if replaced.isEmpty { return lookUps + judgingLookUps([]) }
    return lookUps + [siblingLookUp(replaced), processedLookUp(replaced)]
  }

  /// The rest, where something is to be replaced. A target that is not there or closed is refused before more is asked of it.
  private func secondLookUps(_ snapshot: EntrySnapshot, _ siblings: [OrderName], among days: Set<Day>) -> [LookUp] {
    let own = replaced.compactMap { replace -> EntrySnapshot.PositionKey? in
      guard let target = snapshot.targets[replace.target], target.account == replace.account else { return nil }
      return .init(account: target.account, instrument: target.instrument)
    }
    let others = orderLookUps(OrderStatements.find(siblings, among: days)) { $0.status.isOpen }
    return positionLookUps(own) + others + judgingLookUps(own, repriced(snapshot), immediate(snapshot))
  }

  /// An order that may meet another of its own account.
  private struct Comer {
    var index: Int
    var shard: Shard
    var account: AccountNumber
    var instrument: InstrumentID
    var side: Side
    var price: Price
    var timeInForce: TimeInForce
  }

  /// What is to be replaced at another price.
  private func repriced(_ snapshot: EntrySnapshot) -> [Comer] {
    requests.enumerated().compactMap { index, request in
      guard case .replace(let replace) = request, let price = replace.price,
        let target = snapshot.targets[replace.target], target.account == replace.account, target.phase == .working
      else { return nil }
      return Comer(
        index: index, shard: target.shard, account: target.account, instrument: target.instrument, side: target.side,
        price: price, timeInForce: replace.timeInForce ?? target.timeInForce)
    }
  }

  /// Instruments of what is to be replaced by an order that trades at once or not at all.
  private func immediate(_ snapshot: EntrySnapshot) -> [InstrumentID] {
    replaced.filter { $0.timeInForce?.isImmediate == true }.compactMap { snapshot.targets[$0.target]?.instrument }
  }

  private func judgingLookUps(
    _ replaced: [EntrySnapshot.PositionKey], _ repriced: [Comer] = [], _ immediate: [InstrumentID] = []
  ) -> [LookUp] {
    var lookUps: [LookUp] = []
    let immediate = immediate + places.map(\.place).filter(\.timeInForce.isImmediate).map(\.instrument)
    if !immediate.isEmpty { lookUps.append(collectingLookUp(Set(immediate).sorted())) }
    let careful = places.filter { $0.place.selfTradePrevention == nil && $0.place.trigger == nil }.map {
      Comer(
        index: $0.index, shard: $0.place.shard, account: $0.place.account, instrument: $0.place.instrument,
        side: $0.place.side, price: $0.place.price, timeInForce: $0.place.timeInForce)
    }
    if !(careful + repriced).isEmpty { lookUps.append(crossingLookUp(careful + repriced)) }
    let bounded = Set(places.map { position($0.place) } + replaced).sorted()
    if !bounded.isEmpty { lookUps.append(boundsLookUp(bounded)) }
    return lookUps
  }

  private func position(_ place: PlaceRequest) -> EntrySnapshot.PositionKey {
    .init(account: place.account, instrument: place.instrument)
  }

  private var accountLookUp: LookUp {
    let accounts = Set(requests.map(\.account.rawValue)).sorted()
    return LookUp(call: PostgresCall(EntryStatements.lockAccounts, [.int8Array(accounts)])) {
      (rows, snapshot) throws(PostgresError) in
      for row in 0..<rows.count {
        snapshot.accounts[AccountNumber(rawValue: rows.int8(row, 0))] = .init(
          status: try stored(rows.int2(row, 1)), cash: Money(rawValue: rows.int8(row, 2)),
          held: Money(rawValue: rows.int8(row, 3)), lastSubmitted: Timestamp(rawValue: rows.timestamp(row, 4)),
          keysVersion: rows.int8(row, 5))
      }
    }
  }

  /// The positions of sells, and of what is to be replaced: a replacement may need more shares.
  private func positionLookUps(_ replaced: [EntrySnapshot.PositionKey]) -> [LookUp] {
    let sells = places.filter { $0.place.side == .sell }.map { position($0.place) }
    let positions = Set(sells + replaced).sorted()
    guard !positions.isEmpty else { return [] }
    let call = PostgresCall(
      EntryStatements.lockPositions,
      [.int8Array(positions.map(\.account.rawValue)), .int4Array(positions.map(\.instrument.rawValue))])
    let lookUp = LookUp(call: call) { (rows, snapshot) throws(PostgresError) in
      for row in 0..<rows.count {
        let key = EntrySnapshot.PositionKey(
          account: AccountNumber(rawValue: rows.int8(row, 0)), instrument: InstrumentID(rawValue: rows.int4(row, 1)))
        snapshot.positions[key] = .init(
          quantity: Quantity(rawValue: rows.int8(row, 2)), held: Quantity(rawValue: rows.int8(row, 3)))
      }
    }
    return [lookUp]
  }

  private var keys: [(account: AccountNumber, key: RequestKey)] {
    requests.flatMap { request -> [(AccountNumber, RequestKey)] in
      switch request {
      case .place(let place):
        return ([place.idempotencyKey, place.clientKey].compactMap { $0 } + place.legs.map(\.clientKey)).map {
          (place.account, $0)
        }
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
    return LookUp(call: call) { (rows, snapshot) throws(PostgresError) in
      for row in 0..<rows.count {
        let name = EntrySnapshot.KeyName(
          account: AccountNumber(rawValue: rows.int8(row, 0)), digest: UniqueID(rows.uuid(row, 1)))
        snapshot.keys[name] = .init(
          order: UniqueID(rows.uuid(row, 2)), fingerprint: rows.isNull(row, 3) ? nil : rows.int8(row, 3))
      }
    }
  }

  private var targets: [OrderName] {
    requests.compactMap { request in
      switch request {
      case .cancel(let cancel): return OrderName(account: cancel.account, id: cancel.order)
      case .replace(let replace): return OrderName(account: replace.account, id: replace.target)
      case .place: return nil
      }
    }
  }

  private func orderLookUps(
    _ calls: [PostgresCall], where isWanted: @escaping (OrderRecord) -> Bool = { _ in true }
  ) -> [LookUp] {
    calls.map { call in
      LookUp(call: call) { (rows, snapshot) throws(PostgresError) in
        for row in 0..<rows.count {
          let order = try OrderColumns.read(rows, row)
          if isWanted(order) { snapshot.targets[order.id] = order }
        }
      }
    }
  }

  /// A replacement of one order of a class needs to know the others.
  private func siblingLookUp(_ replaced: [ReplaceRequest]) -> LookUp {
    let names = replaced.map { OrderName(account: $0.account, id: $0.target) }
    return LookUp(namesBy: PostgresCall(EntryStatements.findSiblings, OrderStatements.parameters(names)))
  }

  private func processedLookUp(_ replaced: [ReplaceRequest]) -> LookUp {
    let shards = Set(replaced.map(\.target.shard.rawValue)).sorted()
    return LookUp(call: PostgresCall(EntryStatements.findProcessed, [.int2Array(shards)])) {
      (rows, snapshot) throws(PostgresError) in
      for row in 0..<rows.count {
        snapshot.processed[Shard(rawValue: rows.int2(row, 0))] = Sequence(rawValue: rows.int8(row, 1))
      }
    }
  }

  private func collectingLookUp(_ instruments: [InstrumentID]) -> LookUp {
    let call = PostgresCall(EntryStatements.findCollecting, [.int4Array(instruments.map(\.rawValue))])
    return LookUp(call: call) { (rows, snapshot) throws(PostgresError) in
      for row in 0..<rows.count { snapshot.collecting.insert(InstrumentID(rawValue: rows.int4(row, 0))) }
    }
  }

  private func boundsLookUp(_ positions: [EntrySnapshot.PositionKey]) -> LookUp {
    let call = PostgresCall(
      EntryStatements.findBounds,
      [.int8Array(positions.map(\.account.rawValue)), .int4Array(positions.map(\.instrument.rawValue))])
    return LookUp(call: call) { (rows, snapshot) throws(PostgresError) in
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

  private func crossingLookUp(_ places: [Comer]) -> LookUp {
    let call = PostgresCall(
      EntryStatements.findCrossings,
      [
        .int4Array(places.map { Int32($0.index) }), .int2Array(places.map(\.shard.rawValue)),
        .int8Array(places.map(\.account.rawValue)), .int4Array(places.map(\.instrument.rawValue)),
        .int2Array(places.map { Int16($0.side.opposite.rawValue) }),
        .int8Array(places.map { $0.side == .buy ? 0 : $0.price.rawValue }),
        .int8Array(places.map { $0.side == .buy ? $0.price.rawValue : .max }),
        .int2Array(places.map { Int16($0.timeInForce.rawValue) }),
      ])
    return LookUp(call: call) { (rows, snapshot) throws(PostgresError) in
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
      calls.append(PostgresCall(EntryStatements.markPending(day: day), rows: rows, of: "pending_mark[]"))
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
