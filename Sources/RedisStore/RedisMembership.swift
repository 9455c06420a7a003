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

  /// Makes a store; it connects at its first call. `purpose` shows in the connection's name: the one that beats is
  /// `member`.
  public init(_ settings: RedisStoreSettings, for purpose: String = "member") {
    client = settings.client(for: purpose)
  }

  /// Writes a worker's heartbeat, lists it, and takes what it was told meanwhile.
  public func beat(_ heartbeat: Heartbeat, lifetime: Duration) async throws(StreamError) -> WorkerOrder? {
    try await streamErrors { () async throws(RedisError) in
      var heartbeat = heartbeat
      var said: Heartbeat.Connection?
      // The connection may be replaced while the heartbeat is sent; once more is enough, else the next beat says it.
      for _ in 0..<2 {
        let identity = try await client.identity(for: Keys.workers)
        heartbeat.connection = Heartbeat.Connection(server: identity.server, client: identity.client)
        guard heartbeat.connection != said else { break }
        said = heartbeat.connection
        for reply in try await client.run(HeartbeatRecord.calls(heartbeat, lifetime: lifetime)) {
          _ = try reply.accepted()
        }
      }
      let order = try await client.send(RedisCommand("GETDEL", Keys.order(heartbeat.worker)))
      return order.text.flatMap(WorkerOrder.init)
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

  /// The workers whose heartbeats stand, the latest first; others leave the list.
  public func workers() async throws(StreamError) -> [Heartbeat] {
    try await streamErrors { () async throws(RedisError) in
      let listed = try await client.send(RedisCommand("ZREVRANGE", Keys.workers, "0", String(Self.mostWorkers - 1)))
      let names = (listed.array ?? []).compactMap { $0.text.map(WorkerID.init(rawValue:)) }
      let replies = try await client.send(names.map { RedisCommand("HGETALL", Keys.worker($0)) })
      let silent = zip(names, replies).filter { $1.array?.isEmpty ?? false }.map(\.0)
      // One that beats in between is listed again by its next beat.
      _ = try await client.send(silent.map { RedisCommand("ZREM", Keys.workers, $0.rawValue) })
      return zip(names, replies).compactMap { name, reply in HeartbeatRecord.parse(reply, worker: name) }
    }
  }

  /// Looks the heartbeats' connections up in the list of the server that holds the list of workers: every worker keeps
  /// one there.
  public func connected(_ heartbeats: [Heartbeat]) async throws(StreamError) -> [WorkerID: Bool] {
    try await streamErrors { () async throws(RedisError) in
      let own = try await client.identity(for: Keys.workers)
      let asked = heartbeats.filter { $0.connection?.server == own.server }
      guard !asked.isEmpty else { return [:] }
      var command = RedisCommand("CLIENT", "LIST", "ID")
      for heartbeat in asked { command.add(String(heartbeat.connection!.client)) }
      let list = try await client.send(command.near(Keys.workers)).text ?? ""
      // The name is compared as well: numbers of a server that came back from an old state may repeat.
      let standing = Set(list.split(separator: "\n").compactMap(Self.connection))
      return Dictionary(
        asked.map { ($0.worker, standing.contains("\($0.connection!.client) \($0.worker):member")) },
        uniquingKeysWith: { $1 })
    }
  }

  /// Leaves word for a worker.
  public func tell(_ worker: WorkerID, _ order: WorkerOrder, lifetime: Duration) async throws(StreamError) {
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
