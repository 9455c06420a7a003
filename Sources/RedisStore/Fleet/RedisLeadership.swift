internal import Market
public import Ports
internal import Redis
public import Sharding

/// Keeps the leader's lease and what the leader assigns in Redis.
public final class RedisLeadership: LeaderStore {
  private let client: RedisClient
  private let damage: DamageReports

  /// Makes a store; it connects at its first call.
  public init(_ settings: RedisStoreSettings) {
    client = settings.client(for: "leader")
    damage = settings.damage
  }

  /// The leader's lease; a damaged one counts as free (``KeyRule/leader``).
  public func seat() async throws(StreamError) -> LeaderElection.Seat? {
    let replies = try await streamErrors { () async throws(RedisError) in
      try await client.read(
        [KeyRule.leader.read(Keys.leader), RedisCommand("PTTL", Keys.leader)], tending: LeaderScripts.clear,
        reports: damage)
    }
    try replies[0].acceptedUnlessOfAnotherType()
    guard let record = KeyRule.leader.accepts(replies[0], remaining: replies[1]), let left = replies[1].integer,
      let worker = record.worker("worker"), let nonce = record.bits("nonce"), let counter = record.bits("counter"),
      let term = record.number("term")
    else { return nil }
    return LeaderElection.Seat(
      worker: worker, nonce: nonce, counter: counter, term: Term(rawValue: term), remaining: .milliseconds(left))
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
  public func resign(nonce: UInt64) async throws(StreamError) {
    try await streamErrors { () async throws(RedisError) in
      _ = try await client.run([LeaderScripts.resign(nonce: nonce)])[0].accepted()
    }
  }

  /// What is assigned; nil when nothing is, or when it is damaged: a field that names no shard is no leader's.
  public func assignment(unless known: Assignment?) async throws(StreamError) -> Assignment? {
    try await streamErrors { () async throws(RedisError) in
      let version = try await client.read(
        [KeyRule.assignment.read(Keys.assignment)], tending: LeaderScripts.clear, reports: damage)[0]
      guard !version.isOfAnotherType,
        let record = KeyRule.assignment.accepts(try version.accepted(), remaining: .null),
        let term = record.number("term"), let generation = record.number("generation")
      else { return nil }
      if let known, known.term.rawValue == term, known.generation == generation { return known }
      guard let targets = AssignmentText.targets(try await fields()) else { return nil }
      return Assignment(term: Term(rawValue: term), generation: generation, targets: targets)
    }
  }

  /// All fields of the assignment and their values.
  private func fields() async throws(RedisError) -> [RedisValue] {
    let reply = try await client.read(
      [RedisCommand("HGETALL", Keys.assignment)], tending: LeaderScripts.clear, reports: damage)[0]
    return reply.isOfAnotherType ? [] : try reply.accepted().array ?? []
  }

  /// Writes the targets in one step on the server.
  public func publish(_ assignment: Assignment, over lie: Assignment?) async throws(StreamError) -> Bool {
    try await run(LeaderScripts.publish(assignment, over: lie))
  }

  private func run(_ call: RuledScript.Call) async throws(StreamError) -> Bool {
    try await streamErrors { () async throws(RedisError) in try await client.run([call], reports: damage)[0].isYes }
  }
}

/// The targets of an assignment as fields of a hash.
enum AssignmentText {
  /// The targets in fields and values in turn; nil when one of them is no program's of ours.
  static func targets(_ fields: [RedisValue]) -> [Shard: WorkerID]? {
    guard fields.count.isMultiple(of: 2) else { return nil }
    var targets: [Shard: WorkerID] = [:]
    for index in stride(from: 0, to: fields.count, by: 2) {
      guard let name = fields[index].bytes, let value = fields[index + 1].bytes else { return nil }
      if name.elementsEqual("term".utf8) || name.elementsEqual("generation".utf8) { continue }
      guard let shard = Shard(name), let worker = WorkerID(value) else { return nil }
      targets[shard] = worker
    }
    return targets
  }
}

extension Shard {
  /// The number in bytes from outside; nil when no shard bears it.
  init?(_ bytes: [UInt8]) {
    guard FieldForm.number(digits: 5).accepts(bytes), let number = Int16(String(decoding: bytes, as: UTF8.self)) else {
      return nil
    }
    self.init(rawValue: number)
  }
}
