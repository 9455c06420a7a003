import Market
import Ports
import Sharding
import TestKit
import Testing

@testable import Services

@Suite struct LeaderServiceTests {
  private let leases = MemoryLeases()
  private let recorder = Recorder<WorkerEvent>()
  private let shards = (0..<16 as Range<Int16>).map { Shard(rawValue: $0) }
  private let me = WorkerID(rawValue: "a")

  private func service() -> LeaderService {
    LeaderService(
      leaders: leases, ledger: FakeLeading(), me: me, shards: shards, settings: ExecutionSettings(), random: { 7 },
      report: { [recorder] in recorder.add($0) })
  }

  private func heartbeat(_ name: String, owns: [Shard] = []) -> Heartbeat {
    var heartbeat = Heartbeat(
      worker: WorkerID(rawValue: name), host: "host", pid: 1, version: "test", startedAt: Row.start)
    heartbeat.loads = Dictionary(uniqueKeysWithValues: owns.map { ($0, ShardLoad()) })
    return heartbeat
  }

  private func fleetView(_ assignment: Assignment?, at milliseconds: Int, with others: [Heartbeat] = []) -> FleetView {
    FleetView(
      heartbeats: Dictionary(uniqueKeysWithValues: others.map { ($0.worker, $0) }),
      standings: Dictionary(uniqueKeysWithValues: others.map { ($0.worker, .alive) }), assignment: assignment,
      at: .milliseconds(milliseconds))
  }

  private var published: Assignment? { get async throws { try await leases.assignment(unless: nil) } }

  /// The look at the fleet and the leader's turns follow each other as they happen to: a look may show the targets that
  /// stood before the last ones.
  @Test func targetsThatALookDoesNotShowYetAreNotTakenBack() async throws {
    let leader = service()
    let own = heartbeat("a", owns: shards)
    // Elected, then alone for longer than a lease lasts.
    try await leader.turn(fleetView(nil, at: 1_000), own: own)
    try await leader.turn(fleetView(nil, at: 4_000), own: own)
    let alone = try #require(try await published)
    #expect(Set(alone.targets.values) == [me])
    try await leader.turn(fleetView(alone, at: 4_100), own: own)
    try await leader.turn(fleetView(alone, at: 4_200), own: own)
    // Another worker joins.
    let other = heartbeat("b")
    try await leader.turn(fleetView(alone, at: 4_300, with: [other]), own: own)
    let shared = try #require(try await published)
    #expect(shared.targets.values.count { $0 == other.worker } == 8)
    // The same look again, and one that had begun before: both show the old targets.
    try await leader.turn(fleetView(alone, at: 4_300, with: [other]), own: own)
    try await leader.turn(fleetView(alone, at: 4_400, with: [other]), own: own)
    #expect(try await published == shared, "nothing is wished anew")
    try await leader.turn(fleetView(shared, at: 4_500, with: [other]), own: own)
    #expect(try await published == shared)
    // What still shows the old targets after that has lost the new ones, and is put right.
    try await leader.turn(fleetView(alone, at: 4_600, with: [other]), own: own)
    let again = try #require(try await published)
    #expect(again.generation > shared.generation)
    #expect(again.targets == shared.targets)
  }
}
