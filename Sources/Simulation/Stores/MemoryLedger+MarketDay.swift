internal import Accounting
package import Market
package import Ports
package import Sharding

extension MemoryLedger: MarketLedger {
  package func clock() async throws(LedgerError) -> MarketClockReading {
    try await read { state in MarketClockReading(record: state.clock) }
  }

  package func latestTold() async throws(LedgerError) -> SessionPoint? {
    try await read { state in state.told.values.map(\.point).max() }
  }

  package func remember(
    _ record: MarketClockRecord, insteadOf read: MarketClockRecord, within leadership: Leadership
  ) async throws(LedgerError) -> Bool {
    try await within(leadership) { state in
      if state.clock.target == read.target { state.clock = record }
      return true
    } ?? false
  }

  package func behind(_ goal: MarketDirector.Goal) async throws(LedgerError) -> [InstrumentStanding] {
    try await read { state in
      state.instruments.sorted { ($0.value, $0.key) < ($1.value, $1.key) }.compactMap { instrument, shard in
        let rows = state.shards[shard]!
        var told = state.told[instrument]
        let isDone: Bool
        switch (goal, told) {
        case (.alwaysOpen, let told): isDone = told.map { $0.point.stage == .open } ?? true
        case (.at(let point), let told): isDone = told.map { $0.point >= point } ?? false
        }
        if told?.isCleared ?? true, isDone { return nil }
        if let close = told?.closedSequence { told!.isCloseHeld = rows.isSetAside(close) }
        return InstrumentStanding(
          instrument, shard: shard, told: told, processed: rows.processed,
          isCrossing: state.auctions[instrument]?.auction != nil, reference: state.listings[instrument]?.reference)
      }
    }
  }

  package func dueOrders(
    of standings: [InstrumentStanding], untilCancelledBefore moment: Timestamp
  ) async throws(LedgerError) -> [InstrumentID: DueOrders] {
    try await read { state in
      var due = Dictionary(standings.map { ($0.instrument, DueOrders(count: 0)) }, uniquingKeysWith: { $1 })
      for order in state.orders.values where order.status.isOpen && order.timeInForce == .day {
        guard due[order.instrument] != nil, let close = state.told[order.instrument]?.closedSequence,
          order.sequence <= close, !state.shards[order.shard]!.isUnresolved(order.sequence)
        else { continue }
        due[order.instrument]!.count += 1
      }
      return due
    }
  }

  package func tell(
    _ batch: MarketBatch, within leadership: Leadership, at now: Timestamp
  ) async throws(LedgerError) -> TellOutcome {
    let missing = database.missing
    return try await within(leadership) { state in
      guard
        missing == .standing || missing == .leading
          || batch.tellings.allSatisfy({ state.told[$0.instrument]?.sequence == $0.seen })
      else { return .outdated }
      var entries: [LogEntry] = []
      for telling in batch.tellings {
        for command in telling.commands {
          let row = state.append([command], to: batch.shard, at: now)[0]
          entries.append(row)
          state.note(command, row.sequence, of: telling.instrument)
        }
      }
      return .told(entries)
    } ?? .termEnded
  }

  package func clear(
    _ standings: [InstrumentStanding], within leadership: Leadership
  ) async throws(LedgerError) -> Bool {
    try await within(leadership) { state in
      for standing in standings where state.told[standing.instrument]?.sequence == standing.told?.sequence {
        state.told[standing.instrument]?.isCleared = true
      }
      return true
    } ?? false
  }

  // MARK: Auctions

  package func auctions() async throws(LedgerError) -> [AuctionStanding] {
    try await read { state in
      state.auctions.sorted { $0.key < $1.key }.compactMap { instrument, row in
        guard let auction = row.auction, let shard = state.instruments[instrument] else { return nil }
        let rows = state.shards[shard]!
        return AuctionStanding(
          instrument, shard: shard, told: row.told, processed: rows.processed, left: auction.left,
          isHeld: rows.isSetAside(row.told))
      }
    }
  }

  package func tell(
    _ batch: AuctionBatch, within leadership: Leadership, at now: Timestamp
  ) async throws(LedgerError) -> TellOutcome {
    let missing = database.missing
    return try await within(leadership) { state in
      for telling in batch.tellings where missing != .standing && missing != .leading {
        guard let row = state.auctions[telling.instrument], row.auction != nil, row.told == telling.seen else {
          return .outdated
        }
      }
      var entries: [LogEntry] = []
      for telling in batch.tellings {
        entries += state.append(telling.commands, to: batch.shard, at: now)
        if let last = entries.last { state.auctions[telling.instrument]?.told = last.sequence }
      }
      return .told(entries)
    } ?? .termEnded
  }

  /// A transaction of a leader.
  /// - Returns: Nil when another has been elected.
  func within<Answer: Sendable>(
    _ leadership: Leadership, _ body: @Sendable (inout DatabaseState) -> Answer
  ) async throws(LedgerError) -> Answer? {
    let missing = database.missing
    return try await call(commits: true) { state in
      guard
        missing == .term || missing == .leading
          || (leadership.term == state.term && leadership.nonce == state.termNonce)
      else {
        return (nil, nil)
      }
      return (body(&state), nil)
    }
  }
}

extension MemoryLedger: LeaderLedger {
  package func elect(_ worker: WorkerID, nonce: UInt64) async throws(LedgerError) -> Leadership {
    try await call(commits: true) { state in
      state.term = Term(rawValue: state.term.rawValue + 1)
      state.termNonce = nonce
      return (Leadership(term: state.term, nonce: nonce), nil)
    }
  }

  package func stands(_ leadership: Leadership) async throws(LedgerError) -> Bool {
    try await read { state in leadership.term == state.term && leadership.nonce == state.termNonce }
  }

  package func keepDays(_ leadership: Leadership) async throws(LedgerError) -> DaysKept? {
    try await within(leadership) { state in
      defer { state.daysAhead = 7 }
      return DaysKept(made: 7 - state.daysAhead, left: 0, ahead: 7)
    }
  }
}

extension DatabaseState {
  fileprivate mutating func note(_ command: Command, _ sequence: Sequence, of instrument: InstrumentID) {
    guard case .step(let step) = command else {
      told[instrument]?.sequence = sequence
      return
    }
    let isClose = step.point.stage == .closed
    told[instrument] = .init(
      point: step.point, sequence: sequence,
      closedSequence: isClose ? sequence : told[instrument]?.closedSequence ?? .zero,
      isCleared: isClose ? false : told[instrument]?.isCleared ?? true)
  }
}

extension DatabaseState.ShardRows {
  /// Whether a row was set aside and has not come back.
  func isUnresolved(_ sequence: Sequence) -> Bool { quarantined[sequence].map { $0.resolved == nil } ?? false }

  /// Whether a row was set aside and what came back has not been processed.
  func isSetAside(_ sequence: Sequence) -> Bool {
    quarantined[sequence].map { $0.resolved.map { $0 > processed } ?? true } ?? false
  }
}
