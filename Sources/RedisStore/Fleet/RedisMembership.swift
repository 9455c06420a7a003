internal import Lifecycle
internal import Market
public import Ports
internal import Redis
public import Sharding

/// Keeps the fleet's heartbeats in Redis, and tells by Redis's list of connections who is gone.
///
/// Its connection is the one that stands for the process: when the process ends, the server sees it end.
public final class RedisMembership: MembershipStore {
  /// Most workers that are listed.
  static let mostWorkers = 1000

  private let client: RedisClient
  private let damage: DamageReports
  /// How often the streams that belong to no shard are looked after, in nanoseconds.
  private static let carePeriod: Int64 = 1_000_000_000
  private let nextCare = Lock(Int64(0))

  /// Makes a store; it connects at its first call. `purpose` shows in the connection's name: the one that beats is
  /// `member`.
  public init(_ settings: RedisStoreSettings, for purpose: String = "member") {
    client = settings.client(for: purpose)
    damage = settings.damage
  }

  /// Writes a worker's heartbeat, lists it, and takes what it was told meanwhile.
  public func beat(_ heartbeat: Heartbeat, lifetime: Duration) async throws(StreamError) -> WorkerInstruction? {
    try await streamErrors { () async throws(RedisError) in
      var heartbeat = heartbeat
      var said: Heartbeat.Connection?
      // The connection may be replaced while the heartbeat is sent; once more is enough, else the next beat says it.
      for _ in 0..<2 {
        let identity = try await client.identity(for: Keys.workers)
        heartbeat.connection = Heartbeat.Connection(server: identity.server, client: identity.client)
        guard heartbeat.connection != said else { break }
        said = heartbeat.connection
        _ = try await client.run(HeartbeatRecord.calls(heartbeat, lifetime: lifetime), reports: damage)
      }
      let order = try await client.run([HeartbeatRecord.takeOrder(heartbeat.worker)], reports: damage)[0].value
      return order.text.flatMap(WorkerInstruction.init)
    }
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

  /// The workers whose heartbeats stand, the latest first; others leave the list, and damaged heartbeats are taken away.
  public func workers() async throws(StreamError) -> [Heartbeat] {
    try await streamErrors { () async throws(RedisError) in
      let reply = try await client.send([
        RedisCommand("ZREVRANGE", Keys.workers, "0", String(Self.mostWorkers - 1))
      ])[0]
      // A list of another type is replaced by the next beat of anybody.
      let listed = reply.isOfAnotherType ? [] : try reply.accepted().array ?? []
      let names = listed.compactMap { $0.bytes.flatMap { WorkerID($0) } }
      let replies = try await client.read(
        names.flatMap { [KeyRule.worker.read(Keys.worker($0)), RedisCommand("PTTL", Keys.worker($0))] },
        tending: names.map { HeartbeatRecord.clear($0) }, reports: damage)
      var found: [Heartbeat] = []
      var unlisted = listed.filter { $0.bytes.map { WorkerID($0) == nil } ?? false }
      var damaged: [WorkerID] = []
      for (index, name) in names.enumerated() {
        let (fields, remaining) = (replies[2 * index], replies[2 * index + 1])
        if let heartbeat = HeartbeatRecord.parse(fields, remaining: remaining, worker: name) {
          found.append(heartbeat)
        } else if HeartbeatRecord.isAbsent(fields) {
          unlisted.append(.bytes(Array(name.rawValue.utf8)))
        } else {
          damaged.append(name)
        }
      }
      await tidy(unlisted: unlisted.compactMap(\.bytes), damaged: damaged)
      return found
    }
  }

  /// Takes names off the list and damaged heartbeats away, and looks after the streams that belong to no shard. A user who may only read is refused, and workers do it.
  private func tidy(unlisted: [[UInt8]], damaged: [WorkerID]) async {
    do throws(RedisError) {
      // One that beats in between is listed again by its next beat.
      _ = try await client.send(
        unlisted.map { name in
          var command = RedisCommand("ZREM", Keys.workers)
          command.add(name)
          return command
        })
      guard damage.isHeard else { return }
      _ = try await client.run(damaged.map { HeartbeatRecord.clear($0) }, reports: damage)
      let now = HostClock.monotonicNanoseconds()
      let isDue = nextCare.withLock { next in
        guard now >= next else { return false }
        next = now + Self.carePeriod
        return true
      }
      guard isDue else { return }
      _ = try await client.run(Keys.sharedStreams.map { StreamCare.call($0) }, reports: damage)
    } catch {
      // What is found stands all the same; the next look tidies.
    }
  }

  /// Looks the heartbeats' connections up in the list of the server that holds the list of workers: every worker keeps
  /// one there.
  public func connected(_ heartbeats: [Heartbeat]) async throws(StreamError) -> [WorkerID: Bool] {
    try await streamErrors { () async throws(RedisError) in
      let own = try await client.identity(for: Keys.workers)
      let asked = heartbeats.compactMap { heartbeat in
        heartbeat.connection.flatMap { $0.server == own.server ? (worker: heartbeat.worker, client: $0.client) : nil }
      }
      guard !asked.isEmpty else { return [:] }
      var command = RedisCommand("CLIENT", "LIST", "ID")
      for connection in asked { command.add(String(connection.client)) }
      let list = try await client.send(command.near(Keys.workers)).text ?? ""
      // The name is compared as well: numbers of a server that came back from an old state may repeat.
      let standing = Set(list.split(separator: "\n").compactMap(Self.connection))
      return Dictionary(
        asked.map { ($0.worker, standing.contains("\($0.client) \($0.worker):member")) },
        uniquingKeysWith: { $1 })
    }
  }

  /// Leaves word for a worker.
  public func instruct(_ worker: WorkerID, _ order: WorkerInstruction, lifetime: Duration) async throws(StreamError) {
    try await streamErrors { () async throws(RedisError) in
      _ = try await client.send(
        RedisCommand("SET", Keys.order(worker), order.rawValue, "PX", String(lifetime.milliseconds)))
    }
  }

  /// Number and name in a line of `CLIENT LIST`: `id=7 addr=… name=host-1-a:member …`.
  private static func connection(_ line: Substring) -> String? {
    var number: Substring?
    var name: Substring?
    for field in line.split(separator: " ") {
      if field.hasPrefix("id=") { number = field.dropFirst(3) }
      if field.hasPrefix("name=") { name = field.dropFirst(5) }
    }
    guard let number, let name else { return nil }
    return "\(number) \(name)"
  }
}
