import Lifecycle
import Market
import Ports
import Redis
import Sharding
import Simulation
import TestKit
import Testing

@testable import RedisStore

/// The memory stores that schedules are simulated with do what Redis does, and what everybody who keeps the same must.
@Suite struct CoordinationContractTests {
  private func contract() throws -> CoordinationContract {
    let server = try RedisServer()
    return CoordinationContract(server.settings()) {
      _ = try await server.settings().client(for: "operator").send([.words("FLUSHALL")])
    }
  }

  @Test(arguments: [1, 2] as [UInt64]) func leasesAreHeldAlike(seed: UInt64) async throws {
    try await contract().leasesAreHeldAlike(seed: seed, steps: 1_500)
  }

  @Test(arguments: [3, 4] as [UInt64]) func leadersAreElectedAlike(seed: UInt64) async throws {
    try await contract().leadersAreElectedAlike(seed: seed, steps: 1_500)
  }

  @Test(arguments: [5, 6] as [UInt64]) func workersAreKnownAlike(seed: UInt64) async throws {
    try await contract().workersAreKnownAlike(seed: seed, steps: 600)
  }

  @Test(arguments: [7, 8] as [UInt64]) func rowsAreCarriedAlike(seed: UInt64) async throws {
    try await contract().rowsAreCarriedAlike(seed: seed, steps: 400)
  }

  @Test(arguments: ContractPoint.leases) func memoryKeepsLeases(_ point: ContractPoint<LeaseStoreContract>) async throws
  {
    try await point.check(LeaseStoreContract { CoordinationContract.memory(MemoryRedis()) })
  }

  @Test(arguments: ContractPoint.streams) func memoryCarriesRows(_ point: ContractPoint<OrderStreamContract>)
    async throws
  {
    try await point.check(OrderStreamContract { CoordinationContract.memory(MemoryRedis()) })
  }

  @Test func memoryNudges() async throws {
    let redis = MemoryRedis()
    try await EventWakeUpTests.check(CoordinationContract.memory(redis)) { redis.wipe() }
  }
}

/// The same calls, drawn at random, to Redis and to memory, which are answered alike.
struct CoordinationContract {
  private static let names = (0..<3).map { WorkerID(rawValue: "w\($0)") }
  private static let shards = [Shard(rawValue: 0), Shard(rawValue: 1)]

  private let memory = MemoryRedis()
  private let copy: MemoryStream
  private let settings: RedisStoreSettings
  private let wipe: () async throws -> Void

  /// - Parameter wipe: Empties Redis.
  init(_ settings: RedisStoreSettings, wipe: @escaping () async throws -> Void) {
    copy = Self.memory(memory)
    self.settings = settings
    self.wipe = wipe
  }

  /// The memory stores of one process.
  static func memory(_ redis: MemoryRedis) -> MemoryStream {
    MemoryStream(redis, of: SimulatedProcess("contract"), in: Environment(seed: 1))
  }

  private func wipeBoth() async throws {
    try await wipe()
    memory.wipe()
  }

