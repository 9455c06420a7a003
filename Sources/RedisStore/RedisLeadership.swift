internal import Market
public import Ports
internal import Redis
public import Sharding

/// Keeps the leader's lease and what the leader wishes in Redis.
public final class RedisLeadership: LeaderStore {
  private let client: RedisClient

  /// Makes a store; it connects at its first call.
  public init(_ settings: RedisStoreSettings) { client = settings.client(for: "leader") }

  /// The leader's lease; one that was damaged by hand counts as free.
  public func seat() async throws(StreamError) -> LeaderElection.Seat? {
    let replies = try await streamErrors { () async throws(RedisError) in
      try await client.send([
        RedisCommand("HMGET", Keys.leader, "worker", "nonce", "counter", "term"), RedisCommand("PTTL", Keys.leader),
      ])
    }
    if case .refusal(let refusal) = replies[0], refusal.code != "WRONGTYPE" { throw StreamError(.refused(refusal)) }
    guard let values = replies[0].array, values.count == 4, let remaining = replies[1].integer, remaining >= 0,
      let worker = values[0].text, let nonce = values[1].text.flatMap({ UInt64($0) }),
      let counter = values[2].text.flatMap({ UInt64($0) }), let term = values[3].integer
    else { return nil }
    return LeaderElection.Seat(
      worker: WorkerID(rawValue: worker), nonce: nonce, counter: counter, term: Term(rawValue: term),
      remainingMilliseconds: remaining)
  }

  /// Takes the lease in one step on the server.
  public func campaign(
    _ worker: WorkerID, nonce: UInt64, over: LeaderElection.Seat?, lifetime: Duration
  ) async throws(StreamError) -> Bool {
    try await run(LeaderScripts.campaign(worker, nonce: nonce, over: over, lifetime: lifetime))
  }

  /// Extends the lease in one step on the server.
  public func extend(
    _ worker: WorkerID, _ leadership: Leadership, lifetime: Duration
  ) async throws(StreamError) -> Bool {
    try await run(LeaderScripts.extend(worker, leadership, lifetime: lifetime))
  }

  /// Gives the lease up in one step on the server.
  public func resign(nonce: UInt64) async throws(StreamError) { _ = try await run(LeaderScripts.resign(nonce: nonce)) }

  /// What is wished. Fields that name no shard are left out.
  public func assignment(unless known: Assignment?) async throws(StreamError) -> Assignment? {
    try await streamErrors { () async throws(RedisError) in
      let version = try await client.send(RedisCommand("HMGET", Keys.assignment, "term", "generation"))
      guard let values = version.array, values.count == 2, let term = values[0].integer,
        let generation = values[1].integer
      else { return nil }
      if let known, known.term.rawValue == term, known.generation == generation { return known }
      let fields = try await client.send(RedisCommand("HGETALL", Keys.assignment)).array ?? []
      var wishes: [Shard: WorkerID] = [:]
      for index in stride(from: 0, to: fields.count - 1, by: 2) {
        guard let shard = fields[index].text.flatMap({ Int16($0) }), let worker = fields[index + 1].text else {
          continue
        }
        wishes[Shard(rawValue: shard)] = WorkerID(rawValue: worker)
      }
      return Assignment(term: Term(rawValue: term), generation: generation, wishes: wishes)
    }
  }

  /// Writes the wishes in one step on the server.
  public func publish(_ assignment: Assignment) async throws(StreamError) -> Bool {
    try await run(LeaderScripts.publish(assignment))
  }

  private func run(_ call: RedisScript.Call) async throws(StreamError) -> Bool {
    try await streamErrors { () async throws(RedisError) in try await client.run([call])[0].accepted() == .integer(1) }
  }
}
