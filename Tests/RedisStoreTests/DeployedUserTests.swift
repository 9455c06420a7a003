import Market
import Ports
import Redis
import Sharding
import TestKit
import Testing

@testable import RedisStore

/// The user of `deploy/redis-users.acl` may do what the stores do, and nothing else.
@Suite struct DeployedUserTests {
  let server: RedisServer
  let settings: RedisStoreSettings

  init() throws {
    let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    server = try RedisServer(options: ["--aclfile", "/\(root)/deploy/redis-users.acl"])
    settings = RedisStoreSettings(
      address: RedisAddress(
        endpoint: .unix(path: server.socketPath), login: RedisLogin(user: "buttonwood", password: "PASSWORD")),
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
    try await membership.tell(worker, .drain, lifetime: .seconds(60))
    #expect(try await membership.beat(heartbeat, lifetime: .seconds(60)) == .drain)
    try await membership.leave(worker)
    let leadership = RedisLeadership(settings)
    #expect(try await leadership.campaign(worker, nonce: 1, over: nil, lifetime: .seconds(60)))
    let office = Leadership(term: Term(rawValue: 1), nonce: 1)
    #expect(try await leadership.extend(worker, office, lifetime: .seconds(60)))
    #expect(
      try await leadership.publish(
        Assignment(term: Term(rawValue: 1), generation: 1, wishes: [Shard(rawValue: 1): worker])))
    #expect(try await leadership.assignment(unless: nil)?.wishes == [Shard(rawValue: 1): worker])
    try await leadership.resign(nonce: 1)
    let event = HistoryEvent(
      kind: .claimed, shard: Shard(rawValue: 1), worker: worker, epoch: Epoch(rawValue: 1), reason: "free")
    try await RedisHistory(settings).record([event])
    #expect(try await RedisHistory(settings).latest(5) == [event])
  }

  @Test func nothingElseIsAllowed() async throws {
    let client = settings.client(for: "try")
    for command in ["FLUSHALL", "CONFIG GET *", "KEYS *", "GET other", "SET other x", "REPLICAOF NO ONE", "ACL LIST"] {
      await #expect(throws: RedisError.self, "\(command)") { try await client.send(.words(command)) }
    }
    await #expect(throws: RedisError.self) {
      try await RedisClient(RedisSettings(address: server.address)).send(RedisCommand("PING"))
    }
  }
}
