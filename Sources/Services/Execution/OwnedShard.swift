internal import Accounting
internal import Engine
internal import Lifecycle
internal import Market
internal import Ports
internal import Sharding

/// A shard in work, as a machine: it is told what happened, and says what is to be done next. It knows no store and no clock.
///
/// A reference, which its lane alone has: looking at it must not copy what it holds.
final class OwnedShard {
  /// How its commands are worked.
  enum State {
    /// It was just claimed: what is known against its commands has to be asked first.
    case recovering
    /// Together with others in one transaction.
    case batching
    /// One at a time, each in a transaction of its own.
    case singleStepping(QuarantinePolicy)
    /// It is given up after the round in hand: nothing more of it is begun.
    case releasing
  }

  /// What is to be done. Whether there is anything to wait for and what is done are one question, so that no loop runs without
  /// doing anything.
  enum Action: Hashable {
    /// Ask the ledger how it stands.
    case askStanding
    /// Read its log.
    case readLog
    /// Take its next commands into a batch.
    case batch
    /// Try its next command alone.
    case attempt(LogEntry)
    /// Pass its next command over.
    case quarantine(LogEntry, QuarantineReason)
    /// Nothing, until something comes or a pause is over.
    case rest
  }

  let ownership: Ownership
  private(set) var state = State.recovering
  private(set) var engine: ShardEngine
  private(set) var inbox: ShardInbox
  /// What everybody has been shown of the books.
  var feed = MarketFeed()
  /// What has been done of it here.
  private(set) var tally = ShardTally()
  /// The last round that took commands of it.
  private(set) var servedIn = 0
  /// Whether the log has rows that have not been read: right after a claim, and when the stream lost some.
  private var needsLog = true
  private var gapSince: ContinuousClock.Instant?
  /// When what the ledger could not say is asked again.
  private var retry: PortRetry

  /// A shard right after its claim, with the books of what is stored.
  init(_ ownership: Ownership, _ engine: ShardEngine, retry: Backoff) {
    self.ownership = ownership
    self.engine = engine
    self.retry = PortRetry(retry)
    inbox = ShardInbox(in: ownership.timeline)
  }

  var shard: Shard { ownership.shard }
  /// The last command that the books contain.
  var cursor: Sequence { engine.cursor }
  /// Whether a row that came waits for one that has not.
  var hasGap: Bool { gapSince != nil }

  /// The ownership, with how far it has been settled.
  var progress: Ownership {
    var ownership = ownership
    ownership.processed = engine.cursor
    return ownership
  }

  /// The tally, with how many orders stand open.
  var load: ShardTally {
    var tally = tally
    tally.openOrders = engine.openCount
    return tally
  }

  /// What to do next.
  /// - Parameter mayCommit: Whether commands may be carried out; asking and reading go on without.
  func next(now: ContinuousClock.Instant, mayCommit: Bool) -> Action {
    switch state {
    case .releasing: return .rest
    case .recovering: return retry.isResting(now: now) ? .rest : .askStanding
    case .batching, .singleStepping: break
    }
    guard let entry = inbox.next(after: engine.cursor) else {
      return needsLog && !retry.isResting(now: now) ? .readLog : .rest
    }
    guard mayCommit else { return .rest }
    guard case .singleStepping(let quarantinePolicy) = state else { return .batch }
    switch quarantinePolicy.step(after: engine.cursor, now: now) {
    case .batch: return .batch
    case .rest: return .rest
    case .attempt: return .attempt(entry)
    case .quarantine(let reason): return .quarantine(entry, reason)
    }
  }

  /// Nothing more of it is to be begun.
  func release() { state = .releasing }
}

// MARK: What the ledger and the stream say

extension OwnedShard {
  /// The ledger has said what is known against its commands.
  /// - Parameter suspected: The last command of a batch that this worker could not settle; nil when there was none.
  func received(_ attempts: ShardAttempts, suspected: Sequence?, settings: ExecutionSettings) {
    retry.succeeded()
    engine.recall(quarantined: attempts.quarantined)
    guard case .recovering = state else { return }
    let quarantinePolicy = QuarantinePolicy(attempts, after: engine.cursor, suspected: suspected, settings: settings)
    state = quarantinePolicy.isOver(after: engine.cursor) ? .batching : .singleStepping(quarantinePolicy)
  }

