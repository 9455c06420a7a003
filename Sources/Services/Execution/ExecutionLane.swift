internal import Accounting
internal import Engine
internal import Lifecycle
internal import Market
internal import Ports
internal import Sharding

/// Works the shards that a worker owns: reads their streams, matches, settles, trims, in rounds.
///
/// Every round settles all shards' new commands in one transaction, so that batches grow with the load. Matching is
/// microseconds; a round's time is its commit.
actor ExecutionLane {
  /// A shard in work.
  struct Holding {
    var ownership: Ownership
    var engine: ShardEngine
    var inbox: ShardInbox
    /// What has been told of the books to everybody.
    var feed = MarketFeed()
    /// How carefully it is worked; nil until that is known, and then it is not worked.
    var caution: Caution?
    /// Whether the log has rows that have not been read: right after a claim, and when the stream lost some.
    var needsLog = true
    var gapSince: ContinuousClock.Instant?
    /// When what the ledger could not say is asked again.
    var retry: PortRetry
    var tally = ShardTally()
    /// The last round that took commands of it.
    var servedIn = 0

    init(_ ownership: Ownership, _ engine: ShardEngine, _ settings: ExecutionSettings) {
      self.ownership = ownership
      self.engine = engine
      retry = PortRetry(settings.retry)
      inbox = ShardInbox(in: ownership.history)
    }

    /// Takes out the commands that come next, as far as there is room.
    mutating func takeRun(_ room: inout BatchRoom) -> [LogEntry] {
      var run: [LogEntry] = []
      var cursor = engine.cursor
      while let entry = inbox.next(after: cursor),
        room.admits(entry.command, weight: engine.weight(of: entry.command))
      {
        inbox.take(entry.sequence)
        run.append(entry)
        cursor = entry.sequence
      }
      return run
    }
  }

  let ledger: any SettlementLedger
  let stream: any OrderStream
  let settings: ExecutionSettings
  let now: @Sendable () -> Timestamp
  let random: @Sendable () -> UInt64
  let report: @Sendable (WorkerEvent) -> Void
  let troubles: PortTroubles
  /// Which shards are not claimed for a while, because they could not be worked here.
  let rests: ShardRests
  private let trimmer: StreamTrimmer
  /// Where it goes what everybody may see; nil for nowhere.
  private let market: MarketPublisher?
  private let nudger: EventNudger?
  let clock = ContinuousClock()
  /// The time of the last settlement of any shard that is worked here, by whomever.
  private var settlingTime = SettlingTime()
  var holdings: [Shard: Holding] = [:]
  /// The last commands of batches that could not be settled, by shard: after the next claim these are worked alone.
  private var suspects: [Shard: Sequence] = [:]
  /// Tries that came to nothing and must be taken back before anything else is carried out: should the worker die of that,
  /// they would stay as marks against commands that are not to blame.
  var withdrawals: [Shard: Sequence] = [:]
  /// Whether entries were refused since the log was last asked how far it goes: their rows came by no other way.
  var isShortOfRows = false
  /// When the database was last asked which history it writes, because the streams spoke of another.
  var historyAskedAt: ContinuousClock.Instant?
  private var withdrawalRetry: PortRetry
  private var releasing: [Shard: CheckedContinuation<Ownership?, Never>] = [:]
  private var isStopping = false
  private var streamIsDown = false
  private var lastLogCheck: ContinuousClock.Instant
  /// When the ends of the logs are asked for again after a failure.
  private var logEndsRetry: PortRetry
  /// Total time in rounds that had something to settle.
  private(set) var busyNanoseconds = 0
  /// How long the latest settlement took to commit.
  private(set) var commitMicroseconds = 0
  private var round = 0
  /// What is known of it without waiting for it.
  nonisolated let pulse: WorkPulse
  private let executor: any SerialExecutor

  /// A thread of its own: matching and building a large settlement must not take a thread of the pool from heartbeats.
  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  init(
    ledger: any SettlementLedger, stream: any OrderStream, nudges: (any EventNudges)? = nil,
    settings: ExecutionSettings, rests: ShardRests? = nil, pulse: WorkPulse = WorkPulse(),
    now: @escaping @Sendable () -> Timestamp, random: @escaping @Sendable () -> UInt64,
    report: @escaping @Sendable (WorkerEvent) -> Void, market: MarketPublisher? = nil,
    executor: (any SerialExecutor)? = nil
  ) {
    self.executor = executor ?? ThreadExecutor(name: "lane")
    let troubles = PortTroubles { report(.trouble($0)) }
    self.troubles = troubles
    self.rests = rests ?? ShardRests(settings.reclaim)
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
    nudger = nudges.map { EventNudger(nudges: $0, report: report) }
    lastLogCheck = ContinuousClock().now
  }

  /// Takes a claimed shard into work.
  func adopt(_ ownership: Ownership, _ engine: ShardEngine) {
    settlingTime.note(ownership.settledAt)
    holdings[ownership.shard] = Holding(ownership, engine, settings)
    market?.begin(ownership.shard, nonce: ownership.nonce)
    show()
  }

  /// Gives a shard up after the round in hand; returns what was held.
  func release(_ shard: Shard) async -> Ownership? {
    guard holdings[shard] != nil, releasing[shard] == nil, !isStopping else { return nil }
    return await withCheckedContinuation { releasing[shard] = $0 }
  }

  /// Drops a shard at once: another owner has it.
  /// - Returns: Whether it was held under this claim.
  @discardableResult
  func drop(_ shard: Shard, nonce: UInt64) -> Bool {
    guard holdings[shard]?.ownership.nonce == nonce else { return false }
    holdings[shard] = nil
    show()
    return true
  }

  /// What has been done for each shard that is held.
  func tallies() -> [Shard: ShardTally] {
    holdings.mapValues { holding in
      var tally = holding.tally
      tally.openOrders = holding.engine.openCount
      return tally
    }
  }

  /// What is held, with how far each shard has been settled.
  func ownerships() -> [Ownership] {
    holdings.keys.sorted().map { shard in
      let holding = holdings[shard]!
      var ownership = holding.ownership
      ownership.processed = holding.engine.cursor
      return ownership
    }
  }

  private func show() {
    pulse.show(
      WorkPulse.View(
        ownerships: ownerships(), tallies: tallies(), busyNanoseconds: busyNanoseconds,
        commitMicroseconds: commitMicroseconds))
  }

  /// Whether its leases are for others; see ``WorkPulse``.
  nonisolated var isAiling: Bool { pulse.isAiling(settings) }

  /// Takes note that the database could not be reached, here or by a claim.
  nonisolated func missedDatabase() { pulse.missedDatabase() }

  /// Ends ``run()`` after the round in hand.
  func stop() { isStopping = true }

  /// Works until stopped.
  func run() async {
    while !isStopping {
      pulse.progressed()
      finishReleases()
      show()
      await withdrawTries()
      guard !holdings.isEmpty else {
        try? await Task.sleep(for: .milliseconds(20))
        // Nothing else would tell that the database is back.
        if pulse.isMissingDatabase { await noticeSilence() }
        continue
      }
      await readStreams()
      await readStandings()
      await readLogs()
      await settleRound()
      for shard in holdings.keys.sorted() { await workAlone(shard) }
      publishBooks()
    }
    withdrawalRetry.succeeded()
    await withdrawTries()
    for (_, waiter) in releasing.sorted(by: { $0.key < $1.key }) { waiter.resume(returning: nil) }
    releasing = [:]
  }

  private func finishReleases() {
    guard !releasing.isEmpty else { return }
    for (shard, waiter) in releasing.sorted(by: { $0.key < $1.key }) {
      var ownership = holdings[shard]?.ownership
      if let cursor = holdings[shard]?.engine.cursor { ownership?.processed = cursor }
      holdings[shard] = nil
      show()
      waiter.resume(returning: ownership)
    }
    releasing = [:]
  }

  // MARK: Reading

  /// What can be done of a shard now.
  func prospect(of shard: Shard) -> ShardProspect {
    holdings[shard]?.prospect(now: clock.now, mayWork: withdrawals.isEmpty) ?? .idle
  }

  private func readStreams() async {
    let isBusy = holdings.keys.contains { prospect(of: $0) != .idle }
    let hasGap = holdings.values.contains { $0.gapSince != nil }
    // A stream that is down must not be asked in a tight loop, whatever there is to do.
    let eager: Duration = isBusy ? .zero : hasGap ? .milliseconds(1) : settings.readWait
    let wait = streamIsDown ? settings.readWait : eager
    do {
      let entries = try await stream.read(
        after: holdings.mapValues { $0.inbox.position }, limit: settings.readLimit, wait: wait)
      streamIsDown = false
      await take(entries)
    } catch {
      if !streamIsDown { report(.streamUnavailable(reason: error.reason)) }
      streamIsDown = true
    }
  }

  private func readStandings() async {
    for shard in holdings.keys.sorted() where prospect(of: shard) == .ask {
      guard let ownership = holdings[shard]?.ownership else { continue }
      do throws(LedgerError) {
        let standing = try await ledger.standing(of: ownership)
        guard isHeld(ownership) else { continue }
        couldRead(.standing, ownership)
        holdings[shard]!.engine.recall(quarantined: standing.quarantined)
        holdings[shard]!.caution = Caution(
          standing, after: holdings[shard]!.engine.cursor, suspected: suspects.removeValue(forKey: shard),
          settings: settings)
      } catch {
        couldNotRead(.standing, ownership, error)
      }
    }
  }

  private func readLogs() async {
    await noticeSilence()
    for shard in holdings.keys.sorted() {
      noticeGap(shard)
      // Shards may be dropped while this waits for the log.
      guard prospect(of: shard) == .read, let holding = holdings[shard] else { continue }
      let cursor = holding.engine.cursor
      do throws(LedgerError) {
        let rows = try await ledger.log(of: shard, after: cursor, limit: settings.logLimit)
        guard isHeld(holding.ownership) else { continue }
        couldRead(.log, holding.ownership)
        for row in rows { holdings[shard]!.inbox.receive(row, cursor: cursor) }
        holdings[shard]!.needsLog = rows.count == settings.logLimit
        if !holdings[shard]!.needsLog {
          if rows.isEmpty { rests.recovered(shard) }
          // Rows are published after they are logged: what had come before the log was read and lies beyond its end was lost.
          let last = rows.last?.sequence ?? cursor
          await discard(holding.inbox.sequences.filter { $0 > last }, of: holding.ownership)
        }
        holdings[shard]?.gapSince = nil
      } catch {
        couldNotRead(.log, holding.ownership, error)
      }
    }
  }

  /// A gap that stands for too long is filled from the log.
  private func noticeGap(_ shard: Shard) {
    guard let holding = holdings[shard] else { return }
    guard holding.inbox.hasGap(after: holding.engine.cursor) else {
      holdings[shard]!.gapSince = nil
      return
    }
    let since = holding.gapSince ?? clock.now
    holdings[shard]!.gapSince = since
    if clock.now - since >= settings.gapPatience { holdings[shard]!.needsLog = true }
  }

  private func isHeld(_ ownership: Ownership) -> Bool { holdings[ownership.shard]?.ownership == ownership }

  private func couldRead(_ use: PortUse, _ ownership: Ownership) {
    troubles.succeeded(use, of: ownership.shard)
    holdings[ownership.shard]!.retry.succeeded()
  }

  /// What the ledger cannot say now is asked again after a pause; what it will not say to this program, whoever takes the shard
  /// over may be told.
  private func couldNotRead(_ use: PortUse, _ ownership: Ownership, _ error: LedgerError) {
    troubles.failed(use, of: ownership.shard, error)
    guard isHeld(ownership) else { return }
    guard error.isPassing else { return letGo(ownership, error) }
    if error.isAboutConnection { missedDatabase() }
    holdings[ownership.shard]!.retry.failed(now: clock.now, random: random())
  }

  /// Gives up a shard that this program cannot work, and leaves it alone for a while.
  func letGo(_ ownership: Ownership, _ error: LedgerError) {
    let pause = rests.failed(ownership.shard)
    report(.letGo(ownership.shard, ownership.epoch, reason: "\(error)", pause: pause))
    drop(ownership.shard, nonce: ownership.nonce)
  }

  /// Asks the log whether it is ahead of what the streams delivered: now and then, and always while they are down.
  private func noticeSilence() async {
    let period = isShortOfRows ? settings.refusalPause : settings.silencePeriod
    guard streamIsDown || clock.now - lastLogCheck >= period, !logEndsRetry.isResting(now: clock.now) else { return }
    lastLogCheck = clock.now
    let isShort = isShortOfRows
    isShortOfRows = false
    let ends: LogEnds
    do throws(LedgerError) {
      ends = try await ledger.logEnds(of: holdings.keys.sorted())
      troubles.succeeded(.logEnds)
      logEndsRetry.succeeded()
    } catch {
      troubles.failed(.logEnds, error)
      logEndsRetry.failed(now: clock.now, random: random())
      isShortOfRows = isShort || isShortOfRows
      return missedDatabase()
    }
    pulse.reachedDatabase()
    // A backup was restored, or another server has taken over, while there was nothing to settle by which it would have been
    // noticed: what is in these logs now may have numbers that were passed before.
    startOver(in: ends.history)
    for (shard, sequence) in ends.sequences.sorted(by: { $0.key < $1.key }) {
      guard let holding = holdings[shard], sequence > holding.engine.cursor else { continue }
      if isShort || !holding.inbox.isRunnable(after: holding.engine.cursor) { holdings[shard]!.needsLog = true }
    }
  }

  // MARK: Settling

  /// The shards, those first that have waited longest: what does not fit into one round is first in a later one.
  private var shardsByWait: [Shard] {
    holdings.map { (servedIn: $0.value.servedIn, shard: $0.key) }.sorted { $0 < $1 }.map(\.shard)
  }

  private func settleRound() async {
    var commits: [ShardCommit] = []
    var room = BatchRoom(settings)
    round += 1
    for shard in shardsByWait {
      guard prospect(of: shard) == .batch else { continue }
      let run = holdings[shard]!.takeRun(&room)
      guard !run.isEmpty else { continue }
      holdings[shard]!.servedIn = round
      for entry in run { KillPoint.reach(named: "apply.\(shard)-\(entry.sequence)") }
      let begun = clock.now
      let settlement = holdings[shard]!.engine.apply(run)
      pulse.progressed()
      for entry in run { KillPoint.reach(named: "matched.\(entry.command.word)") }
      holdings[shard]!.tally.matchingNanoseconds += (clock.now - begun).nanoseconds
      commits.append(ShardCommit(ownership: holdings[shard]!.ownership, settlement: settlement))
    }
    if !commits.isEmpty { await settle(commits) }
  }

  /// Stores settlements, however often it takes; the books are ahead of the database until it is done.
  private func settle(_ all: [ShardCommit]) async {
    var commits = all
    var failures = 0
    let begun = clock.now
    KillPoint.reach("settle.matched")
    while !commits.isEmpty {
      let moment = settlingMoment
      do throws(LedgerError) {
        switch try await ledger.settle(commits, at: moment) {
        case .committed:
          KillPoint.reach("settle.committed")
          settled(commits, since: begun, at: moment)
          return
        case .fenced(let shard):
          report(.fenced(shard, holdings[shard]?.ownership.epoch ?? Epoch(rawValue: 0)))
          guard commits.contains(where: { $0.ownership.shard == shard }) else {
            return abandon(commits, "fenced for a shard that is not in the batch")
          }
          for commit in commits where commit.ownership.shard == shard { drop(shard, nonce: commit.ownership.nonce) }
          commits.removeAll { $0.ownership.shard == shard }
        case .beyondLog(let shard):
          guard let ownership = commits.first(where: { $0.ownership.shard == shard })?.ownership else {
            return abandon(commits, "refused for a shard that is not in the batch")
          }
          commits.removeAll { $0.ownership.shard == shard }
          await giveUpGhosts(ownership)
        case .failedOver(let history):
          startOver(in: history)
          // Also those that were claimed in the new history: their books are ahead of what is stored.
          return abandon(commits.filter { $0.ownership.history == history }, "settled together with another history's")
        }
      } catch {
        switch error {
        case .outcomeUnknown:
          missedDatabase()
          return abandon(commits, "nobody knows whether a commit took place")
        case .fault(let reason):
          for commit in commits { suspects[commit.ownership.shard] = commit.settlement.through }
          return abandon(commits, reason)
        case .unavailable(.schema, let reason):
          report(.settlementDelayed(.schema, reason: reason))
          // Each for itself: one that cannot be stored takes no other with it.
          guard commits.count == 1 else {
            for commit in commits { await settle([commit]) }
            return
          }
          return letGo(commits[0].ownership, error)
        case .unavailable(let cause, let reason):
          pulse.progressed()
          failures += 1
          if cause == .connection || cause == .outage { missedDatabase() }
          report(.settlementDelayed(cause, reason: reason))
          // Who waits for a shard must not wait for the database: leases and heartbeat would stand still meanwhile.
          if isStopping || !releasing.isEmpty { return abandon(commits, "given up while the database was away") }
          try? await Task.sleep(for: settings.retry.pause(afterFailures: failures, random: random()))
          commits.removeAll { holdings[$0.ownership.shard]?.ownership != $0.ownership }
        }
      }
    }
  }

  /// The time of what is settled now.
  var settlingMoment: Timestamp { settlingTime.moment(at: now()) }

  /// - Parameter moment: Under which they were settled.
  func settled(_ commits: [ShardCommit], since begun: ContinuousClock.Instant, at moment: Timestamp) {
    settlingTime.note(moment)
    pulse.reachedDatabase()
    publish(commits, at: moment)
    nudger?.nudge(commits)
    var positions: [Shard: StreamPosition] = [:]
    var commands = 0
    for commit in commits {
      let shard = commit.ownership.shard
      let settled = Int(commit.settlement.through.rawValue - commit.settlement.from.rawValue)
      commands += settled
      holdings[shard]?.tally.commands += settled
      rests.recovered(shard)
      if let position = holdings[shard]?.inbox.settledPosition { positions[shard] = position }
    }
    let taken = clock.now - begun
    busyNanoseconds += taken.nanoseconds
    commitMicroseconds = taken.microseconds
    report(.settled(commands: commands, span: taken))
    KillPoint.reach("settle.untrimmed")
    if !positions.isEmpty { trimmer.trim(positions) }
  }

  /// Tells everybody what was settled; the books stand where the commits left them.
  private func publish(_ commits: [ShardCommit], at moment: Timestamp) {
    guard let market else { return }
    for commit in commits where holdings[commit.ownership.shard]?.ownership == commit.ownership {
      let shard = commit.ownership.shard
      let engine = holdings[shard]!.engine
      market.offer(holdings[shard]!.feed.follow(commit.settlement, engine, at: moment), of: shard)
    }
  }

  /// Tells whole books where that is wanted: of shards just taken over, and when what was told has been lost.
  private func publishBooks() {
    guard let market else { return }
    market.keep(holdings.keys)
    let loss = market.takeLoss()
    guard !loss.isEmpty else { return }
    let moment = settlingMoment
    for (shard, holding) in holdings.sorted(by: { $0.key < $1.key }) {
      let books =
        loss.shards.contains(shard)
        ? holdings[shard]!.feed.books(holding.engine, at: moment)
        : holdings[shard]!.feed.books(of: loss.instruments, holding.engine, at: moment)
      market.offer(books, of: shard)
    }
  }

  /// Forgets all books of another branch of the database's history (after a fail-over or a restored backup), also those that had nothing to settle: their numbers
  /// may have gone to other commands.
  func startOver(in history: LedgerHistory) {
    let stale = holdings.values.map(\.ownership).filter { $0.history != history }
    guard !stale.isEmpty else { return }
    report(.databaseFailedOver(shards: stale.count))
    for ownership in stale.sorted(by: { $0.shard < $1.shard }) {
      report(.dropped(ownership.shard, ownership.epoch, reason: "the database has failed over or was restored"))
      drop(ownership.shard, nonce: ownership.nonce)
    }
  }

  /// Forgets books that may be ahead of the database; a new claim reads what is final.
  func abandon(_ commits: [ShardCommit], _ reason: String) {
    for commit in commits {
      report(.dropped(commit.ownership.shard, commit.ownership.epoch, reason: reason))
      drop(commit.ownership.shard, nonce: commit.ownership.nonce)
    }
  }

  /// Takes tries back that are not to count; one that cannot be taken back now is taken back later.
  private func withdrawTries() async {
    guard !withdrawalRetry.isResting(now: clock.now) else { return }
    for (shard, sequence) in withdrawals.sorted(by: { $0.key < $1.key }) {
      do throws(LedgerError) {
        try await ledger.withdrawTry(of: sequence, in: shard)
        withdrawals[shard] = nil
        troubles.succeeded(.tries, of: shard)
      } catch {
        troubles.failed(.tries, of: shard, error)
        // One that cannot be taken back at all is a mark more, which is not worth a halt.
        if case .fault = error {
          withdrawals[shard] = nil
        } else {
          withdrawalRetry.failed(now: clock.now, random: random())
        }
        return
      }
    }
    withdrawalRetry.succeeded()
  }
}
