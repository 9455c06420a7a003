import Lifecycle
import Market
import Ports
import Redis
import Sharding
import TestKit
import Testing

@testable import RedisStore

@Suite struct RedisLeaseStoreTests {
  let server: RedisServer
  let store: RedisLeaseStore
  let operators: RedisClient
  let shard = Shard(rawValue: 17)
  let key = "bw:{s17}:lease"
  let a = WorkerID(rawValue: "a")
  let b = WorkerID(rawValue: "b")
  let long = Duration.seconds(60)

  init() throws {
    server = try RedisServer()
    store = RedisLeaseStore(server.settings())
    operators = RedisClient(RedisSettings(address: server.address, name: "operator"))
  }

  private var contract: LeaseStoreContract { LeaseStoreContract { [store] in store } }

  @Test func oneOwnerAtATime() async throws { try await contract.oneOwnerAtATime() }
  @Test func repeatedAcquireSaysYesAgain() async throws { try await contract.repeatedAcquireSaysYesAgain() }
  @Test func racersGetOneLease() async throws { try await contract.racersGetOneLease() }
  @Test func renewalMovesTheCounterAndSaysTheEpoch() async throws {
    try await contract.renewalMovesTheCounterAndSaysTheEpoch()
  }
  @Test func unrenewedLeaseExpires() async throws { try await contract.unrenewedLeaseExpires() }
  @Test func absentLeaseIsTakenBackByRenewal() async throws { try await contract.absentLeaseIsTakenBackByRenewal() }
  @Test func higherEpochWins() async throws { try await contract.higherEpochWins() }
  @Test func strangerReleasesNothing() async throws { try await contract.strangerReleasesNothing() }
  @Test func aLeaseIsTakenOverOnlyAsItWasSeen() async throws { try await contract.aLeaseIsTakenOverOnlyAsItWasSeen() }
  @Test func whoDoesNotWantALeaseAnyMoreIsNotHandedIt() async throws {
    try await contract.whoDoesNotWantALeaseAnyMoreIsNotHandedIt()
  }
  @Test func aLeaseIsHandedOnlyToWhoAskedLast() async throws { try await contract.aLeaseIsHandedOnlyToWhoAskedLast() }

  private func renewal(_ nonce: UInt64, epoch: Int64) -> LeaseRenewal {
    LeaseRenewal(shard: shard, nonce: nonce, epoch: Epoch(rawValue: epoch), processed: Sequence(rawValue: 9))
  }

  @Test func renewalTakesTheLeaseBackAfterAWipeOrARestart() async throws {
    #expect(try await store.acquire(shard, owner: a, nonce: 1, lifetime: long))
    for wipe in [RedisCommand("FLUSHALL"), RedisCommand("SCRIPT", "FLUSH")] {
      _ = try await operators.send([wipe, RedisCommand("FLUSHALL")])
      #expect(try await store.renew([renewal(1, epoch: 4)], owner: a, lifetime: long) == [])
      #expect(try await store.leases(of: [shard])[shard]?.epoch == Epoch(rawValue: 4))
    }
    try server.restartEmpty()
    #expect(try await store.renew([renewal(1, epoch: 4)], owner: a, lifetime: long) == [])
    #expect(try await !store.acquire(shard, owner: b, nonce: 2, lifetime: long))
  }

  @Test func leaseIsReadable() async throws {
    _ = try await store.renew([renewal(.max, epoch: 4)], owner: a, lifetime: long)
    let reply = try await operators.send(RedisCommand("HGETALL", key))
    #expect(reply["owner"]?.text == "a" && reply["nonce"]?.text == String(UInt64.max) && reply["epoch"]?.text == "4")
    #expect(reply["counter"]?.text == "1" && reply["state"]?.text == "owned" && reply["processed"]?.text == "9")
    #expect((reply["since"]?.integer ?? 0) > 1_700_000_000_000)
    let remaining = try await operators.send(RedisCommand("PTTL", key)).integer ?? 0
    #expect((1...60_000).contains(remaining))
  }

