public import Market
public import Ports
internal import Redis
public import Sharding

/// Keeps leases in Redis, where they expire by themselves. Its connection is its own, so that nothing but the server
/// delays a renewal.
public final class RedisLeaseStore: LeaseStore {
  private let client: RedisClient
  private let damage: DamageReports

  /// Makes a store; it connects at its first call. `purpose` shows in the connection's name.
  public init(_ settings: RedisStoreSettings, for purpose: String = "lease") {
    client = settings.client(for: purpose)
    damage = settings.damage
  }

  /// The leases that are held now; a damaged one counts as free (``KeyRule/lease``).
  public func leases(of shards: [Shard]) async throws(StreamError) -> [Shard: Lease] {
    let commands = shards.flatMap { shard in
      [KeyRule.lease.read(Keys.lease(shard)), RedisCommand("PTTL", Keys.lease(shard))]
    }
    let replies = try await streamErrors { () async throws(RedisError) in
      try await client.read(
        commands, tending: shards.map { LeaseScripts.clear.call(Keys.lease($0)) }, reports: damage)
    }
    var leases: [Shard: Lease] = [:]
    for (index, shard) in shards.enumerated() {
      leases[shard] = try lease(fields: replies[2 * index], remaining: replies[2 * index + 1])
    }
    return leases
  }

  /// Takes a lease in one step on the server.
  public func acquire(
    _ shard: Shard, owner: WorkerID, nonce: UInt64, over: Lease?, lifetime: Duration
  ) async throws(StreamError) -> Bool {
    try await run([LeaseScripts.acquire(shard, owner: owner, nonce: nonce, over: over, lifetime: lifetime)]) == [true]
  }

  /// Writes the successor into the lease in one step on the server.
  public func request(_ shard: Shard, for successor: Successor) async throws(StreamError) -> Bool {
    try await run([LeaseScripts.request(shard, for: successor)]) == [true]
  }

  /// Hands the lease over in one step on the server.
  public func handOver(
    _ shard: Shard, owner: WorkerID, nonce: UInt64, to successor: Successor, lifetime: Duration
  ) async throws(StreamError) -> Bool {
    try await run([
      LeaseScripts.handOver(shard, owner: owner, nonce: nonce, to: successor, lifetime: lifetime)
    ]) == [true]
  }

  /// Extends leases, each in one step on the server, all in one go.
  public func renew(
    _ leases: [LeaseRenewal], owner: WorkerID, lifetime: Duration
  ) async throws(StreamError) -> [Shard] {
    let held = try await run(leases.map { LeaseScripts.renew($0, owner: owner, lifetime: lifetime) })
    return zip(leases, held).compactMap { $1 ? nil : $0.shard }
  }

  /// Gives a lease up in one step on the server.
  public func release(_ shard: Shard, nonce: UInt64) async throws(StreamError) {
    try await streamErrors { () async throws(RedisError) in
      _ = try await client.run([LeaseScripts.release(shard, nonce: nonce)])[0].accepted()
    }
  }

  /// Runs scripts that answer yes or no.
  private func run(_ calls: [RuledScript.Call]) async throws(StreamError) -> [Bool] {
    try await streamErrors { () async throws(RedisError) in
      try await client.run(calls, reports: damage).map(\.isYes)
    }
  }

  /// The lease in a hash; nil when it is free, or damaged and therefore free.
  private func lease(fields: RedisValue, remaining: RedisValue) throws(StreamError) -> Lease? {
    try fields.acceptedUnlessOfAnotherType()
    guard let record = KeyRule.lease.accepts(fields, remaining: remaining), let left = remaining.integer,
      let owner = record.worker("owner"), let nonce = record.bits("nonce"), let counter = record.bits("counter"),
      let epoch = record.number("epoch")
    else { return nil }
    var lease = Lease(
      owner: owner, nonce: nonce, counter: counter, epoch: Epoch(rawValue: epoch), remaining: .milliseconds(left))
    if let successor = record.worker("successor"), let nonce = record.bits("successor_nonce") {
      lease.successor = Successor(worker: successor, nonce: nonce)
    }
    return lease
  }
}