  /// An entry of the stream has come.
  /// - Returns: Why it is refused; nil of one that is taken.
  func received(_ entry: StreamEntry) -> EntryRefusal? { inbox.receive(entry, cursor: engine.cursor) }

  /// The log was read behind the cursor.
  /// - Parameters:
  ///   - isWhole: Whether the rows are all that the log has.
  ///   - before: The rows that waited when the log was asked.
  /// - Returns: Those of them that the log does not have. Rows are published after they are logged, so they never will be.
  func received(_ rows: [LogEntry], isWhole: Bool, before: Set<Sequence>) -> Set<Sequence> {
    retry.succeeded()
    gapSince = nil
    needsLog = !isWhole
    let cursor = engine.cursor
    for row in rows { inbox.receive(row, cursor: cursor) }
    guard isWhole else { return [] }
    let last = rows.last?.sequence ?? cursor
    let lost = before.filter { $0 > last }
    inbox.discard(lost)
    return lost
  }

  /// The ledger could not say what it was asked.
  /// - Parameter random: Any bits.
  func couldNotRead(now: ContinuousClock.Instant, random: UInt64) { retry.failed(now: now, random: random) }

  /// The log is known to go so far.
  /// - Parameter isShort: Whether rows may have come by no stream though others wait.
  func logReaches(_ end: Sequence, isShort: Bool) {
    if end > engine.cursor, isShort || !inbox.isRunnable(after: engine.cursor) { needsLog = true }
  }

  /// Time has gone by: a gap that stands for too long is filled from the log.
  func timePassed(at now: ContinuousClock.Instant, gapPatience: Duration) {
    guard inbox.hasGap(after: engine.cursor) else { return gapSince = nil }
    let since = gapSince ?? now
    gapSince = since
    if now - since >= gapPatience { needsLog = true }
  }
}

// MARK: Carrying out

extension OwnedShard {
  /// Takes out the commands that come next, as far as there is room.
  func takeRun(_ budget: inout BatchBudget, round: Int) -> [LogEntry] {
    var run: [LogEntry] = []
    var cursor = engine.cursor
    while let entry = inbox.next(after: cursor), budget.admits(entry.command, weight: engine.weight(of: entry.command))
    {
      inbox.take(entry.sequence)
      run.append(entry)
      cursor = entry.sequence
    }
    if !run.isEmpty { servedIn = round }
    return run
  }

  /// Carries out commands that were taken out; the books are ahead of the ledger until their settlement is stored.
  func apply(_ run: [LogEntry]) -> Settlement { engine.apply(run) }

  /// Carries one command out beside the books: should the ledger refuse it, they are still those that it has.
  func tried(_ entry: LogEntry) -> (Settlement, ShardEngine) {
    var engine = engine
    return (engine.apply([entry]), engine)
  }

  /// Passes one command over, beside the books.
  func passedOver(_ entry: LogEntry) -> (Settlement, ShardEngine) {
    var engine = engine
    return (engine.quarantine(entry.sequence), engine)
  }

  /// Goes on behind a command that was worked alone and is stored.
  /// - Parameter books: Behind it.
  func goOn(behind commit: ShardCommit, _ books: ShardEngine, now: ContinuousClock.Instant) {
    inbox.take(commit.settlement.through)
    engine = books
    change { quarantinePolicy in
      if commit.quarantine == nil { quarantinePolicy.settled() } else { quarantinePolicy.quarantined(now: now) }
    }
  }

  /// The ledger refused the next command alone, for the so-manieth time.
  func refused(
    _ sequence: Sequence, tries: Int, reason: String, now: ContinuousClock.Instant, random: UInt64
  ) {
    change { $0.failed(sequence, tries: tries, reason: reason, now: now, random: random) }
  }

  /// The ledger could not be used for a command alone, which is not to blame.
  func delayed(now: ContinuousClock.Instant, random: UInt64) { change { $0.delayed(now: now, random: random) } }

  /// So many commands of it are stored.
  func count(settled commands: Int) { tally.commands += commands }

  /// Matching took so long.
  func count(matching span: Duration) { tally.matching += span }

  private func change(_ body: (inout QuarantinePolicy) -> Void) {
    guard case .singleStepping(var quarantinePolicy) = state else { return }
    body(&quarantinePolicy)
    state = quarantinePolicy.isOver(after: engine.cursor) ? .batching : .singleStepping(quarantinePolicy)
  }
}
