import Market
import TestKit
import Testing

@testable import Sharding

/// A fleet whose owners do at once what the leader assigns.
private struct Fleet {
  var workers: Set<WorkerID>
  var loads: [Shard: ShardLoad]
  var owners: [Shard: WorkerID] = [:]
  var targets: [Shard: WorkerID] = [:]
  var balancer = Balancer()
  var now = Duration.seconds(1)

  init(workers: Int, loads: [ShardLoad]) {
    self.workers = Set((0..<workers).map(Self.id))
    self.loads = Dictionary(
      uniqueKeysWithValues: loads.enumerated().map { (Shard(rawValue: Int16($0.offset)), $0.element) })
  }

  static func id(_ number: Int) -> WorkerID { WorkerID(rawValue: "w\(number)") }
  var shards: [Shard] { loads.keys.sorted() }
  func weight(_ worker: WorkerID) -> Int {
    owners.filter { $0.value == worker }.reduce(0) { $0 + loads[$1.key]!.weight }
  }
  var total: Int { loads.values.reduce(0) { $0 + $1.weight } }
  var heaviestShard: Int { loads.values.map(\.weight).max() ?? 0 }

  /// One round of the leader; returns how much weight moved between living workers.
  @discardableResult
  mutating func round(after span: Duration = .milliseconds(100), isQuiet: Bool = false) -> (shards: Int, weight: Int) {
    now += span
    let next = balancer.targets(
      Balancer.View(
        takers: workers, owners: owners, loads: loads, shards: shards, targets: targets, isQuiet: isQuiet, now: now))
    let moved = next.filter { shard, worker in owners[shard].map { $0 != worker && workers.contains($0) } ?? false }
    targets = next
    owners = next
    return (moved.count, moved.keys.reduce(0) { $0 + loads[$1]!.weight })
  }

  /// Rounds until nothing moves, cool-downs included.
  mutating func settle() -> Bool {
    for _ in 0..<50 where round(after: balancer.limits.coolDown).shards == 0 { return true }
    return false
  }
}

private func randomLoads(_ random: inout SeededRandom) -> [ShardLoad] {
  (0..<Int.random(in: 1...128, using: &random)).map { _ in
    let isHot = Int.random(in: 0..<10, using: &random) == 0
    return ShardLoad(
      commandsPerSecond: Int.random(in: 0...(isHot ? 2_000 : 50), using: &random),
      matchingMicroseconds: Int.random(in: 0...1_000, using: &random),
      openOrders: Int.random(in: 0...20_000, using: &random))
  }
}

@Suite struct BalancerTests {
  static let seeds: [UInt64] = (1...24).map { $0 }

  @Test(arguments: seeds) func everyShardIsAssignedOnALivingWorkerAndTheSameHistoryGivesTheSame(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var fleet = Fleet(workers: Int.random(in: 1...9, using: &random), loads: randomLoads(&random))
    var twin = fleet
    for _ in 0..<20 {
      if Bool.random(using: &random) { fleet.workers.insert(Fleet.id(Int.random(in: 0..<12, using: &random))) }
      if fleet.workers.count > 1, Bool.random(using: &random) {
        fleet.workers.remove(fleet.workers.sorted().randomElement(using: &random)!)
      }
      twin.workers = fleet.workers
      fleet.round()
      twin.round()
      #expect(Set(fleet.targets.keys) == Set(fleet.shards), "seed \(seed)")
      #expect(fleet.targets.values.allSatisfy { fleet.workers.contains($0) }, "seed \(seed)")
      #expect(fleet.targets == twin.targets, "seed \(seed)")
    }
  }

  @Test(arguments: seeds) func itConvergesAndThenIsBalancedWithinOneShard(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var fleet = Fleet(workers: Int.random(in: 2...8, using: &random), loads: randomLoads(&random))
    for shard in fleet.shards { fleet.owners[shard] = Fleet.id(0) }
    let converged = fleet.settle()
    #expect(converged, "seed \(seed)")
    let loads = fleet.workers.map(fleet.weight)
    let mean = fleet.total / fleet.workers.count
    #expect(loads.max()! <= mean * 5 / 4 + fleet.heaviestShard, "seed \(seed): \(loads.sorted())")
  }

  @Test(arguments: seeds) func noiseMovesNothing(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    let count = Int.random(in: 2...6, using: &random)
    let even = ShardLoad(commandsPerSecond: 40, matchingMicroseconds: 100, openOrders: 500)
    var fleet = Fleet(workers: count, loads: Array(repeating: even, count: count * 12))
    for shard in fleet.shards { fleet.owners[shard] = Fleet.id(Int(shard.rawValue) % count) }
    let isSettled = fleet.settle()
    #expect(isSettled)
    for _ in 0..<60 {
      for shard in fleet.shards {
        fleet.loads[shard] = ShardLoad(
          commandsPerSecond: Int.random(in: 30...50, using: &random),
          matchingMicroseconds: fleet.loads[shard]!.matchingMicroseconds, openOrders: fleet.loads[shard]!.openOrders)
      }
      let moved = fleet.round(after: .seconds(1)).shards
      #expect(moved == 0, "seed \(seed)")
    }
  }

  @Test(arguments: seeds) func aNewWorkerCostsAboutItsShareOfHandOversAndNoMore(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    let count = Int.random(in: 1...8, using: &random)
    let loads = (0..<count * 16).map { _ in
      ShardLoad(commandsPerSecond: Int.random(in: 0...40, using: &random))
    }
    var fleet = Fleet(workers: count, loads: loads)
    _ = fleet.settle()
    let joined = Fleet.id(99)
    fleet.workers.insert(joined)
    let before = fleet.owners
    let moved = fleet.round()
    let share = fleet.total / fleet.workers.count
    #expect(moved.weight <= share + fleet.heaviestShard, "seed \(seed): no more than the share moves")
    #expect(fleet.weight(joined) * 100 >= share * 75, "seed \(seed): it gets its share in one round")
    let others = fleet.owners.filter { $0.value != joined && before[$0.key] != $0.value }
    #expect(others.count <= 1, "seed \(seed): next to nothing moves between the old ones")
  }

