package import Accounting
package import Market
package import Ports
package import Sharding

extension MemoryStore: SettlementLedger {
  package func claim(
    _ nonces: [Shard: UInt64], owner: WorkerID
  ) async throws(StoreError) -> [Shard: Ownership] {
    try await call(commits: true) { state in
      var ownerships: [Shard: Ownership] = [:]
      for (shard, nonce) in nonces.sorted(by: { $0.key < $1.key }) {
        guard var rows = state.shards[shard] else { continue }
        rows.epoch += 1
        rows.nonce = nonce
        rows.owner = owner
        if rows.last > rows.processed {
          let next = rows.processed.next
          if rows.suspect.sequence != next { rows.suspect = .init(sequence: next) }
          rows.suspect.claims += 1
        }
        state.shards[shard] = rows
        ownerships[shard] = Ownership(
          shard: shard, epoch: Epoch(rawValue: rows.epoch), nonce: nonce, processed: rows.processed,
          timeline: state.timeline, settledAt: rows.settledAt)
      }
      return (ownerships, nil)
    }
  }

  package func stillOwned(among ownerships: [Ownership]) async throws(StoreError) -> Set<Shard> {
    try await read { state in
      Set(
        ownerships.filter {
          state.shards[$0.shard]?.epoch == $0.epoch.rawValue && state.shards[$0.shard]?.nonce == $0.nonce
        }.map(\.shard))
    }
  }

  package func books(of shards: [Shard]) async throws(StoreError) -> [ShardBook] {
    try await read { state in
      shards.sorted().map { shard in
        func own<Value>(_ values: [InstrumentID: Value]) -> [InstrumentID: Value] {
          values.filter { state.instruments[$0.key] == shard }
        }
        return ShardBook(
          shard: shard, processed: state.shards[shard]!.processed, orders: state.openOrders(of: shard),
          lastPrices: own(state.lastPrices), phases: own(state.phases),
          auctions: own(state.auctions).compactMapValues(\.auction), instruments: own(state.instruments).keys.sorted(),
          timeline: state.timeline)
      }
    }
  }

  package func processedLog(
    of shard: Shard, after sequence: Sequence, limit: Int
  ) async throws(StoreError) -> [ProcessedEntry] {
    try await read { state in
      let rows = state.shards[shard]!
      return rows.log.prefix(Int(rows.processed.rawValue)).dropFirst(Int(sequence.rawValue)).prefix(limit).map {
        ProcessedEntry($0, isQuarantined: rows.quarantined[$0.sequence] != nil)
      }
    }
  }

  package func attempts(of ownership: Ownership) async throws(StoreError) -> ShardAttempts {
    try await read { state in
      let rows = state.shards[ownership.shard]!
      var attempts = ShardAttempts(last: rows.last, quarantined: rows.quarantined.keys.sorted())
      if rows.suspect.sequence == ownership.processed.next {
        (attempts.claims, attempts.tries, attempts.reason) =
          (rows.suspect.claims, rows.suspect.tries, rows.suspect.reason)
      }
      return attempts
    }
  }

  package func recordAttempt(of sequence: Sequence, by ownership: Ownership) async throws(StoreError) -> Int? {
    try await call(commits: true) { state in
      let rows = state.shards[ownership.shard]!
      guard Self.owns(ownership, rows), rows.processed.next == sequence else { return (nil, nil) }
      var suspect = rows.suspect
      if suspect.sequence != sequence { suspect = .init(sequence: sequence, claims: suspect.claims) }
      suspect.claims = max(1, suspect.claims)
      suspect.tries += 1
      state.shards[ownership.shard]!.suspect = suspect
      return (suspect.tries, nil)
    }
  }

  package func noteFailure(of sequence: Sequence, in shard: Shard, reason: String) async throws(StoreError) {
    try await call(commits: true) { state in
      if state.shards[shard]!.suspect.sequence == sequence { state.shards[shard]!.suspect.reason = reason }
      return ((), nil)
    }
  }

