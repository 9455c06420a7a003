internal import Accounting
internal import Engine
internal import Lifecycle
internal import Market
internal import Ports
internal import Sharding

/// Works the shards that a worker owns: reads their streams, matches, settles, trims, in rounds.
///
/// Every round settles all shards' new commands in one transaction, so that batches grow with the load. Matching is
/// microseconds; a round's time is its commit. What is to be done of a shard is ``OwnedShard``'s to say, and what follows from
/// storing a settlement is ``SettlementWork``'s; here it is done.
actor ExecutionLane {
  let ledger: any SettlementLedger
  let stream: any OrderStream
  let settings: ExecutionSettings
  let now: @Sendable () -> Timestamp
  let random: @Sendable () -> UInt64
  let report: @Sendable (WorkerEvent) -> Void
  let troubles: PortTroubles
  /// Which shards are not claimed for a while, because they could not be worked here.
  let claimBackoff: ClaimBackoff
  let trimmer: StreamTrimmer
  /// Where it goes what everybody may see; nil for nowhere.
  let market: MarketPublisher?
  let notifier: EventNotifier?
  let clock = ContinuousClock()
  /// What is known of it without waiting for it.
  nonisolated let pulse: WorkPulse
  private let executor: any SerialExecutor

  /// The shards in work.
  var owned: [Shard: OwnedShard] = [:]
  private var releasing: [Shard: CheckedContinuation<Ownership?, Never>] = [:]
  private var isStopping = false
  /// The time of the last settlement of any shard that is worked here, by whomever.
  var settlingTime = SettlingTime()
  /// The last commands of batches that could not be settled, by shard: after the next claim these are worked alone.
  var suspects: [Shard: Sequence] = [:]
  /// Tries that came to nothing and must be taken back before anything else is carried out: should the worker die of that,
  /// they would stay as marks against commands that are not to blame.
  var withdrawals: [Shard: Sequence] = [:]
  var withdrawalRetry: PortRetry
  var streamIsDown = false
  /// Whether entries were refused since the log was last asked how far it goes: their rows came by no other way.
  var isShortOfRows = false
  /// When the ends of the logs were last asked for, and when they are again after a failure.
  var lastLogCheck: ContinuousClock.Instant
  var logEndsRetry: PortRetry
  /// When the database was last asked which history it writes, because the streams spoke of another.
  var timelineReadAt: ContinuousClock.Instant?
  var round = 0
  /// Total time in rounds that had something to settle.
  var busy = Duration.zero
  /// How long the latest settlement took to commit.
  var lastCommit = Duration.zero

  /// A thread of its own: matching and building a large settlement must not take a thread of the pool from heartbeats.
  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  init(
    ledger: any SettlementLedger, stream: any OrderStream, wakeUps: (any EventWakeUps)? = nil,
    settings: ExecutionSettings, claimBackoff: ClaimBackoff? = nil, pulse: WorkPulse = WorkPulse(),
    now: @escaping @Sendable () -> Timestamp, random: @escaping @Sendable () -> UInt64,
    report: @escaping @Sendable (WorkerEvent) -> Void, market: MarketPublisher? = nil,
    executor: (any SerialExecutor)? = nil
  ) {
    self.executor = executor ?? ThreadExecutor(name: "lane")
    let troubles = PortTroubles { report(.trouble($0)) }
    self.troubles = troubles
    self.claimBackoff = claimBackoff ?? ClaimBackoff(settings.reclaim, random: random)
    self.pulse = pulse
    self.market = market
    self.ledger = ledger
    self.stream = stream
    self.settings = settings
    self.now = now
    self.random = random
    self.report = report
    trimmer = StreamTrimmer(stream: stream, troubles: troubles)
    logEndsRetry = PortRetry(settings.retry)
    withdrawalRetry = PortRetry(settings.retry)
    notifier = wakeUps.map { EventNotifier(wakeUps: $0, report: report) }
    lastLogCheck = ContinuousClock().now
  }

  /// Works until stopped.
  func run() async {
    while !isStopping {
      pulse.progressed()
      finishReleases()
      show()
      await withdrawTries()
      guard !owned.isEmpty else {
        try? await Task.sleep(for: .milliseconds(20))
        // Nothing else would tell that the database is back.
        if pulse.isMissingDatabase { await noticeSilence() }
        continue
      }
      await readStreams()
      await readStandings()
      await readLogs()
      await settleRound()
      for shard in owned.keys.sorted() { await workSingleStep(shard) }
      publishBooks()
    }
    withdrawalRetry.succeeded()
    await withdrawTries()
    for (_, waiter) in releasing.sorted(by: { $0.key < $1.key }) { waiter.resume(returning: nil) }
    releasing = [:]
  }

  /// Ends ``run()`` after the round in hand.
  func stop() { isStopping = true }

  /// Whether the round in hand is to end soon, because somebody waits for it.
  var isExpected: Bool { isStopping || !releasing.isEmpty }
}

