internal import Accounting
package import Market
package import Ports
package import Sharding

extension MemoryStore: BandStore {
  package func bandProgress(
    tradesSince: Timestamp, referencesUntil: Timestamp?
  ) async throws(StoreError) -> [BandProgress] {
    try await read { state in
      state.instruments.sorted { ($0.value, $0.key) < ($1.value, $1.key) }.compactMap { instrument, _ in
        state.bandStanding(of: instrument, tradesSince: tradesSince, referencesUntil: referencesUntil)
      }
    }
  }

  package func append(
    _ instructions: [BandDecisions.Instruction], of shard: Shard, within leadership: Leadership, at now: Timestamp
  ) async throws(StoreError) -> AppendOutcome {
    try await within(leadership) { state in
      let isOutdated = instructions.contains {
        state.isTellingOnItsWay($0.instrument, of: shard)
          || state.listings[$0.instrument]?.bandTold?.sequence != $0.seen
      }
      guard !isOutdated else { return .outdated }
      let entries = state.append(instructions.map { .band($0.change) }, to: shard, at: now)
      for (instruction, entry) in zip(instructions, entries) {
        state.listings[instruction.instrument]?.bandTold = (entry.sequence, instruction.day)
      }
      return .appended(entries)
    } ?? .termEnded
  }

  package func pause(
    _ pause: BandDecisions.Pause, within leadership: Leadership
  ) async throws(StoreError) -> Bool? {
    try await within(leadership) { state in
      guard state.listings[pause.instrument]?.haltReason == nil else { return false }
      state.listings[pause.instrument]?.haltReason = pause.reason
      state.listings[pause.instrument]?.collects = true
      state.listings[pause.instrument]?.pausedUntil = pause.until
      state.log(.halt, of: pause.instrument)
      return true
    }
  }

  package func resume(
    _ instruments: [InstrumentID], of shard: Shard, within leadership: Leadership
  ) async throws(StoreError) -> Bool {
    try await within(leadership) { state in
      for instrument in instruments.sorted() where state.listings[instrument]?.pausedUntil != nil {
        state.endHalt(of: instrument)
        state.log(.resume, of: instrument)
      }
      return true
    } ?? false
  }
}

extension DatabaseState {
  /// What is written into an instrument's log when it stands still, and when it trades again.
  fileprivate enum ExchangeInstruction {
    case halt
    case resume
  }

  /// How an instrument stands with its band; nil when nobody has to look after it.
  fileprivate func bandStanding(
    of instrument: InstrumentID, tradesSince: Timestamp, referencesUntil: Timestamp?
  ) -> BandProgress? {
    guard let listing = listings[instrument], let shard = instruments[instrument], let rows = shards[shard] else {
      return nil
    }
    let phase = phases[instrument] ?? InstrumentPhase()
    guard listing.tier != nil || phase.band != nil || listing.pausedUntil != nil else { return nil }
    let since = phases[instrument] == nil ? nil : listing.bandSince
    var standing = BandProgress(
      instrument, shard: shard, tier: listing.tier, phase: phase, since: since, processed: rows.processed,
      last: lastPrices[instrument] ?? listing.reference, pausedUntil: listing.pausedUntil)
    if let (sequence, day) = listing.bandTold {
      standing.instructed = .init(sequence, day: day, isQuarantined: rows.isUnresolved(sequence))
    }
    if let band = phase.band, let since, let referencesUntil, since <= referencesUntil {
      standing.trades = trades(of: instrument, in: rows, since: tradesSince, around: band.reference)
    }
    if let edge = phase.limit, let since = listing.limitSince { standing.limit = LimitState(edge, since: since) }
    return standing
  }

  /// Trades that may move a reference price: none, unless one of them is a percent away from it.
  private func trades(
    of instrument: InstrumentID, in rows: ShardRows, since: Timestamp, around reference: Price
  ) -> TradeMean {
    var mean = TradeMean()
    var isFar = false
    for (trade, time) in zip(rows.trades, rows.tradeTimes) where trade.instrument == instrument {
      let minute = Timestamp(rawValue: time.rawValue / 60_000_000 * 60_000_000)
      let distance = (trade.price.rawValue - reference.rawValue).magnitude
      if minute > since.advanced(byMicroseconds: -60_000_000), distance * 100 >= reference.rawValue.magnitude {
        isFar = true
      }
      guard time > since else { continue }
      mean.sum += trade.price.rawValue
      mean.count += 1
    }
    return isFar ? mean : TradeMean()
  }

  /// Whether the exchange has told an instrument something that has not been processed.
  fileprivate func isTellingOnItsWay(_ instrument: InstrumentID, of shard: Shard) -> Bool {
    let rows = shards[shard]!
    return rows.log[Int(rows.processed.rawValue)...].contains { row in
      switch row.command {
      case .place, .cancel, .replace: false
      case .step(let step): step.instrument == instrument
      case .expire(let expiry): expiry.instrument == instrument
      case .halt(let halt): halt.instrument == instrument
      case .band(let band): band.instrument == instrument
      case .cross(let part): part.instrument == instrument
      }
    }
  }

  /// instructions have the database's own time.
  fileprivate mutating func log(_ instruction: ExchangeInstruction, of instrument: InstrumentID) {
    let halt =
      switch instruction {
      case .halt: TradingHalt(instrument, isHalted: true)
      case .resume:
        TradingHalt(
          instrument, isHalted: false,
          auction: AuctionTerms(partLimit: resumptionPart, reference: listings[instrument]?.reference))
      }
    _ = append([.halt(halt)], to: instruments[instrument]!, at: now)
  }

  fileprivate mutating func endHalt(of instrument: InstrumentID) {
    listings[instrument]?.haltReason = nil
    listings[instrument]?.collects = false
    listings[instrument]?.haltedAt = nil
    listings[instrument]?.pausedUntil = nil
  }

  /// An operator halts an instrument; a trading pause becomes a halt of his.
  package mutating func halt(_ instrument: InstrumentID, reason: String, collects: Bool) {
    let isOtherwise = isOtherwise(instrument, thanHalted: true)
    if listings[instrument]?.haltReason == nil || isOtherwise { log(.halt, of: instrument) }
    listings[instrument]?.haltReason = reason
    listings[instrument]?.collects = collects
    let moment = now
    listings[instrument]?.haltedAt = moment
    listings[instrument]?.pausedUntil = nil
  }

  /// An operator lets an instrument trade again.
  package mutating func resume(_ instrument: InstrumentID) {
    let isOtherwise = isOtherwise(instrument, thanHalted: false)
    if listings[instrument]?.haltReason != nil || isOtherwise { log(.resume, of: instrument) }
    endHalt(of: instrument)
  }

  /// Whether an instrument trades otherwise than the list says, and nothing is on its way that changes it.
  private func isOtherwise(_ instrument: InstrumentID, thanHalted isHalted: Bool) -> Bool {
    (phases[instrument]?.isHalted ?? false) != isHalted
      && !isTellingOnItsWay(instrument, of: instruments[instrument]!)
  }
}