  /// What may have happened to a lease, in words that an operator could have typed.
  static let damages: [[String]] = {
    let sound = "owner z nonce 9 counter 1 epoch 99 state owned since 1764000000000 processed 5"
    func lease(_ change: (String, String)? = nil, life: String? = "60000") -> [String] {
      let fields = change.map { sound.replacing($0.0, with: $0.1) } ?? sound
      return ["HSET bw:{s17}:lease \(fields)"] + (life.map { ["PEXPIRE bw:{s17}:lease \($0)"] } ?? [])
    }
    return [
      ["SET bw:{s17}:lease x"], ["LPUSH bw:{s17}:lease x", "PEXPIRE bw:{s17}:lease 60000"],
      ["XADD bw:{s17}:lease 18446744073709551615-18446744073709551615 a b"],
      ["HSET bw:{s17}:lease owner z", "PEXPIRE bw:{s17}:lease 60000"],
      lease(life: nil), lease(life: "3600000"), lease(("epoch 99", "epoch many")), lease(("epoch 99", "epoch 1e99")),
      lease(("epoch 99", "epoch -1")), lease(("epoch 99", "epoch 9223372036854775807")),
      lease(("epoch 99 ", "")), lease(("nonce 9", "nonce x")), lease(("nonce 9", "nonce 18446744073709551616")),
      lease(("nonce 9", "nonce 09")), lease(("counter 1", "counter 18446744073709551615")),
      lease(("counter 1", "counter 0x10")), lease(("owner z", "owner z:order")), lease(("owner z", "owner \u{e9}")),
      lease(("processed 5", "processed x")), lease(("state owned", "state OWNED")),
      lease(("processed 5", "processed 5 successor b successor_nonce x")),
    ]
  }()

  /// A damaged lease is nobody's for whoever looks, whatever it says, and whoever writes replaces it and says so, once.
  @Test(arguments: damages) func aDamagedLeaseIsFreeAndReplacedOnce(commands: [String]) async throws {
    let settings = server.settings()
    let found = Lock<[DamagedKey]>([])
    settings.damage.hear { key in found.withLock { $0.append(key) } }
    let store = RedisLeaseStore(settings)
    let successor = Successor(worker: b, nonce: 2)
    let writers: [@Sendable () async throws -> Bool] = [
      { try await store.acquire(shard, owner: a, nonce: 1, lifetime: long) },
      { try await store.renew([renewal(1, epoch: 4)], owner: a, lifetime: long) == [] },
      { try await !store.request(shard, for: successor) },
      { try await !store.handOver(shard, owner: a, nonce: 1, to: successor, lifetime: long) },
    ]
    for (index, write) in writers.enumerated() {
      _ = try await operators.send([RedisCommand("DEL", key)] + commands.map { .words($0) })
      #expect(try await store.leases(of: [shard]) == [:])
      try await store.release(shard, nonce: 1)
      #expect(found.withLock { $0.count } == index, "who looks takes nothing away")
      for _ in 0..<2 { #expect(try await write()) }
      #expect(found.withLock { $0.map(\.key) } == Array(repeating: key, count: index + 1))
      let holder = try await store.leases(of: [shard])[shard]?.owner
      #expect(holder == (index < 2 ? a : nil))
    }
  }

  @Test func fullServerStillRenewsTrimsAndBeats() async throws {
    let stream = RedisOrderStream(server.settings())
    let other = Shard(rawValue: 18)
    var random = SplitMix(seed: 1)
    try await stream.publish((1...3).map { .random(shard: shard, sequence: $0, &random) })
    let found = try await stream.read(after: [shard: nil], limit: 10, wait: .seconds(20))
    _ = try await operators.send(RedisCommand("CONFIG", "SET", "maxmemory", "1kb"))
    let refused = await #expect(throws: StreamError.self) {
      try await stream.publish([.random(shard: shard, sequence: 4, &random)])
    }
    #expect(refused?.reason.contains("OOM") == true)
    // None of the scripts has reached the server yet.
    #expect(try await store.acquire(other, owner: a, nonce: 1, lifetime: long))
    #expect(try await store.renew([renewal(2, epoch: 3)], owner: a, lifetime: long) == [])
    #expect(try await store.leases(of: [shard, other]).count == 2)
    let members = RedisMembership(server.settings())
    let beat = Heartbeat(worker: a, host: "h", pid: 1, version: "1", startedAt: Timestamp(rawValue: 0))
    #expect(try await members.beat(beat, lifetime: long) == nil)
    #expect(try await members.workers().map(\.worker) == [a])
    let leaders = RedisLeadership(server.settings())
    #expect(try await leaders.campaign(a, nonce: 1, over: nil, lifetime: long))
    try await stream.trim([shard: found[1].position])
    #expect(try await operators.send(RedisCommand("XLEN", "bw:{s17}:orders")) == .integer(1))
    try await store.release(shard, nonce: 2)
    try await members.leave(a)
  }

  @Test func absentServerIsAnError() async throws {
    server.stop()
    await #expect(throws: StreamError.self) { try await store.acquire(shard, owner: a, nonce: 1, lifetime: long) }
    await #expect(throws: StreamError.self) { try await store.leases(of: [shard]) }
  }
}
