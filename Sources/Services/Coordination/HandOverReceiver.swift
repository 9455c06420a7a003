internal import Accounting
internal import Engine
internal import Lifecycle
internal import Market
internal import Ports
internal import Sharding

/// Takes shards over from living owners: rebuilds their books beside the owners, asks to be handed the shards, and goes on
/// where the owners stopped. So a shard stands still for a claim and the last few log rows, not for the reading of its book.
actor HandOverReceiver {
  private struct Pending {
    let nonce: UInt64
    var engine: ShardEngine?
    /// The branch of the database's history that the books are of.
    var timeline = DatabaseTimeline.unnamed
    var isReading = false
    /// Whether the owner is being asked, or was asked.
    var isAsking = false
    var isRequested = false
    /// When it was begun; once the owner has been asked, when that was.
    var since: Duration
  }

  /// Rows read from a log at a time.
  private static let logLimit = 2_000

  private let me: WorkerID
  private let ledger: any SettlementLedger
  private let leases: any LeaseStore
  private let settings: ExecutionSettings
  private let random: @Sendable () -> UInt64
  private let clock: @Sendable () -> Duration
  private let report: @Sendable (WorkerEvent) -> Void
  private var pending: [Shard: Pending] = [:]
  /// What was asked and is not wanted any more.
  private var unwanted: [(shard: Shard, nonce: UInt64)] = []
  private let backoff: ClaimBackoff
  private let takeOver: ShardTakeOver
  private let troubles: PortTroubles
  private var retry: PortRetry
  private var isStopping = false
  private var followedAt = Duration.zero

  /// - Parameters:
  ///   - ledger: Over a connection of its own: books are long to read.
  ///   - leases: Over a connection of its own, as ``leases(of:)`` is asked often.
  init(
    me: WorkerID, ledger: any SettlementLedger, leases: any LeaseStore, settings: ExecutionSettings,
    takeOver: ShardTakeOver,
    random: @escaping @Sendable () -> UInt64, clock: @escaping @Sendable () -> Duration,
    report: @escaping @Sendable (WorkerEvent) -> Void
  ) {
    self.me = me
    self.ledger = ledger
    self.leases = leases
    self.settings = settings
    self.random = random
    self.clock = clock
    self.report = report
    self.takeOver = takeOver
    backoff = takeOver.backoff
    troubles = PortTroubles { report(.trouble($0)) }
    retry = PortRetry(Backoff(base: settings.renewalPeriod, ceiling: settings.leaseLifetime))
  }

  /// The shards that are being prepared.
  var shards: Set<Shard> { Set(pending.keys) }

  /// Begins to take shards over.
  func prepare(_ shards: [Shard]) {
    let resting = backoff.resting
    for shard in shards where pending[shard] == nil && !resting.contains(shard) {
      pending[shard] = Pending(nonce: random(), since: clock())
    }
  }

  /// No longer wants a shard.
  func forget(_ shard: Shard) { drop(shard) }

  /// Wants a shard no more: what was asked is taken back, or the owner would hand it to somebody who does not wait for it.
  private func drop(_ shard: Shard) {
    guard let entry = pending.removeValue(forKey: shard), entry.isAsking else { return }
    unwanted.append((shard, entry.nonce))
  }

  /// Takes back what was asked, and gives back what has been handed over meanwhile.
  private func withdraw() async throws(HandOverFailure) {
    while let (shard, nonce) = unwanted.first {
      try await fromLeases { () async throws(StreamError) in try await leases.release(shard, nonce: nonce) }
      unwanted.removeAll { $0.shard == shard && $0.nonce == nonce }
    }
  }

  /// Ends ``run()``, takes back what was asked, and gives back what has just been handed over and is not claimed yet: others
  /// need not wait for it.
  func stop() async {
    isStopping = true
    for shard in pending.keys.sorted() { drop(shard) }
    // A lease that cannot be given back runs out by itself.
    await troubles.attempt(.leases) { () async throws(HandOverFailure) in try await withdraw() }
  }

  /// Works until stopped.
  func run() async {
    while !isStopping {
      guard !pending.isEmpty || !unwanted.isEmpty else {
        try? await Task.sleep(for: settings.handOverPoll * 4)
        continue
      }
      do {
        try await withdraw()
        readBooks()
        try await takeGranted()
        try await follow()
        troubles.succeeded(.handOver)
        retry.succeeded()
      } catch {
        troubles.failed(.handOver, error)
        if case .ledger(let failure) = error, !failure.isPassing { giveUp(failure) }
        try? await Task.sleep(for: retry.failed(now: ContinuousClock().now, random: random()))
      }
      giveUpOld()
      try? await Task.sleep(for: settings.handOverPoll)
    }
  }

  /// Has the books read beside everything else: a deep one keeps no other shard waiting.
  private func readBooks() {
    for shard in pending.keys.sorted() where !pending[shard]!.isReading && pending[shard]!.engine == nil {
      let nonce = pending[shard]!.nonce
      pending[shard]!.isReading = true
      Task {
        do throws(HandOverFailure) {
          try await self.readBook(of: shard, nonce)
        } catch {
          self.delayed(shard, nonce, error)
        }
      }
    }
  }

  private func readBook(of shard: Shard, _ nonce: UInt64) async throws(HandOverFailure) {
    let found = try await fromLedger { () async throws(StoreError) in try await ledger.books(of: [shard]) }.first
    // Who stops asks for nothing more.
    guard pending[shard]?.nonce == nonce, !isStopping else { return }
    guard let book = found else { return pending[shard] = nil }
    guard let engine = rebuilt(book) else { return }
    pending[shard]?.engine = engine
    pending[shard]?.timeline = book.timeline
    pending[shard]?.isAsking = true
    let asked = try await fromLeases { () async throws(StreamError) in
      try await leases.request(shard, for: Successor(worker: me, nonce: nonce))
    }
    guard pending[shard]?.nonce == nonce else { return }
    // Nobody holds it: then it is claimed like any free shard.
    guard asked else { return pending[shard] = nil }
    pending[shard]?.isRequested = true
    pending[shard]?.since = clock()
  }

  /// What could not be read or asked for is begun anew when it is wanted still.
  private func delayed(_ shard: Shard, _ nonce: UInt64, _ error: HandOverFailure) {
    troubles.failed(.handOver, of: shard, error)
    if case .ledger(let failure) = error, !failure.isPassing { backoff.failed(shard) }
    if pending[shard]?.nonce == nonce { drop(shard) }
  }

  private func takeGranted() async throws(HandOverFailure) {
    let requested = pending.filter { $0.value.isRequested }.keys.sorted()
    guard !requested.isEmpty else { return }
    var granted: [Shard: UInt64] = [:]
    let held = try await fromLeases { () async throws(StreamError) in try await leases.leases(of: requested) }
    for shard in requested {
      guard let entry = pending[shard] else { continue }
      if let lease = held[shard], lease.owner == me, lease.nonce == entry.nonce {
        granted[shard] = entry.nonce
      } else if held[shard]?.successor != Successor(worker: me, nonce: entry.nonce) {
        // The lease was wiped or taken: what was asked is forgotten with it.
        pending[shard] = nil
      }
    }
    guard !granted.isEmpty else { return }
    let ownerships = try await fromLedger { () async throws(StoreError) in try await ledger.claim(granted, owner: me) }
    for (shard, ownership) in ownerships.sorted(by: { $0.key < $1.key }) { try await begin(shard, ownership) }
  }

  /// Goes on with a shard that was handed over and claimed: behind the claim, what is processed is final.
  ///
  /// Not inlined: Swift 6.3.1's optimizer crashes when it splits the two coroutines as one.
  @inline(never)
  private func begin(_ shard: Shard, _ ownership: Ownership) async throws(HandOverFailure) {
    KillPoint.reach("handover.claimed")
    if let entry = pending[shard], entry.timeline != ownership.timeline {
      // Prepared from what a fail-over has undone in part: behind the claim the books can be read afresh.
      let books = try await fromLedger { () async throws(StoreError) in try await ledger.books(of: [shard]) }
      guard let book = books.first else { return }
      pending[shard]?.engine = rebuilt(book)
    }
    guard let engine = try await caughtUp(shard, to: ownership.processed) else { return }
    pending[shard] = nil
    guard await takeOver.begin(ownership, engine, cause: .handedOver) else {
      return try await fromLeases { () async throws(StreamError) in
        try await leases.release(shard, nonce: ownership.nonce)
      }
    }
  }

  /// The prepared books with the log rows up to `processed` carried out.
  private func caughtUp(_ shard: Shard, to processed: Sequence?) async throws(HandOverFailure) -> ShardEngine? {
    while var engine = pending[shard]?.engine {
      if let processed, engine.cursor >= processed { return engine }
      let cursor = engine.cursor
      let rows = try await fromLedger { () async throws(StoreError) in
        try await ledger.processedLog(of: shard, after: cursor, limit: Self.logLimit)
      }
      // What these rows did is stored already: only the books are wanted.
      engine.follow(rows)
      guard pending[shard] != nil else { return nil }
      pending[shard]!.engine = engine
      if rows.count < Self.logLimit {
        if let processed, engine.cursor < processed {
          throw .ledger(.fault(reason: "log rows of shard \(shard) are missing"))
        }
        return engine
      }
    }
    return nil
  }

  /// Keeps prepared books close behind their owners.
  private func follow() async throws(HandOverFailure) {
    let now = clock()
    guard now - followedAt >= settings.renewalPeriod else { return }
    followedAt = now
    for shard in pending.filter({ $0.value.isRequested }).keys.sorted() { _ = try await caughtUp(shard, to: nil) }
  }

  /// The books of what is stored; nil, and the shard is not wanted now, when they cannot be rebuilt.
  private func rebuilt(_ book: ShardBook) -> ShardEngine? {
    let engine = takeOver.rebuilt(book)
    if engine == nil { pending[book.shard] = nil }
    return engine
  }

  /// What the database refuses to this program is not asked for again and again: the shards stay where they are.
  private func giveUp(_ error: StoreError) {
    for shard in pending.keys.sorted() {
      backoff.failed(shard)
      report(.claimFailed(shard, reason: "\(error)"))
    }
    for shard in pending.keys.sorted() { drop(shard) }
  }

  /// An owner that never hands over is left alone; the target stands, and it is asked anew.
  private func giveUpOld() {
    let now = clock()
    for (shard, entry) in pending where entry.isRequested && now - entry.since >= settings.handOverPatience {
      drop(shard)
    }
  }

  private func fromLedger<Value>(
    _ body: () async throws(StoreError) -> Value
  ) async throws(HandOverFailure) -> Value {
    do throws(StoreError) { return try await body() } catch { throw .ledger(error) }
  }

  private func fromLeases<Value>(
    _ body: () async throws(StreamError) -> Value
  ) async throws(HandOverFailure) -> Value {
    do throws(StreamError) { return try await body() } catch { throw .leases(error) }
  }
}

/// What keeps a hand-over from going on.
private enum HandOverFailure: PortError {
  case ledger(StoreError)
  case leases(StreamError)

  var causeWord: String {
    switch self {
    case .ledger(let error): error.causeWord
    case .leases(let error): error.causeWord
    }
  }

  var description: String {
    switch self {
    case .ledger(let error): error.description
    case .leases(let error): error.description
    }
  }
}