  package func withdrawTry(of sequence: Sequence, in shard: Shard) async throws(StoreError) {
    let isIgnored = database.missing == .withdrawal
    try await call(commits: true) { state in
      let suspect = state.shards[shard]!.suspect
      if !isIgnored, suspect.sequence == sequence, suspect.tries > 0 { state.shards[shard]!.suspect.tries -= 1 }
      return ((), nil)
    }
  }

  package func log(of shard: Shard, after sequence: Sequence, limit: Int) async throws(StoreError) -> [LogEntry] {
    try await read { state in
      Array(state.shards[shard]!.log.dropFirst(Int(sequence.rawValue)).prefix(limit)).map { entry in
        // Rows are of the history that is written now: it holds all that came before it.
        var entry = entry
        entry.timeline = state.timeline
        return entry
      }
    }
  }

  package func timeline() async throws(StoreError) -> DatabaseTimeline { try await read { state in state.timeline } }

  package func logEnds(of shards: [Shard]) async throws(StoreError) -> LogEnds {
    let isSilent = database.missing == .logTail
    return try await read { state in
      LogEnds(
        timeline: state.timeline,
        sequences: Dictionary(
          uniqueKeysWithValues: shards.map { ($0, isSilent ? state.shards[$0]!.processed : state.shards[$0]!.last) }))
    }
  }

  package func settle(_ commits: [ShardCommit], at now: Timestamp) async throws(StoreError) -> SettleOutcome {
    let accounts = Set(commits.flatMap { Array($0.settlement.cash.keys) + $0.settlement.positions.keys.map(\.account) })
    if !database.held.isDisjoint(with: accounts) {
      await pause(.milliseconds(500))
      if !database.held.isDisjoint(with: accounts) {
        throw .unavailable(.lockTimeout, reason: "somebody else holds an account")
      }
    }
    let poisoned = Dictionary(
      commits.map { ($0.ownership.shard, database.poisoned($0.ownership.shard)) }, uniquingKeysWith: { $1 })
    let missing = database.missing
    return try await call(commits: true) { (state) throws(StoreError) in
      for commit in commits {
        let (ownership, settlement) = (commit.ownership, commit.settlement)
        let rows = state.shards[ownership.shard]!
        if missing != .timeline, ownership.timeline != state.timeline { return (.failedOver(to: state.timeline), nil) }
        guard Self.owns(ownership, rows, without: missing) else { return (.fenced(ownership.shard), nil) }
        guard settlement.from == rows.processed || missing == .cursor || missing == .ownership else {
          return (.fenced(ownership.shard), nil)
        }
        guard settlement.through <= rows.last || missing == .logEnd else { return (.beyondLog(ownership.shard), nil) }
        let bad = poisoned[ownership.shard] ?? []
        if commit.quarantine == nil,
          let first = bad.filter({ $0 > settlement.from && $0 <= settlement.through }).min()
        {
          throw StoreError.fault(reason: "command \(first) is bad")
        }
      }
      var time = SettlingTime()
      for commit in commits { time.note(commit.ownership.settledAt) }
      let moment = time.moment(at: now)
      state.report(commits.flatMap(\.settlement.events), at: moment, without: missing)
      for commit in commits { state.store(commit, at: moment, without: missing) }
      return (.committed, .settled(commits))
    }
  }

  static func owns(_ ownership: Ownership, _ rows: DatabaseState.ShardRows, without missing: Guard? = nil) -> Bool {
    if missing == .ownership || missing == .claim { return true }
    return (ownership.epoch.rawValue == rows.epoch || missing == .epoch)
      && (ownership.nonce == rows.nonce || missing == .nonce)
  }
}

