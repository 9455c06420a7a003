import Lifecycle
import Market
import Ports
import Redis
import Sharding
import Simulation
import TestKit
import Testing

@testable import RedisStore

/// The memory stores that schedules are simulated with do what Redis does: the same calls, drawn at random, are answered
/// alike.
@Suite struct CoordinationContractTests {
  private static let names = (0..<3).map { WorkerID(rawValue: "w\($0)") }
  private static let shards = [Shard(rawValue: 0), Shard(rawValue: 1)]

  private struct Pair {
    let memory: MemoryRedis
    let copy: MemoryStream
    let server: RedisServer
    let settings: RedisStoreSettings

    init() throws {
      memory = MemoryRedis()
      copy = MemoryStream(memory, of: SimulatedProcess("contract"), in: Surroundings(seed: 1))
      server = try RedisServer()
      settings = server.settings()
    }

    func wipe() async throws {
      _ = try await settings.client(for: "operator").send([.words("FLUSHALL")])
      memory.wipe()
    }
  }

  @Test(arguments: [1, 2] as [UInt64]) func leasesAreHeldAlike(seed: UInt64) async throws {
    let pair = try Pair()
    let store = RedisLeaseStore(pair.settings)
    var random = SeededRandom(seed: seed)
    var seen: Lease?
    for step in 0..<1_500 {
      let (shard, owner) = (random.pick(Self.shards), random.pick(Self.names))
      let nonce = UInt64.max - UInt64(random.number(0...2 as ClosedRange<Int>))
      let successor = Successor(
        worker: random.pick(Self.names), nonce: UInt64.max - UInt64(random.number(0...2 as ClosedRange<Int>)))
      let epoch = Epoch(rawValue: Int64(random.number(0...3 as ClosedRange<Int>)))
      if random.oneIn(2) { seen = try await store.leases(of: [shard])[shard] }
      let over = random.oneIn(2) ? seen : nil
      let life = Duration.seconds(600)
      switch random.number(0...5 as ClosedRange<Int>) {
      case 0:
        let won = try await store.acquire(shard, owner: owner, nonce: nonce, over: over, lifetime: life)
        #expect(
          won == (try await pair.copy.acquire(shard, owner: owner, nonce: nonce, over: over, lifetime: life)), "\(step)"
        )
      case 1:
        let asked = try await store.request(shard, for: successor)
        #expect(asked == (try await pair.copy.request(shard, for: successor)), "\(step)")
      case 2:
        let handed = try await store.handOver(shard, owner: owner, nonce: nonce, to: successor, lifetime: life)
        #expect(
          handed
            == (try await pair.copy.handOver(shard, owner: owner, nonce: nonce, to: successor, lifetime: life)),
          "\(step)")
      case 3, 4:
        let renewals = (random.oneIn(2) ? Self.shards : [shard]).map {
          LeaseRenewal(shard: $0, nonce: nonce, epoch: epoch, processed: Sequence(rawValue: 1))
        }
        let lost = try await store.renew(renewals, owner: owner, lifetime: life)
        #expect(lost == (try await pair.copy.renew(renewals, owner: owner, lifetime: life)), "\(step)")
      default:
        if random.oneIn(8) {
          try await pair.wipe()
        } else {
          try await store.release(shard, nonce: nonce)
          try await pair.copy.release(shard, nonce: nonce)
        }
      }
      let (real, copied) = (
        try await store.leases(of: Self.shards), try await pair.copy.leases(of: Self.shards)
      )
      #expect(real.mapValues(Self.timeless) == copied.mapValues(Self.timeless), "\(step)")
    }
  }

  private static func timeless(_ lease: Lease) -> Lease {
    var lease = lease
    lease.remaining = .zero
    return lease
  }

  private static func timeless(_ seat: LeaderElection.Seat) -> LeaderElection.Seat {
    var seat = seat
    seat.remaining = .zero
    return seat
  }

  @Test(arguments: [3, 4] as [UInt64]) func leadersAreElectedAlike(seed: UInt64) async throws {
    let pair = try Pair()
    let store = RedisLeadership(pair.settings)
    var random = SeededRandom(seed: seed)
    var seen: LeaderElection.Seat?
    for step in 0..<1_500 {
      let worker = random.pick(Self.names)
      let nonce = UInt64(random.number(1...3 as ClosedRange<Int>))
      let term = Term(rawValue: Int64(random.number(1...4 as ClosedRange<Int>)))
      let life = Duration.seconds(600)
      if random.oneIn(2) { seen = try await store.seat() }
      let over = random.oneIn(2) ? seen : nil
      switch random.number(0...5 as ClosedRange<Int>) {
      case 0:
        let won = try await store.campaign(worker, nonce: nonce, over: over, lifetime: life)
        #expect(won == (try await pair.copy.campaign(worker, nonce: nonce, over: over, lifetime: life)), "\(step)")
      case 1, 2:
        let leadership = Leadership(term: term, nonce: nonce)
        let extended = try await store.extend(worker, leadership, lifetime: life)
        #expect(extended == (try await pair.copy.extend(worker, leadership, lifetime: life)), "\(step)")
      case 3:
        try await store.resign(nonce: nonce)
        try await pair.copy.resign(nonce: nonce)
      case 4:
        let assignment = Assignment(
          term: term, generation: Int64(random.number(1...3 as ClosedRange<Int>)),
          wishes: [random.pick(Self.shards): worker])
        let known = try await store.assignment(unless: nil)
        let lie = random.oneIn(3) ? known : nil
        let published = try await store.publish(assignment, over: lie)
        #expect(published == (try await pair.copy.publish(assignment, over: lie)), "\(step)")
      default: if random.oneIn(8) { try await pair.wipe() }
      }
      let (real, copied) = (try await store.seat(), try await pair.copy.seat())
      #expect(real.map(Self.timeless) == copied.map(Self.timeless), "\(step)")
      let (wishes, copiedWishes) = (
        try await store.assignment(unless: nil), try await pair.copy.assignment(unless: nil)
      )
      #expect(wishes == copiedWishes, "\(step)")
    }
  }
}
