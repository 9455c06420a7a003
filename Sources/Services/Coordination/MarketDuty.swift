internal import Lifecycle
internal import Market
internal import Ports
internal import Sharding

/// The leader's part in the market day: looks at the clock and tells instruments what they come to.
///
/// It runs beside the leader's other duties, so that a slow database costs no leader's lease, and a failure of its own stops
/// nobody's matching: what was not told is told with the next turn.
actor MarketDuty {
  let ledger: any MarketDayStore & BandStore
  let stream: any OrderStream
  private let settings: ExecutionSettings
  let now: @Sendable () -> Timestamp
  let report: @Sendable (WorkerEvent) -> Void
  private let troubles: PortTroubles
  private(set) var director: MarketDirector
  private var plan: ExpiryPlan
  let auctionPlan: AuctionPlan
  private var reading: MarketClockReading?
  /// Whether the last turn had something to do.
  private var isBusy = false
  private var isFailing = false
  /// When it was looked last whether reference prices of price bands move.
  var polledReferences: Timestamp?

  init(
    ledger: any MarketDayStore & BandStore, stream: any OrderStream, settings: ExecutionSettings,
    now: @escaping @Sendable () -> Timestamp, report: @escaping @Sendable (WorkerEvent) -> Void
  ) {
    self.ledger = ledger
    self.stream = stream
    self.settings = settings
    self.now = now
    self.report = report
    troubles = PortTroubles { report(.trouble($0)) }
    director = settings.market
    plan = ExpiryPlan(limits: settings.market.limits.expiry)
    var auctionPlan = AuctionPlan()
    auctionPlan.partLimit = max(1, settings.market.limits.auctionPart)
    self.auctionPlan = auctionPlan
  }

  /// Whether an opening or a close is near, as far as the clock has been read, or under way: who takes a shard over has to
  /// read its orders.
  var isQuiet: Bool { isBusy || reading.map { director.isQuiet($0.record, at: now()) } ?? false }

  /// What a turn has come to.
  enum Turn: Hashable, Sendable {
    /// The next is due after this pause.
    case done(Duration)
    /// Another leads.
    case termEnded
  }

  /// Does what is due.
  func turn(_ leadership: Leadership) async -> Turn {
    do throws(StoreError) {
      let pause = try await direct(leadership)
      isFailing = false
      return pause.map { .done($0) } ?? .termEnded
    } catch {
      if !isFailing { report(.marketDelayed(reason: "\(error)")) }
      isFailing = true
      return .done(settings.marketPeriod)
    }
  }

  /// - Returns: When to look again; nil when the term has ended.
  private func direct(_ leadership: Leadership) async throws(StoreError) -> Duration? {
    guard let clock = try await clock(leadership) else { return nil }
    let goal = director.goal(clock, at: now())
    guard try await keepBands(to: goal, clock, leadership) else { return nil }
    guard let isCrossing = try await carryOnAuctions(leadership) else { return nil }
    let allProgress = try await ledger.behind(goal)
    let uncounted = plan.observe(allProgress, at: now())
    let shards = Set(uncounted.map(\.shard)).sorted()
    let counted = shards.prefix(settings.countedShards)
    isBusy = !counted.isEmpty
    guard try await append(allProgress.filter { !counted.contains($0.shard) }, goal, leadership) else { return nil }
    // Shard by shard: the first begins to expire while the others are counted, and one that fails keeps no other waiting.
    var failure: StoreError?
    for shard in counted {
      do throws(StoreError) {
        let asked = uncounted.filter { $0.shard == shard }
        guard try await count(asked, clock, leadership) else { return nil }
        guard try await append(allProgress.filter { $0.shard == shard }, goal, leadership) else { return nil }
      } catch {
        if case .unavailable(.connection, _) = error { throw error }
        failure = error
      }
    }
    if let failure { throw failure }
    isBusy = isBusy || isCrossing || plan.isUnderWay(at: now()) || allProgress.contains(where: \.isComing)
    if counted.count < shards.count { return .zero }
    return isBusy ? settings.pollPeriod : pause(clock)
  }

  /// Counts what has to expire of a shard's instruments, and clears those of which nothing has.
  /// - Returns: Whether the term stands.
  private func count(
    _ asked: [InstrumentProgress], _ clock: MarketClockRecord, _ leadership: Leadership
  ) async throws(StoreError) -> Bool {
    let due = try await ledger.dueOrders(
      of: asked, untilCanceledBefore: director.untilCanceledBefore(clock, at: now()))
    for stuck in plan.count(asked, due, at: now()) { report(.expiryStuck(stuck.instrument, orders: stuck.orders)) }
    let cleared = director.cleared(asked, due: due)
    guard !cleared.isEmpty else { return true }
    KillPoint.reach("market.clear")
    return try await ledger.clear(cleared, within: leadership)
  }

  /// Tells instruments what they come to, and the next parts of their expiry.
  /// - Returns: Whether the term stands.
  private func append(
    _ allProgress: [InstrumentProgress], _ goal: MarketDirector.Goal, _ leadership: Leadership
  ) async throws(StoreError) -> Bool {
    for batch in director.batches(allProgress, to: goal, expiring: plan.parts(allProgress, at: now())) {
      isBusy = true
      guard try await append(batch, leadership) else { return false }
    }
    return true
  }

  /// The clock as this director follows it, remembered.
  private func clock(_ leadership: Leadership) async throws(StoreError) -> MarketClockRecord? {
    let read = try await ledger.clock()
    director.schedule.calendar = read.calendar
    var latest: SessionPoint?
    if director.mode == .manual, read.record.target == nil || read.record.mode != .manual {
      latest = try await ledger.latestInstructed()
    }
    let record = director.clock(read.record, latest: latest, at: now())
    if record != read.record {
      guard try await ledger.remember(record, insteadOf: read.record, within: leadership) else { return nil }
      if record.mode != read.record.mode { report(.clockChanged(from: read.record.mode, to: director.mode)) }
    }
    reading = MarketClockReading(record: record, calendar: read.calendar)
    return record
  }

  private func append(_ batch: MarketBatch, _ leadership: Leadership) async throws(StoreError) -> Bool {
    KillPoint.reach("market.tell")
    switch try await ledger.append(batch, within: leadership, at: now()) {
    case .termEnded: return false
    // Somebody was quicker, perhaps this leader itself with a commit whose answer was lost: the next turn sees it.
    case .outdated:
      plan.forget(batch.instructions.map(\.instrument))
      return true
    case .appended(let entries):
      KillPoint.reach("market.told")
      noteParts(batch, entries)
      let steps = batch.instructions.filter { !$0.steps.isEmpty }
      if let point = steps.first?.steps.last {
        report(.instrumentsInstructed(batch.shard, point, instruments: steps.count))
      }
      await publish(entries)
      return true
    }
  }

  /// Publishes log rows; without the stream, owners find them in the log a moment later.
  func publish(_ entries: [LogEntry]) async {
    await troubles.attempt(.publishing) { () async throws(StreamError) in try await stream.publish(entries) }
  }

  private func noteParts(_ batch: MarketBatch, _ entries: [LogEntry]) {
    var rest = entries[...]
    for instruction in batch.instructions {
      let own = rest.prefix(instruction.commands.count)
      rest = rest.dropFirst(own.count)
      if let last = own.last?.sequence { plan.instructed(instruction.expiries, last: last, at: now()) }
    }
  }

  private func pause(_ clock: MarketClockRecord) -> Duration {
    guard let next = director.nextStage(clock, at: now()) else { return settings.marketPeriod }
    let left = Duration.microseconds(max(0, next.microseconds(since: now())))
    return min(settings.marketPeriod, max(left, .milliseconds(1)))
  }
}
