/// Price bands: what instruments are told of them, limit states, and the pauses that these lead to.
///
/// Source: Plan to Address Extraordinary Market Volatility, sections V to VII. Spans are spans of the market's own time.
extension MarketDirector {
  /// Around the close a pause ends this much before it, so that trading reopens before the closing auction.
  public static let reopeningBeforeClose = Duration.seconds(10)

  /// How often it is looked whether reference prices move: every five seconds of the market's time.
  public static let referencePeriod = Duration.seconds(5)

  /// Whether it is time to look at reference prices, which were looked at last at a moment of ours; nil for never.
  public func pollsReferences(_ clock: MarketClockRecord, after last: Timestamp?, at now: Timestamp) -> Bool {
    guard let last else { return true }
    return clock.marketTime(at: now).span(since: clock.marketTime(at: last)) >= Self.referencePeriod
  }

  /// Trades since this moment of ours count for reference prices.
  public func bandWindow(_ clock: MarketClockRecord, at now: Timestamp) -> Timestamp {
    clock.moment(of: clock.marketTime(at: now).advanced(by: .zero - BandReference.window))
  }

  /// Reference prices that came about later than this moment of ours stand.
  public func bandsMayMove(_ clock: MarketClockRecord, at now: Timestamp) -> Timestamp {
    clock.moment(of: clock.marketTime(at: now).advanced(by: .zero - BandReference.minimumLife))
  }

  /// What has to be done about price bands, before instruments are told to come to `goal`: whose day ends during a pause
  /// trades again first, so that its closing auction is held.
  public func bands(
    _ allProgress: [BandProgress], to goal: Goal, _ clock: MarketClockRecord, at now: Timestamp
  ) -> BandDecisions {
    var decisions = BandDecisions()
    for progress in allProgress {
      let isEnding = if case .at(let point) = goal { progress.phase.point.map { $0 < point } ?? false } else { false }
      decide(progress, isEnding: isEnding, clock, now, &decisions)
    }
    return decisions
  }

  private func decide(
    _ progress: BandProgress, isEnding: Bool, _ clock: MarketClockRecord, _ now: Timestamp,
    _ decisions: inout BandDecisions
  ) {
    let isOver = progress.phase.point?.stage == .closed
    if let until = progress.pausedUntil, until <= now || isOver || isEnding || progress.tier == nil {
      // The auction that follows moves the reference: what is decided now would come behind it.
      return decisions.resumptions[progress.shard, default: []].append(progress.instrument)
    }
    // What it has been told shows in how it trades only when it has been processed. What workers cannot carry out is not told
    // again and again.
    if let instructed = progress.instructed, instructed.sequence > progress.processed || instructed.isQuarantined {
      return
    }
    let day = progress.phase.point?.day ?? NewYorkTime.day(at: clock.marketTime(at: now))
    let terms = isOver && progress.tier != nil ? progress.phase.band : terms(progress, day, clock, now)
    // A band that holds over the night is told again all the same: it is the new day's then.
    let isOld = terms != nil && progress.instructed?.day != day && !isOver
    if terms != progress.phase.band || isOld {
      let instruction = BandDecisions.Instruction(
        progress.instrument, seen: progress.instructed?.sequence, day: day,
        change: BandChange(
          progress.instrument, terms, keepsReference: terms?.reference == progress.phase.band?.reference))
      decisions.instructions[progress.shard, default: []].append(instruction)
    }
    observe(progress, clock, now, &decisions)
  }

  /// The band that the instrument ought to have.
  private func terms(
    _ progress: BandProgress, _ day: Day, _ clock: MarketClockRecord, _ now: Timestamp
  ) -> BandTerms? {
    guard let tier = progress.tier else { return nil }
    let isNearClose = isNearClose(day, clock, now)
    guard var terms = progress.phase.band, let instructed = progress.instructed, instructed.day == day else {
      guard let last = progress.last else { return nil }
      // Without sessions trading goes on over midnight, and so does the reference price.
      let goesOn = progress.phase.point == nil ? progress.phase.band?.reference : nil
      return BandTerms(reference: goesOn ?? last, previousClose: last, tier: tier, isNearClose: isNearClose)
    }
    terms.tier = tier
    terms.isNearClose = isNearClose
    // In a limit state the band stands until that ends or trading reopens (section VI(B) of the plan).
    if progress.phase.isContinuous, progress.limit == nil, let since = progress.since {
      let reference = BandReference(terms.reference, since: clock.marketTime(at: since))
      if let price = reference.successor(progress.trades, at: clock.marketTime(at: now)) { terms.reference = price }
    }
    return terms
  }

  private func isNearClose(_ day: Day, _ clock: MarketClockRecord, _ now: Timestamp) -> Bool {
    close(of: day).map { $0.span(since: clock.marketTime(at: now)) <= PriceBand.doubledSpan } ?? false
  }

  /// When the session of a day ends, in the market's time; nil when no clock says.
  private func close(of day: Day) -> Timestamp? {
    switch mode {
    case .open, .manual: nil
    case .calendar, .simulated: schedule.calendar.session(on: day)?.close
    }
  }

  private func observe(
    _ progress: BandProgress, _ clock: MarketClockRecord, _ now: Timestamp, _ decisions: inout BandDecisions
  ) {
    guard progress.phase.isContinuous, progress.tier != nil, progress.pausedUntil == nil, let limit = progress.limit
    else { return }
    let market = clock.marketTime(at: now)
    guard LimitState(limit.edge, since: clock.marketTime(at: limit.since)).hasToPause(at: market) else { return }
    var until = market.advanced(by: LimitState.pause)
    if let day = progress.phase.point?.day, let close = close(of: day) {
      until = min(until, close.advanced(by: .zero - Self.reopeningBeforeClose))
      // The closing auction comes first.
      guard until > market else { return }
    }
    decisions.pauses.append(
      .init(
        progress.instrument, shard: progress.shard, until: clock.moment(of: until),
        reason: "trading pause after \(limit.edge.words)"))
  }
}
