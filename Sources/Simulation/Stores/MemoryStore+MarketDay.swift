internal import Accounting
package import Market
package import Ports
package import Sharding

extension MemoryStore: MarketDayStore {
  package func clock() async throws(StoreError) -> MarketClockReading {
    try await read { state in MarketClockReading(record: state.clock) }
  }

  package func latestInstructed() async throws(StoreError) -> SessionPoint? {
    try await read { state in state.instructed.values.map(\.point).max() }
  }

  package func remember(
    _ record: MarketClockRecord, insteadOf read: MarketClockRecord, within leadership: Leadership
  ) async throws(StoreError) -> Bool {
    try await within(leadership) { state in
      if state.clock.target == read.target { state.clock = record }
      return true
    } ?? false
  }

  package func behind(_ goal: MarketDirector.Goal) async throws(StoreError) -> [InstrumentProgress] {
    try await read { state in
      state.instruments.sorted { ($0.value, $0.key) < ($1.value, $1.key) }.compactMap { instrument, shard in
        let rows = state.shards[shard]!
        var instructed = state.instructed[instrument]
        let isDone: Bool
        switch (goal, instructed) {
        case (.alwaysOpen, let instructed): isDone = instructed.map { $0.point.stage == .open } ?? true
        case (.at(let point), let instructed): isDone = instructed.map { $0.point >= point } ?? false
        }
        if instructed?.isCleared ?? true, isDone { return nil }
        if let close = instructed?.closedSequence { instructed!.isCloseHeld = rows.isSetAside(close) }
        return InstrumentProgress(
          instrument, shard: shard, instructed: instructed, processed: rows.processed,
          isCrossing: state.auctions[instrument]?.auction != nil, reference: state.listings[instrument]?.reference)
      }
    }
  }

  package func dueOrders(
    of allProgress: [InstrumentProgress], untilCanceledBefore moment: Timestamp
  ) async throws(StoreError) -> [InstrumentID: DueOrders] {
    try await read { state in
      var due = Dictionary(allProgress.map { ($0.instrument, DueOrders(count: 0)) }, uniquingKeysWith: { $1 })
      for order in state.orders.values where order.status.isOpen && order.timeInForce == .day {
        guard due[order.instrument] != nil, let close = state.instructed[order.instrument]?.closedSequence,
          order.sequence <= close, !state.shards[order.shard]!.isUnresolved(order.sequence)
        else { continue }
        due[order.instrument]!.count += 1
      }
      return due
    }
  }

  package func append(
    _ batch: MarketBatch, within leadership: Leadership, at now: Timestamp
  ) async throws(StoreError) -> AppendOutcome {
    let missing = database.missing
    return try await within(leadership) { state in
      guard
        missing == .progress || missing == .leading
          || batch.instructions.allSatisfy({ state.instructed[$0.instrument]?.sequence == $0.seen })
      else { return .outdated }
      var entries: [LogEntry] = []
      for instruction in batch.instructions {
        for command in instruction.commands {
          let row = state.append([command], to: batch.shard, at: now)[0]
          entries.append(row)
          state.note(command, row.sequence, of: instruction.instrument)
        }
      }
      return .appended(entries)
    } ?? .termEnded
  }

  package func clear(
    _ allProgress: [InstrumentProgress], within leadership: Leadership
  ) async throws(StoreError) -> Bool {
    try await within(leadership) { state in
      for progress in allProgress where state.instructed[progress.instrument]?.sequence == progress.instructed?.sequence
      {
        state.instructed[progress.instrument]?.isCleared = true
      }
      return true
    } ?? false
  }

  // MARK: Auctions

  package func auctions() async throws(StoreError) -> [AuctionProgress] {
    try await read { state in
      state.auctions.sorted { $0.key < $1.key }.compactMap { instrument, row in
        guard let auction = row.auction, let shard = state.instruments[instrument] else { return nil }
        let rows = state.shards[shard]!
        return AuctionProgress(
          instrument, shard: shard, instructed: row.instructed, processed: rows.processed, left: auction.left,
          isHeld: rows.isSetAside(row.instructed))
      }
    }
  }

  package func append(
    _ batch: AuctionBatch, within leadership: Leadership, at now: Timestamp
  ) async throws(StoreError) -> AppendOutcome {
    let missing = database.missing
    return try await within(leadership) { state in
      for instruction in batch.instructions where missing != .progress && missing != .leading {
        guard let row = state.auctions[instruction.instrument], row.auction != nil, row.instructed == instruction.seen
        else {
          return .outdated
        }
      }
      var entries: [LogEntry] = []
      for instruction in batch.instructions {
        entries += state.append(instruction.commands, to: batch.shard, at: now)
        if let last = entries.last { state.auctions[instruction.instrument]?.instructed = last.sequence }
      }
      return .appended(entries)
    } ?? .termEnded
  }

  /// A transaction of a leader.
  /// - Returns: Nil when another has been elected.
  func within<Answer: Sendable>(
    _ leadership: Leadership, _ body: @Sendable (inout DatabaseState) -> Answer
  ) async throws(StoreError) -> Answer? {
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

extension MemoryStore: TermStore {
  package func elect(_ worker: WorkerID, nonce: UInt64) async throws(StoreError) -> Leadership {
    try await call(commits: true) { state in
      state.term = Term(rawValue: state.term.rawValue + 1)
      state.termNonce = nonce
      return (Leadership(term: state.term, nonce: nonce), nil)
    }
  }

  package func stands(_ leadership: Leadership) async throws(StoreError) -> Bool {
    try await read { state in leadership.term == state.term && leadership.nonce == state.termNonce }
  }

  package func keepDays(_ leadership: Leadership) async throws(StoreError) -> DaysKept? {
    try await within(leadership) { state in
      defer { state.daysAhead = 7 }
      return DaysKept(made: 7 - state.daysAhead, left: 0, ahead: 7)
    }
  }
}

extension DatabaseState {
  fileprivate mutating func note(_ command: Command, _ sequence: Sequence, of instrument: InstrumentID) {
    guard case .step(let step) = command else {
      instructed[instrument]?.sequence = sequence
      return
    }
    let isClose = step.point.stage == .closed
    instructed[instrument] = .init(
      point: step.point, sequence: sequence,
      closedSequence: isClose ? sequence : instructed[instrument]?.closedSequence ?? .zero,
      isCleared: isClose ? false : instructed[instrument]?.isCleared ?? true)
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
