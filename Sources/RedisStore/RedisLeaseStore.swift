public import Market
public import Ports
internal import Redis
public import Sharding

/// Keeps leases and heartbeats in Redis, where they expire by themselves. Its connection is its own, so that nothing but
/// the server delays a renewal.
public final class RedisLeaseStore: LeaseStore {
  /// Most workers that are listed.
  static let mostWorkers = 1000

  private let client: RedisClient

  /// Makes a store; it connects at its first call.
  public init(_ settings: RedisStoreSettings) { client = settings.client(for: "lease") }

  /// The leases that are held now; one that was damaged by hand counts as free.
  public func leases(of shards: [Shard]) async throws(StreamError) -> [Shard: Lease] {
    let commands = shards.flatMap { shard in
      [
        RedisCommand("HMGET", Keys.lease(shard), "owner", "nonce", "counter", "epoch"),
        RedisCommand("PTTL", Keys.lease(shard)),
      ]
    }
    let replies = try await streamErrors { () async throws(RedisError) in try await client.send(commands) }
    var leases: [Shard: Lease] = [:]
    for (index, shard) in shards.enumerated() {
      leases[shard] = try lease(fields: replies[2 * index], remaining: replies[2 * index + 1])
    }
    return leases
  }

  /// Takes a free lease in one step on the server.
  public func acquire(
    _ shard: Shard, owner: WorkerID, nonce: UInt64, lifetime: Duration
  ) async throws(StreamError) -> Bool {
    try await run([LeaseScripts.acquire(shard, owner: owner, nonce: nonce, lifetime: lifetime)]) == [true]
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
    _ = try await run([LeaseScripts.release(shard, nonce: nonce)])
  }

  /// Writes a worker's heartbeat and lists it.
  public func beat(_ heartbeat: Heartbeat, lifetime: Duration) async throws(StreamError) {
    _ = try await run(HeartbeatRecord.calls(heartbeat, lifetime: lifetime))
  }

  /// Takes a worker's heartbeat away.
  public func leave(_ worker: WorkerID) async throws(StreamError) {
    try await streamErrors { () async throws(RedisError) in
      let replies = try await client.send([
        RedisCommand("DEL", Keys.worker(worker)), RedisCommand("ZREM", Keys.workers, worker.rawValue),
      ])
      for reply in replies { _ = try reply.accepted() }
    }
  }

  /// The workers that are alive, the latest heartbeat first; dead ones leave the list.
  public func workers() async throws(StreamError) -> [Heartbeat] {
    try await streamErrors { () async throws(RedisError) in
      let listed = try await client.send(RedisCommand("ZREVRANGE", Keys.workers, "0", String(Self.mostWorkers - 1)))
      let names = (listed.array ?? []).compactMap { $0.text.map(WorkerID.init(rawValue:)) }
      let replies = try await client.send(names.map { RedisCommand("HGETALL", Keys.worker($0)) })
      let dead = zip(names, replies).filter { $1.array?.isEmpty ?? false }.map(\.0)
      // One that beats in between is listed again by its next beat.
      _ = try await client.send(dead.map { RedisCommand("ZREM", Keys.workers, $0.rawValue) })
      return zip(names, replies).compactMap { name, reply in HeartbeatRecord.parse(reply, worker: name) }
    }
  }

  /// Runs scripts that answer yes or no.
  private func run(_ calls: [RedisScript.Call]) async throws(StreamError) -> [Bool] {
    try await streamErrors { () async throws(RedisError) in
      try await client.run(calls).map { reply throws(RedisError) in try reply.accepted() == .integer(1) }
    }
  }

  /// The lease in a hash; nil when it is free, or damaged and therefore free.
  private func lease(fields: RedisValue, remaining: RedisValue) throws(StreamError) -> Lease? {
    if case .refusal(let refusal) = fields, refusal.code != "WRONGTYPE" { throw StreamError(.refused(refusal)) }
    guard let values = fields.array, values.count == 4, let remaining = remaining.integer, remaining >= 0,
      let owner = values[0].text, let nonce = values[1].text.flatMap({ UInt64($0) }),
      let counter = values[2].text.flatMap({ UInt64($0) }), let epoch = values[3].integer
    else { return nil }
    return Lease(
      owner: WorkerID(rawValue: owner), nonce: nonce, counter: counter, epoch: Epoch(rawValue: epoch),
      remainingMilliseconds: remaining)
  }
}
