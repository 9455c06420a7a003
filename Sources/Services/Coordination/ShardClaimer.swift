internal import Accounting
internal import Engine
internal import Lifecycle
internal import Market
internal import Ports
internal import Sharding

/// Takes free shards and gives shards away: the lease first, then the epoch, then the books. Behind the epoch nothing of an
/// earlier owner can follow.
final class ShardClaimer: Sendable {
  private let me: WorkerID
  private let ledger: any SettlementLedger
  private let leases: any LeaseStore
  private let lane: ExecutionLane
  private let settings: ExecutionSettings
  private let random: @Sendable () -> UInt64
  private let report: @Sendable (WorkerEvent) -> Void
  /// Claims in hand: won in Redis, their books not yet rebuilt.
  private let inHand = Lock(ClaimsInHand())
  private let backoff: ClaimBackoff
  private let takeOver: ShardTakeOver
  private let troubles: PortTroubles

  init(
    me: WorkerID, ledger: any SettlementLedger, leases: any LeaseStore, lane: ExecutionLane,
    settings: ExecutionSettings, backoff: ClaimBackoff, random: @escaping @Sendable () -> UInt64,
    report: @escaping @Sendable (WorkerEvent) -> Void
  ) {
    self.backoff = backoff
    takeOver = ShardTakeOver(lane: lane, backoff: backoff, report: report)
    troubles = PortTroubles { report(.trouble($0)) }
    self.me = me
    self.ledger = ledger
    self.leases = leases
    self.lane = lane
    self.settings = settings
    self.random = random
    self.report = report
  }

  /// The shards of claims in hand: theirs is no lease to give back or to take.
  var shardsInHand: Set<Shard> { inHand.withLock { $0.shards } }

  /// The leases of claims in hand, which must be kept meanwhile.
  var claiming: [LeaseRenewal] { inHand.withLock { $0.renewals } }

  /// Claims shards, some at a time, as long as `mayGoOn`.
  /// - Parameter wanted: Each with the lease of a holder that is gone, if there is one.
  func claim(_ wanted: [(shard: Shard, over: Lease?)], while mayGoOn: () -> Bool) async throws(StreamError) {
    let resting = backoff.resting
    var rest = wanted.filter { !resting.contains($0.shard) }[...]
    while !rest.isEmpty, mayGoOn() {
      let some = rest.prefix(settings.claimLimit)
      rest = rest.dropFirst(some.count)
      try await claimSome(Array(some))
    }
  }

  /// Claims the shards that the lease store gives, and has their books read beside whatever comes next: a deep book keeps no
  /// other shard waiting.
  private func claimSome(_ wanted: [(shard: Shard, over: Lease?)]) async throws(StreamError) {
    let causes = Dictionary(
      uniqueKeysWithValues: wanted.map { ($0.shard, $0.over.map { ClaimCause.crashed($0.owner) } ?? .free) })
    let nonces = try await winLeases(wanted)
    guard !nonces.isEmpty else { return }
    KillPoint.reach("claim.leased")
    var ownerships: [Shard: Ownership] = [:]
    do throws(StoreError) {
      ownerships = try await ledger.claim(nonces, owner: me)
      KillPoint.reach("claim.won")
      for shard in nonces.keys.sorted() where ownerships[shard] == nil {
        report(.claimFailed(shard, reason: "an earlier owner's commit is under way"))
      }
    } catch {
      await missed(nonces.keys.sorted(), error)
    }
    await keep(ownerships.values)
    for ownership in ownerships.values.sorted(by: { $0.shard < $1.shard }) {
      let cause = causes[ownership.shard] ?? .free
      let reading = Task { await self.recover(ownership, cause: cause) }
      inHand.withLock { $0.begin(ownership.nonce, reading) }
    }
    for (shard, nonce) in nonces.sorted(by: { $0.key < $1.key }) where ownerships[shard] == nil {
      try await leases.release(shard, nonce: nonce)
    }
  }

  private func missed(_ shards: [Shard], _ error: StoreError) async {
    if error.isAboutConnection { lane.missedDatabase() }
    for shard in shards {
      if !error.isPassing { backoff.failed(shard) }
      report(.claimFailed(shard, reason: "\(error)"))
    }
  }

