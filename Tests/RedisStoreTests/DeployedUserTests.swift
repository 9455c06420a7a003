import Market
import Ports
import Redis
import Sharding
import TestKit
import Testing

@testable import RedisStore

/// The users of `deploy/redis-users.acl` may do what their roles' stores do, and nothing else.
@Suite struct DeployedUserTests {
  let server: RedisServer
  let settings: RedisStoreSettings

  init() throws {
    let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    server = try RedisServer(options: ["--aclfile", "/\(root)/deploy/redis-users.acl"])
    settings = Self.settings(server, "worker")
  }

  private static func settings(_ server: RedisServer, _ role: String) -> RedisStoreSettings {
    RedisStoreSettings(
      address: RedisAddress(
        endpoint: .unix(path: server.socketPath),
        login: RedisLogin(user: "buttonwood-\(role)", password: "PASSWORD")),
      name: "w")
  }

  @Test(arguments: ContractPoint.leases) func leasesAreKept(_ point: ContractPoint<LeaseStoreContract>) async throws {
    try await point.check(LeaseStoreContract { [settings] in RedisLeaseStore(settings) })
  }

  @Test(arguments: ContractPoint.streams) func rowsAreCarried(_ point: ContractPoint<OrderStreamContract>) async throws
  {
    try await point.check(OrderStreamContract { [settings] in RedisOrderStream(settings) })
  }

  @Test func fleetAndHistoryAreKept() async throws {
    let membership = RedisMembership(settings)
    let worker = WorkerID(rawValue: "w")
    let heartbeat = Heartbeat(
      worker: worker, host: "h", pid: 1, version: "1", startedAt: Timestamp(rawValue: 0))
    _ = try await membership.beat(heartbeat, lifetime: .seconds(60))
    #expect(try await membership.connected(membership.workers()) == [worker: true])
    try await membership.instruct(worker, .drain, lifetime: .seconds(60))
    #expect(try await membership.beat(heartbeat, lifetime: .seconds(60)) == .drain)
    try await membership.leave(worker)
    let leadership = RedisLeadership(settings)
    #expect(try await leadership.campaign(worker, nonce: 1, over: nil, lifetime: .seconds(60)))
    let office = Leadership(term: Term(rawValue: 1), nonce: 1)
    #expect(try await leadership.extend(worker, office, lifetime: .seconds(60)))
    #expect(
      try await leadership.publish(
        Assignment(term: Term(rawValue: 1), generation: 1, targets: [Shard(rawValue: 1): worker])))
    #expect(try await leadership.assignment(unless: nil)?.targets == [Shard(rawValue: 1): worker])
    try await leadership.resign(nonce: 1)
    let event = FleetEvent(
      kind: .claimed, shard: Shard(rawValue: 1), worker: worker, epoch: Epoch(rawValue: 1), reason: "free")
    try await RedisFleetEvents(settings).record([event])
    #expect(try await RedisFleetEvents(settings).latest(5) == [event])
  }

  /// A gateway adds to streams and reads what others say; the keys by which shards and the lead are held are not its own.
  @Test func aGatewayPublishesAndReadsAndTouchesNoLease() async throws {
    let gateway = Self.settings(server, "gateway")
    let shard = Shard(rawValue: 1)
    let worker = WorkerID(rawValue: "w")
    #expect(
      try await RedisLeaseStore(settings).acquire(shard, owner: worker, nonce: 1, over: nil, lifetime: .seconds(60)))
    let client = gateway.client(for: "try")
    _ = try await client.send(.words("XADD bw:{s1}:orders * x y"))
    #expect(try await RedisLeaseStore(gateway).leases(of: [shard])[shard]?.owner == worker)
    _ = try await RedisMembership(gateway).workers()
    _ = try await RedisLeadership(gateway).seat()
    _ = try await RedisFleetEvents(gateway).latest(1)
    await #expect(throws: StreamError.self) {
      _ = try await RedisLeaseStore(gateway).acquire(
        Shard(rawValue: 2), owner: worker, nonce: 1, over: nil, lifetime: .seconds(60))
    }
    for command in [
      "DEL bw:{s1}:lease", "HSET bw:{s1}:lease owner x", "SET bw:{s1}:lease x", "PEXPIRE bw:{s1}:lease 1",
      "HSET bw:leader worker x", "SET bw:worker:w:order drain", "XTRIM bw:{s1}:orders MAXLEN 0", "DEL bw:{s1}:orders",
      "XADD bw:history * x y", "XADD bw:events:1 * x y", "XADD bw:{s1}:market * x y", "HSET bw:{s1}:md:AAPL x y",
    ] {
      await #expect(throws: RedisError.self, "\(command)") { try await client.send(.words(command)) }
    }
  }

  /// An operator's command tells workers what to do, and nothing else.
  @Test func anOperatorReportsWorkersAndReads() async throws {
    let operators = Self.settings(server, "operator")
    let worker = WorkerID(rawValue: "w")
    try await RedisMembership(operators).instruct(worker, .drain, lifetime: .seconds(60))
    _ = try await RedisMembership(operators).workers()
    _ = try await RedisLeaseStore(operators).leases(of: [Shard(rawValue: 1)])
    _ = try await RedisFleetEvents(operators).latest(1)
    let client = operators.client(for: "try")
    for command in ["XADD bw:{s1}:orders * x y", "SET bw:worker:w x", "SET bw:{s1}:lease x", "DEL bw:leader"] {
      await #expect(throws: RedisError.self, "\(command)") { try await client.send(.words(command)) }
    }
  }

  @Test(arguments: ["worker", "gateway", "operator"]) func nothingElseIsAllowed(_ role: String) async throws {
    let client = Self.settings(server, role).client(for: "try")
    for command in ["FLUSHALL", "CONFIG GET *", "KEYS *", "GET other", "SET other x", "REPLICAOF NO ONE", "ACL LIST"] {
      await #expect(throws: RedisError.self, "\(command)") { try await client.send(.words(command)) }
    }
    await #expect(throws: RedisError.self) {
      try await RedisClient(RedisSettings(address: server.address)).send(RedisCommand("PING"))
    }
  }
}
