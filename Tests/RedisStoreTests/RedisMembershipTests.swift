import Lifecycle
import Market
import Ports
import Redis
import Sharding
import TestKit
import Testing

@testable import RedisStore

@Suite struct RedisMembershipTests {
  let server: RedisServer
  let operators: RedisClient
  let a = WorkerID(rawValue: "host-1-a")
  let b = WorkerID(rawValue: "host-2-b")
  let long = Duration.seconds(60)

  init() throws {
    server = try RedisServer()
    operators = RedisClient(RedisSettings(address: server.address, name: "operator"))
  }

  /// The membership of a worker's own process.
  private func member(_ worker: WorkerID) -> RedisMembership {
    RedisMembership(RedisStoreSettings(address: server.address, name: worker.rawValue))
  }

  private func heartbeat(_ worker: WorkerID, shards: [Int16] = []) -> Heartbeat {
    var heartbeat = Heartbeat(
      worker: worker, host: "h", pid: 7, version: "1.0 (a b)", startedAt: Timestamp(rawValue: 1_764_000_000_000_000),
      admin: "[::1]:9081", state: .draining)
    for shard in shards {
      heartbeat.loads[Shard(rawValue: shard)] = ShardLoad(
        commandsPerSecond: 12, matchingMicroseconds: 345, openOrders: 6_789)
    }
    (heartbeat.beat, heartbeat.busyPermille) = (42, 321)
    (heartbeat.redisLatency, heartbeat.commitLatency) = (.microseconds(99), .microseconds(4_000))
    return heartbeat
  }

  @Test func heartbeatsAreListedWholeUntilTheyExpireOrLeave() async throws {
    let (first, second) = (member(a), member(b))
    #expect(try await first.workers() == [])
    #expect(try await first.beat(heartbeat(a, shards: [0, 17]), lifetime: long) == nil)
    #expect(try await second.beat(heartbeat(b), lifetime: long) == nil)
    let listed = try await first.workers().sorted { $0.worker < $1.worker }
    #expect(listed.map(\.connection).allSatisfy { $0 != nil })
    var withoutConnections = listed
    for index in listed.indices { withoutConnections[index].connection = nil }
    #expect(withoutConnections == [heartbeat(a, shards: [0, 17]), heartbeat(b)])
    _ = try await second.beat(heartbeat(b), lifetime: .milliseconds(50))
    while try await first.workers().count > 1 { try await Task.sleep(for: .milliseconds(5)) }
    try await first.leave(a)
    #expect(try await second.workers() == [])
  }

  @Test func aConnectionThatEndsShowsAtOnceWhileTheHeartbeatStands() async throws {
    let looker = RedisMembership(RedisStoreSettings(address: server.address, name: "looker"), for: "fleet")
    let living = member(b)
    _ = try await living.beat(heartbeat(b), lifetime: long)
    do {
      let dying = member(a)
      _ = try await dying.beat(heartbeat(a), lifetime: long)
      #expect(try await looker.connected(try await looker.workers()) == [a: true, b: true])
    }
    // The dying one is gone with its connection; the server notices when it next looks at the socket.
    while try await looker.connected(try await looker.workers()) != [a: false, b: true] {
      try await Task.sleep(for: .milliseconds(5))
    }
  }

  @Test func aServerThatWasRestartedKnowsNothingOfOlderConnections() async throws {
    let looker = RedisMembership(RedisStoreSettings(address: server.address, name: "looker"), for: "fleet")
    let living = member(a)
    _ = try await living.beat(heartbeat(a), lifetime: long)
    let before = try await looker.workers()
    try server.restartEmpty()
    #expect(try await looker.connected(before) == [:])
    _ = try await living.beat(heartbeat(a), lifetime: long)
    #expect(try await looker.connected(try await looker.workers()) == [a: true])
  }

  @Test func anOperatorsWordReachesItsWorkerOnce() async throws {
    let (teller, worker) = (member(b), member(a))
    for order in WorkerInstruction.allCases {
      try await teller.instruct(a, order, lifetime: long)
      #expect(try await worker.beat(heartbeat(a), lifetime: long) == order)
      #expect(try await worker.beat(heartbeat(a), lifetime: long) == nil)
    }
  }

