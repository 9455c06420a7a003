package import Accounting
package import Market
package import Ports

extension MemoryLedger: ShardLagReader {
  package func lags() async throws(LedgerError) -> [Shard: ShardLag] {
    try await read { state in state.shards.mapValues { ShardLag(last: $0.last, processed: $0.processed) } }
  }
}

extension MemoryLedger: EntryLedger {
  package func accept(_ requests: [EntryRequest], now: Timestamp) async throws(LedgerError) -> AcceptedBatch {
    let held = database.held
    let postponed = Set(requests.map(\.account)).intersection(held)
    let admitted = requests.filter { !postponed.contains($0.account) }
    let missing = database.missing
    return try await call(commits: true) { (state) throws(LedgerError) in
      var batch = try state.accept(admitted, at: now, without: missing)
      batch.0.postponed = postponed
      return batch
    }
  }
}

extension DatabaseState {
  /// Judges requests by what is stored and stores what follows: holds, orders, marks, keys, log rows.
  mutating func accept(
    _ requests: [EntryRequest], at now: Timestamp, without missing: Guard? = nil
  ) throws(LedgerError) -> (AcceptedBatch, DatabaseChange?) {
    var snapshot = EntrySnapshot()
    snapshot.accounts = accounts
    snapshot.positions = positions
    snapshot.targets = orders
    snapshot.processed = shards.mapValues(\.processed)
    snapshot.lastPrices = lastPrices
    if missing != .requestKeys { snapshot.keys = keys }
    for instrument in instruments.keys {
      let isCrossing = auctions[instrument]?.auction != nil
      if isCrossing || phases[instrument].map({ !$0.isContinuous }) ?? false { snapshot.collecting.insert(instrument) }
    }
    for (index, request) in requests.enumerated() {
      if let own = crossing(request) { snapshot.crossing[index] = own }
    }
    let plan = EntryPlan(requests: requests, snapshot: snapshot, now: now)
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

  /// An order of the same account that a request would trade with, where that is asked: for new orders whose clients do not
  /// say what should become of it, and for a new price.
  private func crossing(_ request: EntryRequest) -> OrderID? {
    let (account, instrument, side, price, timeInForce): (AccountNumber, InstrumentID, Side, Price, TimeInForce)
    switch request {
    case .cancel: return nil
    case .place(let place):
      guard place.refusesOwn else { return nil }
      (account, instrument, side) = (place.account, place.instrument, place.side)
      (price, timeInForce) = (place.price, place.timeInForce)
    case .replace(let replace):
      guard let target = orders[replace.target], target.account == replace.account, target.phase == .working,
        let new = replace.changes.price
      else { return nil }
      (account, instrument, side) = (target.account, target.instrument, target.side)
      (price, timeInForce) = (new, replace.changes.timeInForce ?? target.timeInForce)
    }
    let isContinuous = phases[instrument]?.isContinuous ?? true
    return orders.values.filter { order in
      order.status.isOpen && order.account == account && order.instrument == instrument && order.side != side
        && order.phase == .working && !order.timeInForce.isImmediate
        && (order.timeInForce == .cls) == (timeInForce == .cls)
        && !(order.timeInForce == .opg && timeInForce.isImmediate) && (order.type != .market || !isContinuous)
        && (side == .buy ? order.price <= price : order.price >= price)
    }.map(\.id).min()
  }

  /// Appends a command that was set aside once more, as an operator asks for.
  package mutating func comeBack(_ sequence: Sequence, in shard: Shard, isRefused: Bool, at now: Timestamp) {
    guard shards[shard]!.quarantined[sequence]?.resolved == nil else { return }
    var row = shards[shard]!.log[Int(sequence.rawValue) - 1]
    row.sequence = shards[shard]!.last.next
    row.acceptedAt = now
    row.history = history
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
