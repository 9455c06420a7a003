import Market
import Ports
import Sharding
import TestKit
import Testing

@testable import Services

@Suite struct WorkerDemandTests {
  private static func fleet(_ count: Int, busyPermille: Int = 100, rate: Int = 0) -> [Heartbeat] {
    (0..<count).map { number in
      var heartbeat = Heartbeat(
        worker: WorkerID(rawValue: "w\(number)"), host: "h", pid: 1, version: "1", startedAt: Timestamp(rawValue: 0))
      heartbeat.busyPermille = busyPermille
      heartbeat.loads = [Shard(rawValue: Int16(number)): ShardLoad(commandsPerSecond: rate)]
      return heartbeat
    }
  }

  private static func shards(_ count: Int, arrivals: Int64 = 0, backlog: Int64 = 0) -> [WorkerDemand.ShardDemand] {
    (0..<count).map { .init(shard: Shard(rawValue: Int16($0)), arrivals: arrivals, backlog: backlog) }
  }

  @Test func moreWorkersThanShardsAreNotWantedAndThatIsSaid() {
    let demand = WorkerDemand(workers: Self.fleet(2), shards: Self.shards(2, arrivals: 20_000))
    #expect(demand.wanted == 2)
    #expect(demand.reason.contains("because there are 2 shards"), "\(demand.reason)")
    let enough = WorkerDemand(workers: Self.fleet(2), shards: Self.shards(16, arrivals: 1_000))
    #expect(!enough.reason.contains("because there are"))
  }

  @Test func anIdleFleetNeedsOne() {
    #expect(WorkerDemand(workers: Self.fleet(1), shards: Self.shards(8)).wanted == 1)
    #expect(WorkerDemand(workers: Self.fleet(5), shards: Self.shards(8)).wanted == 1)
    #expect(WorkerDemand(workers: [], shards: Self.shards(8)).wanted == 1)
  }

  @Test func moreAreWantedForMoreThanTheFleetCanCarry() {
    let demand = WorkerDemand(workers: Self.fleet(2), shards: Self.shards(16, arrivals: 1_000))
    #expect(demand.arrivals == 16_000 && demand.wanted == 6, "16,000 at 70 % of 4,000 each")
    #expect(demand.reason.contains("too much for 2"))
    let late = WorkerDemand(workers: Self.fleet(2), shards: Self.shards(16, backlog: 10_000))
    #expect(late.wanted == 6, "160,000 waiting are 16,000 a second for ten seconds")
  }

  @Test func aWorkerWithItsHandsFullShowsWhatOneCanDo() {
    let demand = WorkerDemand(
      workers: Self.fleet(2, busyPermille: 950, rate: 500), shards: Self.shards(16, arrivals: 70))
    #expect(demand.isCapacityMeasured && demand.capacity == 500 && demand.wanted == 4)
  }

  @Test func aHotShardIsNamedAndNoWorkerIsWantedBeyondTheShards() {
    var shards = Self.shards(3, arrivals: 10)
    shards[1].arrivals = 50_000
    let demand = WorkerDemand(workers: Self.fleet(3), shards: shards)
    #expect(demand.hotShards.map(\.shard) == [Shard(rawValue: 1)])
    #expect(demand.wanted == 3 && demand.reason.contains("shard 1 is too much for one worker alone"))
  }

  @Test func whoDrainsDoesNotCountAndUnknownWorkersAreSaidToBe() {
    var fleet = Self.fleet(2)
    fleet[1].state = .draining
    #expect(WorkerDemand(workers: fleet, shards: Self.shards(4)).active == 1)
    let blind = WorkerDemand(workers: nil, shards: Self.shards(16, arrivals: 1_000))
    #expect(blind.active == nil && blind.wanted == 6 && blind.reason.contains("not known"))
  }

  /// An autoscaler that follows the figure comes to rest, whatever the load: never up and down again.
  @Test(arguments: 1...100 as ClosedRange<UInt64>) func followingItComesToRest(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    let shards = (0..<random.number(1...64)).map { number in
      WorkerDemand.ShardDemand(
        shard: Shard(rawValue: Int16(number)), arrivals: random.number(0...3_000), backlog: random.number(0...20_000))
    }
    var count = random.number(1...64)
    var steps: [Int] = []
    for _ in 0..<5 {
      let demand = WorkerDemand(workers: Self.fleet(count), shards: shards)
      steps.append(demand.wanted)
      #expect((1...shards.count).contains(demand.wanted), "seed \(seed)")
      count = demand.wanted
    }
    #expect(Set(steps.dropFirst()).count == 1, "seed \(seed): \(steps)")
  }
}