  @Test func whatIsNoHeartbeatIsLeftOut() async throws {
    _ = try await operators.send(RedisCommand("ZADD", "bw:workers", "1", "ghost"))
    _ = try await operators.send(RedisCommand("HSET", "bw:worker:odd", "host", "h"))
    _ = try await operators.send(RedisCommand("ZADD", "bw:workers", "2", "odd"))
    let store = member(a)
    _ = try await store.beat(heartbeat(a, shards: [1]), lifetime: long)
    #expect(try await store.workers().map(\.worker) == [a])
    let names = try await operators.send(RedisCommand("ZRANGE", "bw:workers", "0", "-1")).array?.compactMap(\.text)
    #expect(names == ["odd", a.rawValue], "one without a heartbeat leaves the list")
    for loads in ["1", "1:2/3", "x:1/2/3", "1:-1/0/0", "1:9999999999999/0/0", "99999:1/1/1", "01:1/1/1"] {
      _ = try await operators.send(RedisCommand("HSET", "bw:worker:\(a)", "loads", loads))
      #expect(try await store.workers() == [], "\(loads)")
    }
  }

  /// Keys of another type stop neither beats nor looks, and are replaced and told of once.
  @Test func keysOfAnotherTypeStopNobodyAndAreReplaced() async throws {
    let settings = RedisStoreSettings(address: server.address, name: a.rawValue)
    let found = Lock<[String]>([])
    settings.damage.hear { key in found.withLock { $0.append(key.key) } }
    let store = RedisMembership(settings)
    for damage in [
      ["SET bw:workers x"], ["SADD bw:worker:host-1-a x"], ["LPUSH bw:worker:host-1-a:order x"],
      ["SET bw:worker:host-1-a:order drain"],
    ] {
      found.withLock { $0 = [] }
      _ = try await operators.send(["bw:workers", "bw:worker:host-1-a"].map { RedisCommand("DEL", $0) })
      _ = try await operators.send(damage.map { .words($0) })
      _ = try await store.workers()
      for _ in 0..<2 { #expect(try await store.beat(heartbeat(a), lifetime: long) == nil, "\(damage)") }
      #expect(try await store.workers().map(\.worker) == [a])
      #expect(found.withLock { $0.count } == 1, "\(damage)")
    }
    // Another's, which only its worker writes.
    _ = try await operators.send(
      [
        "ZADD bw:workers 5 gone", "HSET bw:worker:gone host h", "ZADD bw:workers inf a:b",
        "ZADD bw:workers -inf \u{fc}",
      ].map {
        .words($0)
      })
    found.withLock { $0 = [] }
    for _ in 0..<3 { #expect(try await store.workers().map(\.worker) == [a]) }
    #expect(found.withLock { $0 } == ["bw:worker:gone"])
    #expect(try await operators.send(.words("ZRANGE bw:workers 0 -1")).array?.compactMap(\.text) == [a.rawValue])
    // A list that somebody has filled.
    for batch in 0..<11 {
      var command = RedisCommand("ZADD", "bw:workers")
      for number in 0..<1_000 {
        command.add("9999999999999")
        command.add("junk-\(batch)-\(number)")
      }
      _ = try await operators.send(command)
    }
    _ = try await store.beat(heartbeat(a), lifetime: long)
    #expect(try await store.workers().map(\.worker) == [a])
  }

  /// A heartbeat that speaks of a connection that cannot be keeps nobody from hearing of the others'.
  @Test func aConnectionThatCannotBeIsNone() async throws {
    let store = member(a)
    _ = try await store.beat(heartbeat(a), lifetime: long)
    let server = try #require(try await store.workers().first?.connection?.server)
    for client in ["-5", "0", "9223372036854775807", "x"] {
      _ = try await member(b).beat(heartbeat(b), lifetime: long)
      _ = try await operators.send(.words("HSET bw:worker:host-2-b server \(server) client \(client)"))
      let connected = try await store.connected(try await store.workers())
      #expect(connected[a] == true && connected[b] != true, "\(client)")
    }
  }
}