  /// Reads a claimed shard's book and takes the shard into work; gives its lease back where that fails.
  private func recover(_ ownership: Ownership, cause: ClaimCause) async {
    do throws(StoreError) {
      for book in try await ledger.books(of: [ownership.shard]) where book.shard == ownership.shard {
        guard let engine = takeOver.rebuilt(book) else { break }
        // Given up meanwhile: the worker stops.
        guard inHand.withLock({ $0.adopt(ownership.nonce) }) else { return }
        guard await takeOver.begin(ownership, engine, cause: cause) else { break }
        _ = inHand.withLock { $0.end(ownership.nonce) }
        return
      }
    } catch {
      await missed([ownership.shard], error)
    }
    let isHeld = inHand.withLock { $0.end(ownership.nonce) }
    if isHeld { await giveBack(ownership) }
  }

  /// A lease that cannot be given back runs out by itself.
  private func giveBack(_ ownership: Ownership) async {
    await troubles.attempt(.leases) { () async throws(StreamError) in
      try await leases.release(ownership.shard, nonce: ownership.nonce)
    }
  }

  /// Gives back what is in hand: no book that is read from now on is worked. Whoever is just taking a shard into work is
  /// waited for.
  func stop() async {
    let (unread, adopting) = inHand.withLock { $0.stop() }
    for ownership in unread { await giveBack(ownership) }
    for task in adopting { await task.value }
  }

  private func winLeases(_ wanted: [(shard: Shard, over: Lease?)]) async throws(StreamError) -> [Shard: UInt64] {
    var nonces: [Shard: UInt64] = [:]
    for (shard, lease) in wanted {
      let nonce = random()
      let isMine = try await leases.acquire(
        shard, owner: me, nonce: nonce, over: lease, lifetime: settings.leaseLifetime)
      if isMine { nonces[shard] = nonce }
    }
    return nonces
  }

  /// Lets the heartbeat's loop renew leases while the books are rebuilt, and says the epochs in them at once.
  private func keep(_ ownerships: some Collection<Ownership>) async {
    guard !ownerships.isEmpty else { return }
    let renewals = ownerships.map(\.renewal)
    inHand.withLock { for ownership in ownerships { $0.add(ownership) } }
    // Where this fails, the next renewal may come through in time.
    await troubles.attempt(.leases) { () async throws(StreamError) in
      _ = try await leases.renew(renewals, owner: me, lifetime: settings.leaseLifetime)
    }
  }

  // MARK: Giving away

  /// Hands shards to the workers that asked for them: each after the round in hand.
  func handOver(_ shards: [(shard: Shard, to: Successor)]) async throws(StreamError) {
    guard !shards.isEmpty else { return }
    let released = await release(shards.map(\.shard))
    KillPoint.reach("handover.released")
    for (shard, successor) in shards {
      guard let ownership = released[shard] else { continue }
      let isHandedOver = try await leases.handOver(
        shard, owner: me, nonce: ownership.nonce, to: successor, lifetime: settings.leaseLifetime)
      if isHandedOver {
        report(.handedOver(shard, ownership.epoch, to: successor.worker))
      } else {
        try await leases.release(shard, nonce: ownership.nonce)
        report(.released(shard, ownership.epoch))
      }
    }
  }

  /// Gives shards up for anyone to take.
  func letGo(_ shards: [Shard]) async {
    for (shard, ownership) in await release(shards).sorted(by: { $0.key < $1.key }) {
      await troubles.attempt(.leases) { () async throws(StreamError) in
        try await leases.release(shard, nonce: ownership.nonce)
      }
      report(.released(shard, ownership.epoch))
    }
  }

  /// Takes shards out of work, all after the same round.
  private func release(_ shards: [Shard]) async -> [Shard: Ownership] {
    await withTaskGroup(of: Ownership?.self) { group in
      for shard in shards { group.addTask { await self.lane.release(shard) } }
      return await group.reduce(into: [:]) { released, ownership in
        if let ownership { released[ownership.shard] = ownership }
      }
    }
  }
}
