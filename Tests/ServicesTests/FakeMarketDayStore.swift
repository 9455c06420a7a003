import Market
import Ports
import Sharding
import TestKit

/// A market ledger in memory that compares as the real one must, and can be told to fail.
actor FakeMarketDayStore: MarketDayStore, BandStore {
  /// What the next telling does.
  enum Turn: Sendable {
    case store
    /// Somebody else has told the same a moment before.
    case beTooLate
    case fail(StoreError)
    /// Stores, and loses the answer.
    case storeThenLose
  }

  private(set) var record: MarketClockRecord
  private(set) var instructed: [InstrumentID: InstrumentProgress.Instructed] = [:]
  private(set) var log: [LogEntry] = []
  /// How often it was looked what is due.
  private(set) var counts = 0
  /// How instruments stand with their bands, and what the leader has done about it.
  private(set) var bands: [BandProgress] = []
  private(set) var acts: [String] = []
  private var crossing: [AuctionProgress] = []
  private let shards: [InstrumentID: Shard]
  private var processed = Sequence.zero
  private var due: [InstrumentID: Int64] = [:]
  private var turns: [Turn] = []
  private var failure: StoreError?
  private var hasTerm = true

  init(instruments: [InstrumentID], record: MarketClockRecord = MarketClockRecord()) {
    shards = Dictionary(uniqueKeysWithValues: instruments.map { ($0, Row.shard) })
    self.record = record
  }

  func script(_ turns: [Turn]) { self.turns = turns }
  func fail(_ error: StoreError?) { failure = error }
  func endTerm() { hasTerm = false }
  func aim(_ point: SessionPoint) { record.target = point }
  func place(_ orders: Int64, in instrument: InstrumentID) { due[instrument] = orders }

  /// The shard's owner comes to the end of the log; what does not end stays due.
  func process(ending: Bool = true) {
    for entry in log where entry.sequence > processed {
      guard ending, case .expire(let part) = entry.command, let orders = due[part.instrument] else { continue }
      due[part.instrument] = max(0, orders - part.limit)
    }
    processed = log.last?.sequence ?? processed
  }

  var steps: [SessionPoint] { log.compactMap { if case .step(let step) = $0.command { step.point } else { nil } } }
  var parts: [Int64] { log.compactMap { if case .expire(let part) = $0.command { part.limit } else { nil } } }

  func clock() throws(StoreError) -> MarketClockReading {
    if let failure { throw failure }
    return MarketClockReading(record: record)
  }

  func latestInstructed() -> SessionPoint? { instructed.values.map(\.point).max() }

  func remember(_ record: MarketClockRecord, insteadOf read: MarketClockRecord, within leadership: Leadership) -> Bool {
    if hasTerm, self.record.target == read.target { self.record = record }
    return hasTerm
  }

  func behind(_ goal: MarketDirector.Goal) -> [InstrumentProgress] {
    guard case .at(let point) = goal else { return [] }
    return shards.sorted { $0.key < $1.key }.compactMap { instrument, shard in
      let known = instructed[instrument]
      if let known, known.isCleared, known.point >= point { return nil }
      return InstrumentProgress(instrument, shard: shard, instructed: known, processed: processed)
    }
  }

  func dueOrders(
    of allProgress: [InstrumentProgress], untilCanceledBefore moment: Timestamp
  ) -> [InstrumentID: DueOrders] {
    counts += 1
    return Dictionary(
      uniqueKeysWithValues: allProgress.map { ($0.instrument, DueOrders(count: due[$0.instrument] ?? 0)) })
  }

  func append(_ batch: MarketBatch, within leadership: Leadership, at now: Timestamp) throws(StoreError)
    -> AppendOutcome
  {
    guard hasTerm else { return .termEnded }
    switch turns.isEmpty ? .store : turns.removeFirst() {
    case .store: return store(batch)
    case .beTooLate:
      _ = store(batch)
      return store(batch)
    case .fail(let error): throw error
    case .storeThenLose:
      _ = store(batch)
      throw .outcomeUnknown
    }
  }

  private func store(_ batch: MarketBatch) -> AppendOutcome {
    guard batch.instructions.allSatisfy({ instructed[$0.instrument]?.sequence == $0.seen }) else { return .outdated }
    let first = log.count
    for instruction in batch.instructions {
      for command in instruction.commands {
        let sequence = Sequence(rawValue: Int64(log.count) + 1)
        log.append(LogEntry(shard: batch.shard, sequence: sequence, acceptedAt: Row.start, command: command))
        var new = instructed[instruction.instrument]
        new?.sequence = sequence
        if case .step(let step) = command {
          let isClose = step.point.stage == .closed
          new = .init(
            point: step.point, sequence: sequence,
            closedSequence: isClose ? sequence : new?.closedSequence ?? .zero, isCleared: !isClose)
        }
        instructed[instruction.instrument] = new
      }
    }
    return .appended(Array(log.dropFirst(first)))
  }

  func clear(_ allProgress: [InstrumentProgress], within leadership: Leadership) -> Bool {
    guard hasTerm else { return false }
    for progress in allProgress where instructed[progress.instrument]?.sequence == progress.instructed?.sequence {
      instructed[progress.instrument]?.isCleared = true
    }
    return true
  }

  // MARK: Auctions

  func set(auctions: [AuctionProgress]) { crossing = auctions }

  /// The auctions that were begun, as of what has been processed.
  func auctions() -> [AuctionProgress] {
    crossing.map { progress in
      var progress = progress
      progress.processed = processed
      return progress
    }
  }

  func append(_ batch: AuctionBatch, within leadership: Leadership, at now: Timestamp) -> AppendOutcome {
    guard hasTerm else { return .termEnded }
    for instruction in batch.instructions {
      guard crossing.contains(where: { $0.instrument == instruction.instrument && $0.instructed == instruction.seen })
      else {
        return .outdated
      }
    }
    let first = log.count
    for instruction in batch.instructions {
      for command in instruction.commands {
        let sequence = Sequence(rawValue: Int64(log.count) + 1)
        log.append(LogEntry(shard: batch.shard, sequence: sequence, acceptedAt: now, command: command))
        for index in crossing.indices where crossing[index].instrument == instruction.instrument {
          crossing[index].instructed = sequence
        }
      }
    }
    return .appended(Array(log.dropFirst(first)))
  }

  // MARK: Bands

  func set(bands: [BandProgress]) { self.bands = bands }

  func bandProgress(tradesSince: Timestamp, referencesUntil: Timestamp?) -> [BandProgress] { bands }

  func append(
    _ instructions: [BandDecisions.Instruction], of shard: Shard, within leadership: Leadership, at now: Timestamp
  ) -> AppendOutcome {
    guard hasTerm else { return .termEnded }
    let first = log.count
    for instruction in instructions {
      acts.append("band")
      let sequence = Sequence(rawValue: Int64(log.count) + 1)
      log.append(LogEntry(shard: shard, sequence: sequence, acceptedAt: now, command: .band(instruction.change)))
    }
    return .appended(Array(log.dropFirst(first)))
  }

  /// What is halted already is not paused.
  func pause(_ pause: BandDecisions.Pause, within leadership: Leadership) -> Bool? {
    guard hasTerm else { return nil }
    let begins = !acts.contains("pause")
    acts.append("pause")
    return begins
  }

  func resume(_ instruments: [InstrumentID], of shard: Shard, within leadership: Leadership) -> Bool {
    guard hasTerm else { return false }
    acts.append("resume before row \(log.count + 1)")
    for index in bands.indices where instruments.contains(bands[index].instrument) { bands[index].pausedUntil = nil }
    return true
  }
}