  @Test(arguments: seeds) func aLostWorkerMovesOnlyItsOwnShards(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    let count = Int.random(in: 2...8, using: &random)
    var fleet = Fleet(workers: count, loads: randomLoads(&random))
    _ = fleet.settle()
    let before = fleet.owners
    let lost = fleet.workers.sorted().randomElement(using: &random)!
    fleet.workers.remove(lost)
    fleet.round(isQuiet: true)
    for (shard, owner) in fleet.owners where before[shard] != lost {
      #expect(owner == before[shard], "seed \(seed)")
    }
  }

  /// A fleet that has evened out and then sees next to nothing: a command here, a burst of some dozens there.
  @Test(arguments: seeds) func tinyLoadsMoveNothing(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    let count = Int.random(in: 2...8, using: &random)
    var fleet = Fleet(workers: count, loads: Array(repeating: ShardLoad(), count: 16))
    for shard in fleet.shards { fleet.owners[shard] = Fleet.id(0) }
    let isSettled = fleet.settle()
    #expect(isSettled)
    // Three minutes.
    for _ in 0..<1_800 {
      for shard in fleet.shards {
        let isTouched = Int.random(in: 0..<16, using: &random) == 0
        fleet.loads[shard] = ShardLoad(commandsPerSecond: isTouched ? Int.random(in: 0...30, using: &random) : 0)
      }
      let moved = fleet.round().shards
      #expect(moved == 0, "seed \(seed)")
    }
  }

  /// Loads about the bound below which they count as noise, on one worker more than on the others.
  @Test(arguments: seeds) func noShardGoesToAndFro(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    let count = Int.random(in: 2...8, using: &random)
    var fleet = Fleet(workers: count, loads: Array(repeating: ShardLoad(), count: 16))
    _ = fleet.settle()
    var homes = fleet.owners.mapValues { [$0] }
    for _ in 0..<600 {
      for shard in fleet.shards {
        fleet.loads[shard] = ShardLoad(commandsPerSecond: Int.random(in: 20...38, using: &random))
      }
      fleet.round()
      for (shard, owner) in fleet.owners where homes[shard]!.last != owner { homes[shard]!.append(owner) }
    }
    #expect(homes.values.allSatisfy { Set($0).count == $0.count }, "seed \(seed): \(homes)")
  }

  @Test func aFleetWhoseLoadHasEndedStaysAsItIs() {
    var fleet = Fleet(workers: 2, loads: Array(repeating: ShardLoad(), count: 16))
    fleet.loads[Shard(rawValue: 3)] = ShardLoad(commandsPerSecond: 500)
    let isSettled = fleet.settle()
    #expect(isSettled)
    for shard in fleet.shards { fleet.loads[shard] = ShardLoad() }
    for _ in 0..<1_800 {
      let moved = fleet.round().shards
      #expect(moved == 0)
    }
    fleet.workers.insert(Fleet.id(2))
    let moved = fleet.round().shards
    #expect(moved > 0, "who joins gets a share all the same")
  }

  @Test func oneHotShardEndsAloneWhileTheOthersShareTheRest() {
    var loads = Array(repeating: ShardLoad(), count: 32)
    loads[5] = ShardLoad(commandsPerSecond: 10_000)
    var fleet = Fleet(workers: 4, loads: Array(repeating: ShardLoad(), count: 32))
    var isSettled = fleet.settle()
    #expect(isSettled)
    fleet.loads[Shard(rawValue: 5)] = loads[5]
    isSettled = fleet.settle()
    #expect(isSettled)
    let host = fleet.owners[Shard(rawValue: 5)]!
    #expect(fleet.owners.values.count { $0 == host } == 1)
    let rest = fleet.workers.subtracting([host]).map { worker in fleet.owners.values.count { $0 == worker } }
    #expect(rest.allSatisfy { (9...12).contains($0) }, "\(rest)")
  }

  @Test func aMovedShardStaysForItsCoolDown() {
    var fleet = Fleet(workers: 2, loads: Array(repeating: ShardLoad(), count: 8))
    for shard in fleet.shards { fleet.owners[shard] = Fleet.id(0) }
    let first = fleet.round().shards
    #expect(first == 4)
    let moved = fleet.shards.filter { fleet.owners[$0] == Fleet.id(1) }
    // Now they turn out to be heavy; a new owner's first measurements must not send them back.
    for shard in moved { fleet.loads[shard] = ShardLoad(commandsPerSecond: 1_000) }
    let second = fleet.round().shards
    #expect(second == 0)
    let after = fleet.round(after: fleet.balancer.limits.coolDown)
    #expect(after.shards > 0, "later they count")
  }

  @Test func aroundTheOpenAndCloseOnlyHomelessShardsMove() {
    var fleet = Fleet(workers: 2, loads: Array(repeating: ShardLoad(), count: 8))
    for shard in fleet.shards { fleet.owners[shard] = Fleet.id(0) }
    let quietly = fleet.round(isQuiet: true).shards
    #expect(quietly == 0)
    fleet.workers.remove(Fleet.id(0))
    fleet.round(isQuiet: true)
    #expect(fleet.owners.values.allSatisfy { $0 == Fleet.id(1) })
  }
}