// MARK: What is owned

extension ExecutionLane {
  /// Takes a claimed shard into work.
  func adopt(_ ownership: Ownership, _ engine: ShardEngine) {
    settlingTime.note(ownership.settledAt)
    owned[ownership.shard] = OwnedShard(ownership, engine, retry: settings.retry)
    market?.begin(ownership.shard, nonce: ownership.nonce)
    show()
  }

  /// Gives a shard up after the round in hand; returns what was held.
  func release(_ shard: Shard) async -> Ownership? {
    guard let held = owned[shard], releasing[shard] == nil, !isStopping else { return nil }
    held.release()
    return await withCheckedContinuation { releasing[shard] = $0 }
  }

  private func finishReleases() {
    guard !releasing.isEmpty else { return }
    for (shard, waiter) in releasing.sorted(by: { $0.key < $1.key }) {
      let held = owned.removeValue(forKey: shard)
      show()
      waiter.resume(returning: held?.progress)
    }
    releasing = [:]
  }

  /// Drops a shard at once: another owner has it.
  /// - Returns: Whether it was held under this claim.
  @discardableResult
  func drop(_ shard: Shard, nonce: UInt64) -> Bool {
    guard owned[shard]?.ownership.nonce == nonce else { return false }
    owned[shard] = nil
    show()
    return true
  }

  /// Drops a shard whose books may be ahead of the database; a new claim reads what is final.
  func drop(_ ownership: Ownership, reason: String) {
    report(.dropped(ownership.shard, ownership.epoch, reason: reason))
    drop(ownership.shard, nonce: ownership.nonce)
  }

  /// Gives up a shard that this program cannot work, and leaves it alone for a while.
  func letGo(_ ownership: Ownership, _ error: StoreError) {
    let pause = claimBackoff.failed(ownership.shard)
    report(.letGo(ownership.shard, ownership.epoch, reason: "\(error)", pause: pause))
    drop(ownership.shard, nonce: ownership.nonce)
  }

  /// Forgets all books of another branch of the database's history (after a fail-over or a restored backup), also those that
  /// had nothing to settle: their numbers may have gone to other commands.
  func startOver(in timeline: DatabaseTimeline) {
    let stale = owned.values.map(\.ownership).filter { $0.timeline != timeline }.sorted { $0.shard < $1.shard }
    guard !stale.isEmpty else { return }
    report(.databaseFailedOver(shards: stale.count))
    for ownership in stale { drop(ownership, reason: "the database has failed over or was restored") }
  }

  /// The shard, if it is still in work under this claim: it may have been dropped, and claimed again, meanwhile.
  func held(_ ownership: Ownership) -> OwnedShard? {
    owned[ownership.shard].flatMap { $0.ownership == ownership ? $0 : nil }
  }

  /// What is to be done of a shard now.
  func action(_ shard: Shard) -> OwnedShard.Action {
    owned[shard]?.next(now: clock.now, mayCommit: withdrawals.isEmpty) ?? .rest
  }
}

// MARK: What it shows

extension ExecutionLane {
  /// What has been done for each shard that is held.
  func tallies() -> [Shard: ShardTally] { owned.mapValues(\.load) }

  /// What is held, with how far each shard has been settled.
  func ownerships() -> [Ownership] { owned.keys.sorted().map { owned[$0]!.progress } }

  private func show() {
    pulse.show(WorkPulse.View(ownerships: ownerships(), tallies: tallies(), busy: busy, commit: lastCommit))
  }

  /// Whether its leases are for others; see ``WorkPulse``.
  nonisolated var isAiling: Bool { pulse.isAiling(settings) }

  /// Takes note that the database could not be reached, here or by a claim.
  nonisolated func missedDatabase() { pulse.missedDatabase() }
}
