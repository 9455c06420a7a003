import Market
import Ports
import Sharding
import TestKit

/// A market ledger in memory that compares as the real one must, and can be told to fail.
actor FakeMarketLedger: MarketLedger, BandLedger {
  /// What the next telling does.
  enum Turn: Sendable {
    case store
    /// Somebody else has told the same a moment before.
    case beTooLate
    case fail(LedgerError)
    /// Stores, and loses the answer.
    case storeThenLose
  }

  private(set) var record: MarketClockRecord
  private(set) var told: [InstrumentID: InstrumentStanding.Told] = [:]
  private(set) var log: [LogEntry] = []
  /// How often it was looked what is due.
  private(set) var counts = 0
  /// How instruments stand with their bands, and what the leader has done about it.
  private(set) var bands: [BandStanding] = []
  private(set) var acts: [String] = []
  private var crossing: [AuctionStanding] = []
  private let shards: [InstrumentID: Shard]
  private var processed = Sequence.zero
  private var due: [InstrumentID: Int64] = [:]
  private var turns: [Turn] = []
  private var failure: LedgerError?
  private var hasTerm = true

  init(instruments: [InstrumentID], record: MarketClockRecord = MarketClockRecord()) {
    shards = Dictionary(uniqueKeysWithValues: instruments.map { ($0, Row.shard) })
    self.record = record
  }

  func script(_ turns: [Turn]) { self.turns = turns }
  func fail(_ error: LedgerError?) { failure = error }
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

  func clock() throws(LedgerError) -> MarketClockReading {
    if let failure { throw failure }
    return MarketClockReading(record: record)
  }

  func latestTold() -> SessionPoint? { told.values.map(\.point).max() }

  func remember(_ record: MarketClockRecord, insteadOf read: MarketClockRecord, within leadership: Leadership) -> Bool {
    if hasTerm, self.record.target == read.target { self.record = record }
    return hasTerm
  }

  func behind(_ goal: MarketDirector.Goal) -> [InstrumentStanding] {
    guard case .at(let point) = goal else { return [] }
    return shards.sorted { $0.key < $1.key }.compactMap { instrument, shard in
      let known = told[instrument]
      if let known, known.isCleared, known.point >= point { return nil }
      return InstrumentStanding(instrument, shard: shard, told: known, processed: processed)
    }
  }

  func dueOrders(
    of standings: [InstrumentStanding], untilCancelledBefore moment: Timestamp
  ) -> [InstrumentID: DueOrders] {
    counts += 1
    return Dictionary(
      uniqueKeysWithValues: standings.map { ($0.instrument, DueOrders(count: due[$0.instrument] ?? 0)) })
  }

  func tell(_ batch: MarketBatch, within leadership: Leadership, at now: Timestamp) throws(LedgerError) -> TellOutcome {
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

  private func store(_ batch: MarketBatch) -> TellOutcome {
    guard batch.tellings.allSatisfy({ told[$0.instrument]?.sequence == $0.seen }) else { return .outdated }
    let first = log.count
    for telling in batch.tellings {
      for command in telling.commands {
        let sequence = Sequence(rawValue: Int64(log.count) + 1)
        log.append(LogEntry(shard: batch.shard, sequence: sequence, acceptedAt: Row.start, command: command))
        var new = told[telling.instrument]
        new?.sequence = sequence
        if case .step(let step) = command {
          let isClose = step.point.stage == .closed
          new = .init(
            point: step.point, sequence: sequence,
            closedSequence: isClose ? sequence : new?.closedSequence ?? .zero, isCleared: !isClose)
        }
        told[telling.instrument] = new
      }
    }
    return .told(Array(log.dropFirst(first)))
  }

  func clear(_ standings: [InstrumentStanding], within leadership: Leadership) -> Bool {
    guard hasTerm else { return false }
    for standing in standings where told[standing.instrument]?.sequence == standing.told?.sequence {
      told[standing.instrument]?.isCleared = true
    }
    return true
  }

  // MARK: Auctions

  func set(auctions: [AuctionStanding]) { crossing = auctions }

  /// The auctions that were begun, as of what has been processed.
  func auctions() -> [AuctionStanding] {
    crossing.map { standing in
      var standing = standing
      standing.processed = processed
      return standing
    }
  }

  func tell(_ batch: AuctionBatch, within leadership: Leadership, at now: Timestamp) -> TellOutcome {
    guard hasTerm else { return .termEnded }
    for telling in batch.tellings {
      guard crossing.contains(where: { $0.instrument == telling.instrument && $0.told == telling.seen }) else {
        return .outdated
      }
    }
    let first = log.count
    for telling in batch.tellings {
      for command in telling.commands {
        let sequence = Sequence(rawValue: Int64(log.count) + 1)
        log.append(LogEntry(shard: batch.shard, sequence: sequence, acceptedAt: now, command: command))
        for index in crossing.indices where crossing[index].instrument == telling.instrument {
          crossing[index].told = sequence
        }
      }
    }
    return .told(Array(log.dropFirst(first)))
  }

  // MARK: Bands

  func set(bands: [BandStanding]) { self.bands = bands }

  func bandStandings(tradesSince: Timestamp, referencesUntil: Timestamp?) -> [BandStanding] { bands }

  func tell(
    _ tellings: [BandDecisions.Telling], of shard: Shard, within leadership: Leadership, at now: Timestamp
  ) -> TellOutcome {
    guard hasTerm else { return .termEnded }
    let first = log.count
    for telling in tellings {
      acts.append("band")
      let sequence = Sequence(rawValue: Int64(log.count) + 1)
      log.append(LogEntry(shard: shard, sequence: sequence, acceptedAt: now, command: .band(telling.change)))
    }
    return .told(Array(log.dropFirst(first)))
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
