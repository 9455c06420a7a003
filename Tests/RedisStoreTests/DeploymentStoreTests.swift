import Market
import Ports
import Redis
import Sharding
import TestKit
import Testing

@testable import RedisStore

/// The stores over a master that sentinels watch, and over a cluster: they do as over one server.
@Suite(.serialized) struct DeploymentStoreTests {
  private static let sentinels = Task { try await RedisSentinelSet() }
  private static let cluster = Task { try await RedisCluster() }

  enum Deployment: CaseIterable, Sendable { case sentinel, cluster }

  /// Settings for an empty deployment.
  private func settings(_ deployment: Deployment) async throws -> RedisStoreSettings {
    switch deployment {
    case .sentinel:
      let set = try await Self.sentinels.value
      _ = try await RedisClient(RedisSettings(address: set.address)).send(RedisCommand("FLUSHALL"))
      return .patient(set.address)
    case .cluster:
      let cluster = try await Self.cluster.value
      try await cluster.flush()
      return .patient(cluster.address)
    }
  }

  @Test(arguments: Deployment.allCases, ContractPoint.leases)
  func leasesAreKept(_ deployment: Deployment, _ point: ContractPoint<LeaseStoreContract>) async throws {
    let settings = try await settings(deployment)
    try await point.check(LeaseStoreContract { RedisLeaseStore(settings) })
  }

  @Test(arguments: Deployment.allCases)
  func nudgesAreHeard(_ deployment: Deployment) async throws {
    let settings = try await settings(deployment)
    try await EventWakeUpTests.check(settings) { _ = try await self.settings(deployment) }
  }

  @Test(arguments: Deployment.allCases, ContractPoint.streams)
  func rowsAreCarried(_ deployment: Deployment, _ point: ContractPoint<OrderStreamContract>) async throws {
    let settings = try await settings(deployment)
    try await point.check(OrderStreamContract { RedisOrderStream(settings) })
  }

  /// What the simulation's memory does is what Redis does, however it is deployed.
  @Test(arguments: Deployment.allCases)
  func memoryDoesAlike(_ deployment: Deployment) async throws {
    let settings = try await settings(deployment)
    let contract = CoordinationContract(settings) { _ = try await self.settings(deployment) }
    let empty = { _ = try await self.settings(deployment) }
    try await contract.leasesAreHeldAlike(seed: 11, steps: 150)
    try await empty()
    try await contract.leadersAreElectedAlike(seed: 12, steps: 150)
    try await empty()
    try await contract.workersAreKnownAlike(seed: 13, steps: 150)
    try await empty()
    try await contract.rowsAreCarriedAlike(seed: 14, steps: 120)
  }

  @Test(arguments: Deployment.allCases)
  func connectionsReportWhoIsAlive(_ deployment: Deployment) async throws {
    let settings = try await settings(deployment)
    let looker = RedisMembership(settings, for: "fleet")
    let living = RedisMembership(.patient(settings.address, "a"))
    _ = try await living.beat(.of("a"), lifetime: .seconds(60))
    do {
      let dying = RedisMembership(.patient(settings.address, "b"))
      _ = try await dying.beat(.of("b"), lifetime: .seconds(60))
      #expect(try await looker.connected(looker.workers()).values.allSatisfy { $0 })
    }
    let expected = [WorkerID(rawValue: "a"): true, WorkerID(rawValue: "b"): false]
    while try await looker.connected(looker.workers()) != expected { try await Task.sleep(for: .milliseconds(5)) }
    try await looker.instruct(WorkerID(rawValue: "a"), .drain, lifetime: .seconds(60))
    #expect(try await living.beat(.of("a"), lifetime: .seconds(60)) == .drain)
  }