extension DatabaseState {
  /// Adds events to their accounts' streams: each has a time of its own, the last that of the settlement or the next that is
  /// free. Comes before the positions are changed.
  fileprivate mutating func report(_ events: [OrderEvent], at moment: Timestamp, without missing: Guard?) {
    var behind: [AccountNumber: Int64] = [:]
    for event in events { behind[event.account, default: 0] += 1 }
    let ends = behind.reduce(into: [AccountNumber: Timestamp]()) { ends, account in
      let last = missing == .eventTimes ? nil : stories[account.key]?.last?.at
      ends[account.key] = max(last?.advanced(byMicroseconds: 1) ?? moment, moment).advanced(
        byMicroseconds: account.value - 1)
    }
    var shares: [AcceptanceSnapshot.PositionKey: Quantity] = [:]
    for event in events {
      behind[event.account]! -= 1
      var instructed = ToldEvent(
        at: ends[event.account]!.advanced(byMicroseconds: -behind[event.account]!), event: event)
      if event.kind == .partialFill || event.kind == .fill {
        let key = AcceptanceSnapshot.PositionKey(account: event.account, instrument: event.instrument)
        var quantity = shares[key] ?? positions[key]?.quantity ?? .zero
        if event.side == .buy { quantity += event.quantity } else { quantity -= event.quantity }
        shares[key] = quantity
        instructed.position = quantity
      }
      stories[event.account, default: []].append(instructed)
    }
  }

  /// Stores what one shard's commands have changed, row by row.
  mutating func store(_ commit: ShardCommit, at now: Timestamp, without missing: Guard?) {
    let settlement = commit.settlement
    for update in settlement.orders {
      guard var order = orders[update.id] else { continue }
      order.status = update.status
      order.filled = update.filled
      order.filledValue = update.filledValue
      order.priority = update.priority
      order.replacedBy = update.replacedBy ?? order.replacedBy
      if update.clearsPending { order.pending = .none }
      order.updatedAt = now
      if !update.status.isOpen { order.closedAt = now }
      orders[update.id] = order
    }
    for update in settlement.conditions where orders[update.id]?.conditions != nil {
      orders[update.id]!.conditions!.phase = update.phase
      orders[update.id]!.conditions!.activation = update.activation
      orders[update.id]!.conditions!.trigger = update.trigger
      if update.isExit { orders[update.id]!.quantity = update.quantity }
    }
    if missing != .staleMarks {
      for mark in settlement.staleMarks where orders[mark.order]?.status.isOpen == true {
        orders[mark.order]!.pending = .none
      }
    }
    for update in settlement.phases { store(update, at: now) }
    for update in settlement.auctions { auctions[update.instrument, default: .init()].auction = update.auction }
    if missing != .lastPrices { for last in settlement.lastPrices { lastPrices[last.instrument] = last.price } }
    for (account, change) in settlement.cash {
      accounts[account]!.cash += change.cash
      accounts[account]!.held += change.held
    }
    for (key, change) in settlement.positions {
      var position = positions[key] ?? .init(quantity: .zero, held: .zero)
      position.quantity += change.fills.bought - change.fills.sold
      position.held += change.held
      positions[key] = position
      costs[key, default: PositionCost()].apply(change.fills)
    }
    var rows = shards[commit.ownership.shard]!
    rows.processed = settlement.through
    rows.settledAt = now
    rows.events += settlement.events
    rows.trades += settlement.trades
    rows.tradeTimes += settlement.trades.map { _ in now }
    if let reason = commit.quarantine { rows.quarantined[settlement.through] = .init(reason: reason, at: now) }
    shards[commit.ownership.shard] = rows
  }

  /// A band's reference price and a limit state have the times since when they stand.
  private mutating func store(_ update: Settlement.PhaseUpdate, at now: Timestamp) {
    let (old, new) = (phases[update.instrument], update.phase)
    var listing = listings[update.instrument] ?? Listing()
    let stands = old?.band != nil && old?.band?.reference == new.band?.reference
    listing.bandSince = stands ? listing.bandSince : now
    let lasts = !update.beginsLimit && old?.limit == new.limit
    listing.limitSince = new.limit == nil ? nil : lasts ? listing.limitSince ?? now : now
    listings[update.instrument] = listing
    phases[update.instrument] = new
  }
}