  func leasesAreHeldAlike(seed: UInt64, steps: Int) async throws {
    let store = RedisLeaseStore(settings)
    var random = SeededRandom(seed: seed)
    var seen: Lease?
    for step in 0..<steps {
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
          won == (try await copy.acquire(shard, owner: owner, nonce: nonce, over: over, lifetime: life)), "\(step)"
        )
      case 1:
        let asked = try await store.request(shard, for: successor)
        #expect(asked == (try await copy.request(shard, for: successor)), "\(step)")
      case 2:
        let handed = try await store.handOver(shard, owner: owner, nonce: nonce, to: successor, lifetime: life)
        #expect(
          handed
            == (try await copy.handOver(shard, owner: owner, nonce: nonce, to: successor, lifetime: life)),
          "\(step)")
      case 3, 4:
        let renewals = (random.oneIn(2) ? Self.shards : [shard]).map {
          LeaseRenewal(shard: $0, nonce: nonce, epoch: epoch, processed: Sequence(rawValue: 1))
        }
        let lost = try await store.renew(renewals, owner: owner, lifetime: life)
        #expect(lost == (try await copy.renew(renewals, owner: owner, lifetime: life)), "\(step)")
      default:
        if random.oneIn(8) {
          try await wipeBoth()
        } else {
          try await store.release(shard, nonce: nonce)
          try await copy.release(shard, nonce: nonce)
        }
      }
      let (real, copied) = (
        try await store.leases(of: Self.shards), try await copy.leases(of: Self.shards)
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

  func leadersAreElectedAlike(seed: UInt64, steps: Int) async throws {
    let store = RedisLeadership(settings)
    var random = SeededRandom(seed: seed)
    var seen: LeaderElection.Seat?
    for step in 0..<steps {
      let worker = random.pick(Self.names)
      let nonce = UInt64(random.number(1...3 as ClosedRange<Int>))
      let term = Term(rawValue: Int64(random.number(1...4 as ClosedRange<Int>)))
      let life = Duration.seconds(600)
      if random.oneIn(2) { seen = try await store.seat() }
      let over = random.oneIn(2) ? seen : nil
      switch random.number(0...5 as ClosedRange<Int>) {
      case 0:
        let won = try await store.campaign(worker, nonce: nonce, over: over, lifetime: life)
        #expect(won == (try await copy.campaign(worker, nonce: nonce, over: over, lifetime: life)), "\(step)")
      case 1, 2:
        let leadership = Leadership(term: term, nonce: nonce)
        let extended = try await store.extend(worker, leadership, lifetime: life)
        #expect(extended == (try await copy.extend(worker, leadership, lifetime: life)), "\(step)")
      case 3:
        try await store.resign(nonce: nonce)
        try await copy.resign(nonce: nonce)
      case 4:
        let assignment = Assignment(
          term: term, generation: Int64(random.number(1...3 as ClosedRange<Int>)),
          targets: [random.pick(Self.shards): worker])
        let known = try await store.assignment(unless: nil)
        let lie = random.oneIn(3) ? known : nil
        let published = try await store.publish(assignment, over: lie)
        #expect(published == (try await copy.publish(assignment, over: lie)), "\(step)")
      default: if random.oneIn(8) { try await wipeBoth() }
      }
      let (real, copied) = (try await store.seat(), try await copy.seat())
      #expect(real.map(Self.timeless) == copied.map(Self.timeless), "\(step)")
      let (targets, copiedTargets) = (
        try await store.assignment(unless: nil), try await copy.assignment(unless: nil)
      )
      #expect(targets == copiedTargets, "\(step)")
    }
  }

  // MARK: Workers

  func workersAreKnownAlike(seed: UInt64, steps: Int) async throws {
    let store = RedisMembership(settings)
    var random = SeededRandom(seed: seed)
    let life = Duration.seconds(600)
    for step in 0..<steps {
      let worker = random.pick(Self.names)
      switch random.number(0...4 as ClosedRange<Int>) {
      case 0, 1:
        var heartbeat = Heartbeat(
          worker: worker, host: "h", pid: 7, version: "1.0", startedAt: Timestamp(rawValue: 1_764_000_000_000_000))
        heartbeat.beat = UInt64(step)
        let reported = try await store.beat(heartbeat, lifetime: life)
        #expect(reported == (try await copy.beat(heartbeat, lifetime: life)), "\(step)")
      case 2:
        let order = random.pick(WorkerInstruction.allCases)
        try await store.instruct(worker, order, lifetime: life)
        try await copy.instruct(worker, order, lifetime: life)
      case 3:
        try await store.leave(worker)
        try await copy.leave(worker)
      default: if random.oneIn(6) { try await wipeBoth() }
      }
      let (real, copied) = (try await store.workers(), try await copy.workers())
      #expect(Self.unconnected(real) == Self.unconnected(copied), "\(step)")
    }
  }

  /// Only a server has connections to tell of.
  private static func unconnected(_ heartbeats: [Heartbeat]) -> [Heartbeat] {
    var heartbeats = heartbeats.sorted { $0.worker < $1.worker }
    for index in heartbeats.indices { heartbeats[index].connection = nil }
    return heartbeats
  }

  // MARK: Rows

  func rowsAreCarriedAlike(seed: UInt64, steps: Int) async throws {
    let store = RedisOrderStream(settings)
    var random = SeededRandom(seed: seed)
    var entries = SplitMix(seed: seed)
    // Places of the same entries, of each shard.
    var places: [Shard: [(real: StreamPosition, copy: StreamPosition)]] = [:]
    for step in 0..<steps {
      let shard = random.pick(Self.shards)
      let place = random.oneIn(3) ? nil : places[shard]?.randomElement(using: &random)
      switch random.number(0...5 as ClosedRange<Int>) {
      case 0, 1, 2:
        let rows = (0...random.number(0...3 as ClosedRange<Int>)).map { _ in
          LogEntry.random(shard: random.pick(Self.shards), sequence: Int64(step + 1), &entries)
        }
        try await store.publish(rows)
        try await copy.publish(rows)
      case 3:
        guard let place, random.oneIn(3) else { continue }
        try await store.trim([shard: place.real])
        try await copy.trim([shard: place.copy])
        places[shard]?.removeAll { $0.copy <= place.copy }
      case 4:
        let limit = random.number(1...20 as ClosedRange<Int>)
        let (one, two) = (
          try await store.read(after: [shard: place?.real], limit: limit, wait: .zero),
          try await copy.read(after: [shard: place?.copy], limit: limit, wait: .zero)
        )
        #expect(one.map(\.entry) == two.map(\.entry) && one.map(\.shard) == two.map(\.shard), "\(step)")
      default:
        guard random.oneIn(8) else { continue }
        if random.oneIn(2) {
          try await store.discard([shard])
          try await copy.discard([shard])
          places[shard] = nil
        } else {
          try await wipeBoth()
          places = [:]
        }
      }
      let (all, copied) = (
        try await store.read(after: [shard: nil], limit: 10_000, wait: .zero),
        try await copy.read(after: [shard: nil], limit: 10_000, wait: .zero)
      )
      #expect(all.map(\.entry) == copied.map(\.entry), "\(step)")
      places[shard] = zip(all, copied).map { ($0.position, $1.position) }
    }
  }
}