  @Test(arguments: Deployment.allCases)
  func leadershipAndHistoryAreKept(_ deployment: Deployment) async throws {
    let settings = try await settings(deployment)
    let leadership = RedisLeadership(settings)
    let worker = WorkerID(rawValue: "a")
    #expect(try await leadership.campaign(worker, nonce: 1, over: nil, lifetime: .seconds(60)))
    #expect(
      try await leadership.extend(worker, .init(term: Term(rawValue: 2), nonce: 1), lifetime: .seconds(60)))
    #expect(try await leadership.seat()?.term == Term(rawValue: 2))
    let event = FleetEvent(
      kind: .claimed, shard: Shard(rawValue: 1), worker: worker, epoch: Epoch(rawValue: 1), reason: "free")
    try await RedisFleetEvents(settings).record([event])
    #expect(try await RedisFleetEvents(settings).latest(5) == [event])
  }

  /// A shard's reader that waits holds nobody else's entries up, and goes on waiting from one call to the next.
  @Test(.timeLimit(.minutes(1))) func clusterReaderTakesWhatComesFirst() async throws {
    let stream = RedisOrderStream(try await settings(.cluster))
    let shards = (0..<12).map { Shard(rawValue: $0) }
    var positions = [Shard: StreamPosition?](uniqueKeysWithValues: shards.map { ($0, nil) })
    var random = SplitMix(seed: 21)
    for sequence in 1...40 {
      let shard = shards[Int.random(in: 0..<12, using: &random)]
      let entry = LogEntry.random(shard: shard, sequence: Int64(sequence), &random)
      let standing = positions
      async let waiting = stream.read(after: standing, limit: 10, wait: .seconds(20))
      try await stream.publish([entry])
      let found = try await waiting
      #expect(found.map(\.entry) == [entry])
      positions[shard] = found[0].position
    }
    // A reader of fewer shards, then of more again, from where it says.
    positions[shards[0]] = nil
    #expect(try await stream.read(after: positions, limit: 10, wait: .zero) == [])
    let entry = LogEntry.random(shard: shards[0], sequence: 99, &random)
    try await stream.publish([entry])
    #expect(try await stream.read(after: positions, limit: 10, wait: .milliseconds(1)) == [])
    positions[shards[0]] = .some(nil)
    let all = try await stream.read(after: positions, limit: 100, wait: .seconds(20))
    #expect(all.last?.entry == entry && all.allSatisfy { $0.shard == shards[0] })
  }

  @Test func slotMovesWhileItIsPublishedAndRead() async throws {
    let stream = RedisOrderStream(try await settings(.cluster))
    let cluster = try await Self.cluster.value
    let shard = Shard(rawValue: 3)
    let slot = try await cluster.slot(of: Keys.orders(shard))
    let first = try await cluster.owner(of: slot)
    let second = cluster.masters.first { $0 !== first }!
    let mover = Task {
      for (source, target) in [(first, second), (second, first)] {
        try await cluster.beginMove(of: slot, from: source, to: target)
        try await Task.sleep(for: .milliseconds(20))
        try await cluster.moveKeys(of: slot, from: source, to: target)
        try await Task.sleep(for: .milliseconds(20))
        try await cluster.endMove(of: slot, to: target)
      }
    }
    let others = [Shard(rawValue: 4), Shard(rawValue: 5)]
    let reader = Task { try await stream.readAll(600, of: [shard] + others) }
    for batch in 0..<100 {
      try await stream.publish(
        ([shard] + others).flatMap { shard in
          (1...2).map { LogEntry.sample(shard: shard, sequence: Int64(2 * batch + $0)) }
        })
      // Until the slot is back where it was.
      if batch < 50 { try await Task.sleep(for: .milliseconds(3)) }
    }
    try await mover.value
    let found = try await reader.value
    for shard in [shard] + others { #expect(found[shard]?.map(\.rawValue) == Array(1...200)) }
  }

  @Test func storesGoOnWhenAReplicaTakesOver() async throws {
    let cluster = try await RedisCluster(
      replicas: 3, nodeTimeout: .seconds(1), options: ["--cluster-require-full-coverage", "no"])
    try await storesGoOn(.patient(cluster.address, timeout: .seconds(1)), shards: 12) {
      cluster.masters[0].stop()
      try await cluster.untilPromoted(cluster.replicas[0])
    }
  }

  @Test func storesGoOnWhenAReplicaThatMissedWritesTakesOver() async throws {
    let set = try await RedisSentinelSet()
    try await storesGoOn(.patient(set.address, timeout: .seconds(1)), shards: 3) {
      // What is written from here on never reaches the replica.
      set.servers[1].pause()
      let stream = RedisOrderStream(.patient(set.address))
      try await stream.publish((11...20).map { .sample(shard: Shard(rawValue: 0), sequence: $0) })
      set.servers[0].stop()
      set.servers[1].resume()
      while try await set.master() !== set.servers[1] { try await Task.sleep(for: .milliseconds(10)) }
    }
  }

  /// Publishes, reads and renews before, during and after a fail-over: calls may fail meanwhile, in ways that pass, and
  /// then everything works again for who stands where they stood.
  private func storesGoOn(
    _ settings: RedisStoreSettings, shards count: Int16, failOver: () async throws -> Void
  ) async throws {
    let stream = RedisOrderStream(settings)
    let leases = RedisLeaseStore(settings)
    let shards = (0..<count).map { Shard(rawValue: $0) }
    let owner = WorkerID(rawValue: "a")
    let renewals = shards.map {
      LeaseRenewal(shard: $0, nonce: 7, epoch: Epoch(rawValue: 1), processed: Sequence(rawValue: 1))
    }
    try await stream.publish(shards.flatMap { shard in (1...10).map { .sample(shard: shard, sequence: $0) } })
    var positions: [Shard: StreamPosition?] = [:]
    var seen: [Shard: Set<Int64>] = [:]
    func read() async throws {
      let entries = try await stream.read(
        after: positions.merging(shards.map { ($0, nil) }) { known, _ in known }, limit: 100, wait: .milliseconds(50))
      for entry in entries {
        positions[entry.shard] = entry.position
        seen[entry.shard, default: []].insert(entry.entry!.sequence.rawValue)
      }
    }
    while shards.contains(where: { (seen[$0]?.count ?? 0) < 10 }) { try await read() }
    #expect(try await leases.renew(renewals, owner: owner, lifetime: .seconds(60)) == [])
    try await failOver()
    var sequence: Int64 = 100
    while shards.contains(where: { seen[$0]!.filter { $0 > 100 }.isEmpty }) {
      sequence += 1
      try? await stream.publish(shards.map { .sample(shard: $0, sequence: sequence) })
      try? await read()
    }
    while (try? await leases.renew(renewals, owner: owner, lifetime: .seconds(60))) != [] {
      try await Task.sleep(for: .milliseconds(20))
    }
    #expect(try await leases.leases(of: shards).count == Int(count))
    #expect(try await !leases.acquire(shards[0], owner: WorkerID(rawValue: "b"), nonce: 8, lifetime: .seconds(60)))
  }
}

