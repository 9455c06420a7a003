package import Accounting
package import Market
package import Ports

extension MemoryStore: ShardLagReader {
  package func lags() async throws(StoreError) -> [Shard: ShardLag] {
    try await read { state in state.shards.mapValues { ShardLag(last: $0.last, processed: $0.processed) } }
  }
}

extension MemoryStore: AcceptanceLedger {
  package func accept(_ requests: [AcceptanceRequest], now: Timestamp) async throws(StoreError) -> AcceptedBatch {
    let held = database.held
    let postponed = Set(requests.map(\.account)).intersection(held)
    let admitted = requests.filter { !postponed.contains($0.account) }
    let missing = database.missing
    var early: AcceptanceSnapshot?
    if missing == .locks { early = try await read { state in state.snapshot(for: admitted, without: missing) } }
    return try await call(commits: true) { [early] (state) throws(StoreError) in
      var batch = try state.accept(admitted, at: now, judgedBy: early, without: missing)
      batch.0.postponed = postponed
      return batch
    }
  }
}

extension DatabaseState {
  /// Judges requests by what is stored and stores what follows: holds, orders, marks, keys, log rows.
  mutating func accept(
    _ requests: [AcceptanceRequest], at now: Timestamp, judgedBy early: AcceptanceSnapshot? = nil,
    without missing: Guard? = nil
  ) throws(StoreError) -> (AcceptedBatch, DatabaseChange?) {
    let snapshot = early ?? snapshot(for: requests, without: missing)
    let plan = AcceptancePlan(requests: requests, snapshot: snapshot, now: now)
    for change in plan.accounts {
      if missing != .holds { accounts[change.account]!.held += change.held }
      accounts[change.account]!.lastSubmitted = change.lastSubmitted
    }
    for change in plan.positions where missing != .holds {
      positions[change.key, default: .init(quantity: .zero, held: .zero)].held += change.held
    }
    for change in plan.keys { keys[change.name] = change.use }
    for mark in plan.marks { orders[mark.order]!.pending = mark.pending }
    var made = plan.orders
    var entries: [LogEntry] = []
    for entry in plan.entries {
      let row = append([entry.command], to: entry.shard, at: now)[0]
      for index in plan.rows(of: entry) {
        made[index].sequence = row.sequence
        made[index].priority = row.sequence
        orders[made[index].id] = made[index]
      }
      entries.append(row)
    }
    var repeated: [OrderID: OrderRecord] = [:]
    for case .repeated(let id) in plan.outcomes { repeated[id] = orders[id]?.asAccepted }
    let batch = AcceptedBatch(answers: plan.answers(orders: made, repeated: repeated), entries: entries)
    return (batch, plan.isEmpty ? nil : .accepted(plan))
  }

  /// What requests are judged by.
  func snapshot(for requests: [AcceptanceRequest], without missing: Guard?) -> AcceptanceSnapshot {
    var snapshot = AcceptanceSnapshot()
    answer(AcceptanceReading(of: requests), into: &snapshot, without: missing)
    if let second = AcceptanceReading(of: requests, after: snapshot) {
      answer(second, into: &snapshot, without: missing)
    }
    return snapshot
  }

  /// Reads what has to be known before requests can be judged.
  private func answer(_ reading: AcceptanceReading, into snapshot: inout AcceptanceSnapshot, without missing: Guard?) {
    for account in reading.accounts { snapshot.accounts[account] = accounts[account] }
    for position in reading.positions { snapshot.positions[position] = positions[position] }
    for key in reading.keys where missing != .requestKeys { snapshot.keys[key] = keys[key] }
    for name in reading.orders { snapshot.targets[name.id] = orders[name] }
    for name in reading.classes {
      guard let group = orders[name]?.conditions?.group else { continue }
      snapshot.classOrders += orders.values.filter { $0.account == name.account && $0.conditions?.group == group }
        .map { OrderName(account: $0.account, id: $0.id) }.sorted { $0.id < $1.id }
    }
    for shard in reading.processed { snapshot.processed[shard] = shards[shard]?.processed }
    for name in reading.openOrders {
      if let order = orders[name], order.status.isOpen { snapshot.targets[order.id] = order }
    }
    for instrument in reading.collecting {
      let isTold = instructed[instrument].map { $0.point.stage != .open } ?? false
      if isTold || listings[instrument]?.haltReason != nil { snapshot.collecting.insert(instrument) }
    }
    for comer in reading.comers {
      if let own = crossing(comer) { snapshot.crossing[comer.request] = own }
    }
    snapshot.bounds += bounds.filter { bound in
      reading.bounds.contains { position in
        bound.account ?? position.account == position.account
          && bound.instrument ?? position.instrument == position.instrument
      }
    }
    for case let instrument? in snapshot.bounds.map(\.instrument) {
      snapshot.lastPrices[instrument] = lastPrices[instrument] ?? listings[instrument]?.reference
    }
  }

  /// An open order of the same account that an order would trade with.
  private func crossing(_ comer: AcceptanceReading.Comer) -> OrderID? {
    let isContinuous = phases[comer.instrument]?.isContinuous ?? true
    return orders.values.filter { order in
      order.status.isOpen && order.account == comer.account && order.instrument == comer.instrument
        && order.side != comer.side && order.phase == .working && !order.timeInForce.isImmediate
        && (order.timeInForce == .cls) == (comer.timeInForce == .cls)
        && !(order.timeInForce == .opg && comer.timeInForce.isImmediate) && (order.type != .market || !isContinuous)
        && (comer.side == .buy ? order.price <= comer.price : order.price >= comer.price)
    }.map(\.id).min()
  }

  /// Appends a command that was set aside once more, as an operator asks for.
  package mutating func comeBack(_ sequence: Sequence, in shard: Shard, isRefused: Bool, at now: Timestamp) {
    guard shards[shard]!.quarantined[sequence]?.resolved == nil else { return }
    var row = shards[shard]!.log[Int(sequence.rawValue) - 1]
    row.sequence = shards[shard]!.last.next
    row.acceptedAt = now
    row.timeline = timeline
    row.isRefused = row.isRefused || isRefused
    switch row.command {
    case .place(let order):
      move(order.id, to: row.sequence)
      for leg in order.legs { move(leg.id, to: row.sequence) }
    case .cancel(var cancel):
      cancel.targetSequence = orders[cancel.target]!.sequence
      row.command = .cancel(cancel)
    case .replace(var replace):
      replace.targetSequence = orders[replace.target]!.sequence
      row.command = .replace(replace)
      move(replace.order.id, to: row.sequence)
    case .step, .expire, .halt, .band, .cross: break
    }
    shards[shard]!.log.append(row)
    shards[shard]!.quarantined[sequence]!.resolved = row.sequence
  }

  private mutating func move(_ order: OrderID, to sequence: Sequence) {
    orders[order]!.sequence = sequence
    orders[order]!.priority = sequence
  }
}

extension [OrderID: OrderRecord] {
  /// An order, if it is of the account that is named.
  fileprivate subscript(name: OrderName) -> OrderRecord? {
    self[name.id].flatMap { $0.account == name.account ? $0 : nil }
  }
}
