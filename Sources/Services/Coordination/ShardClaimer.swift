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
  private let inHand = Lock<[Shard: LeaseRenewal]>([:])
  private let rests: ShardRests
  private let troubles: PortTroubles

  init(
    me: WorkerID, ledger: any SettlementLedger, leases: any LeaseStore, lane: ExecutionLane,
    settings: ExecutionSettings, rests: ShardRests, random: @escaping @Sendable () -> UInt64,
    report: @escaping @Sendable (WorkerEvent) -> Void
  ) {
    self.rests = rests
    troubles = PortTroubles { report(.trouble($0)) }
    self.me = me
    self.ledger = ledger
    self.leases = leases
    self.lane = lane
    self.settings = settings
    self.random = random
    self.report = report
  }

  /// The leases of claims in hand, which must be kept meanwhile.
  var claiming: [LeaseRenewal] { inHand.withLock { $0.values.sorted { $0.shard < $1.shard } } }

  /// Claims shards, some at a time, as long as `mayGoOn`.
  /// - Parameter wanted: Each with the lease of a holder that is gone, if there is one.
  func claim(_ wanted: [(shard: Shard, over: Lease?)], while mayGoOn: () -> Bool) async throws(StreamError) {
    let resting = rests.resting
    var rest = wanted.filter { !resting.contains($0.shard) }[...]
    while !rest.isEmpty, mayGoOn() {
      let some = rest.prefix(settings.claimLimit)
      rest = rest.dropFirst(some.count)
      try await claimSome(Array(some))
    }
  }

  private func claimSome(_ wanted: [(shard: Shard, over: Lease?)]) async throws(StreamError) {
    let causes = Dictionary(
      uniqueKeysWithValues: wanted.map { ($0.shard, $0.over.map { ClaimCause.crashed($0.owner) } ?? .free) })
    let nonces = try await winLeases(wanted)
    guard !nonces.isEmpty else { return }
    KillPoint.reach("claim.leased")
    defer { inHand.withLock { for shard in nonces.keys { $0[shard] = nil } } }
    var left = nonces
    do throws(LedgerError) {
      let ownerships = try await ledger.claim(nonces, owner: me)
      KillPoint.reach("claim.won")
      await keep(ownerships.values)
      for book in try await ledger.books(of: ownerships.keys.sorted()) {
        guard let ownership = ownerships[book.shard] else { continue }
        if await begin(ownership, book, cause: causes[book.shard] ?? .free) { left[book.shard] = nil }
      }
      for shard in nonces.keys.sorted() where ownerships[shard] == nil {
        report(.claimFailed(shard, reason: "an earlier owner's commit is under way"))
      }
    } catch {
      if error.isAboutConnection { await lane.missedDatabase() }
      for shard in left.keys.sorted() {
        if !error.isPassing { rests.failed(shard) }
        report(.claimFailed(shard, reason: "\(error)"))
      }
    }
    for (shard, nonce) in left.sorted(by: { $0.key < $1.key }) { try await leases.release(shard, nonce: nonce) }
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
    let renewals = ownerships.map {
      LeaseRenewal(shard: $0.shard, nonce: $0.nonce, epoch: $0.epoch, processed: $0.processed)
    }
    inHand.withLock { for renewal in renewals { $0[renewal.shard] = renewal } }
    await troubles.attempt(.leases) { () async throws(StreamError) in
      _ = try await leases.renew(renewals, owner: me, lifetime: settings.leaseLifetime)
    }
  }

  private func begin(_ ownership: Ownership, _ book: ShardBook, cause: ClaimCause) async -> Bool {
    guard book.processed == ownership.processed else {
      // Another has claimed and settled since: its books are not for this claim's epoch.
      report(.claimFailed(ownership.shard, reason: "another has settled since it was claimed"))
      return false
    }
    do throws(RecoveryFault) {
      let engine = try ShardEngine(book)
      await lane.adopt(ownership, engine)
      report(.claimed(ownership.shard, ownership.epoch, openOrders: book.orders.count, cause: cause))
      return true
    } catch {
      let pause = rests.failed(ownership.shard)
      report(.recoveryFailed(ownership.shard, reason: "\(error)", pause: pause))
      return false
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