/// One promise of a contract.
struct ContractPoint<Contract: Sendable>: Sendable, CustomTestStringConvertible {
  let name: String
  let check: @Sendable (Contract) async throws -> Void
  var testDescription: String { name }
}

extension ContractPoint<LeaseStoreContract> {
  static let leases: [Self] = [
    .init(name: "one owner at a time") { try await $0.oneOwnerAtATime() },
    .init(name: "repeated acquire says yes again") { try await $0.repeatedAcquireSaysYesAgain() },
    .init(name: "racers get one lease") { try await $0.racersGetOneLease() },
    .init(name: "renewal moves the counter") { try await $0.renewalMovesTheCounterAndSaysTheEpoch() },
    .init(name: "unrenewed lease expires") { try await $0.unrenewedLeaseExpires() },
    .init(name: "absent lease is taken back") { try await $0.absentLeaseIsTakenBackByRenewal() },
    .init(name: "higher epoch wins") { try await $0.higherEpochWins() },
    .init(name: "stranger releases nothing") { try await $0.strangerReleasesNothing() },
    .init(name: "taken over only as it was seen") { try await $0.aLeaseIsTakenOverOnlyAsItWasSeen() },
    .init(name: "not handed to who does not want it") { try await $0.whoDoesNotWantALeaseAnyMoreIsNotHandedIt() },
    .init(name: "handed only to who asked last") { try await $0.aLeaseIsHandedOnlyToWhoAskedLast() },
  ]
}

extension ContractPoint<OrderStreamContract> {
  static let streams: [Self] = [
    .init(name: "entries come back in order") { try await $0.entriesComeBackAsTheyWerePublishedInOrder() },
    .init(name: "limit bounds each shard") { try await $0.limitBoundsEachShard() },
    .init(name: "nothing from an empty stream") { try await $0.nothingComesFromAnEmptyStream() },
    .init(name: "waiting reader is woken") { try await $0.waitingReaderIsWokenByAnEntry() },
    .init(name: "trimmed entries are gone") { try await $0.trimmedEntriesAreGoneAndTheRestStays() },
  ]
}

extension RedisStoreSettings {
  /// Settings for a machine that is shared with a compiler.
  fileprivate static func patient(
    _ address: RedisAddress, _ name: String = "w1", timeout: Duration = .seconds(20)
  ) -> RedisStoreSettings {
    var settings = RedisStoreSettings(address: address, name: name)
    settings.commandTimeout = timeout
    settings.connectTimeout = timeout
    return settings
  }
}

extension RedisOrderStream {
  /// Reads until so many entries have come, and returns their numbers by shard in the order they came, without repeats.
  fileprivate func readAll(_ count: Int, of shards: [Shard]) async throws -> [Shard: [Sequence]] {
    var positions: [Shard: StreamPosition?] = Dictionary(uniqueKeysWithValues: shards.map { ($0, nil) })
    var found: [Shard: [Sequence]] = [:]
    while found.values.map(\.count).reduce(0, +) < count {
      for item in try await read(after: positions, limit: 50, wait: .seconds(5)) {
        positions[item.shard] = item.position
        // A publication whose answer was lost is repeated.
        let sequence = item.entry!.sequence
        if found[item.shard]?.contains(sequence) != true { found[item.shard, default: []].append(sequence) }
      }
    }
    return found
  }
}

extension LogEntry {
  fileprivate static func sample(shard: Shard, sequence: Int64) -> LogEntry {
    var random = SplitMix(seed: UInt64(sequence))
    return .random(shard: shard, sequence: sequence, &random)
  }
}

extension Heartbeat {
  fileprivate static func of(_ worker: String) -> Heartbeat {
    Heartbeat(
      worker: WorkerID(rawValue: worker), host: "h", pid: 1, version: "1", startedAt: Timestamp(rawValue: 0))
  }
}
