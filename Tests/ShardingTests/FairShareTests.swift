import Market
import Sharding
import TestKit
import Testing

/// Workers that see the same leases and act one after the other, as heartbeats make them do.
private struct Cluster {
  var workers: [WorkerID]
  let shards: [Shard]
  var holders: [Shard: WorkerID] = [:]
  /// Leases that changed hands.
  var moved = 0

  init(workers: Int, shards: Int, seed: UInt64) {
    self.workers = (0..<workers).map { WorkerID(rawValue: "host-\($0)-\(seed)") }
    self.shards = (0..<Int16(shards)).map { Shard(rawValue: $0) }
  }

  var ceiling: Int { (shards.count + workers.count - 1) / workers.count }
  func count(of worker: WorkerID) -> Int { holders.values.count { $0 == worker } }

  func decision(of worker: WorkerID) -> FairShare.Decision {
    FairShare.decide(
      .init(
        me: worker, alive: Set(workers), shards: shards, holders: holders,
        owned: Set(holders.filter { $0.value == worker }.keys)))
  }

  /// One turn of one worker; whether it did anything.
  mutating func act(_ worker: WorkerID) -> Bool {
    let decision = decision(of: worker)
    for shard in decision.release {
      #expect(holders[shard] == worker, "only one's own is given up")
      holders[shard] = nil
      moved += 1
    }
    for shard in decision.claim {
      #expect(holders[shard] == nil, "only what is free is claimed")
      holders[shard] = worker
    }
    #expect(count(of: worker) <= ceiling)
    return !decision.claim.isEmpty || !decision.release.isEmpty
  }

  /// Lets all act in some order until nobody does; returns how many rounds did something.
  mutating func settle(_ random: inout SeededRandom) -> Int {
    for round in 0..<10 {
      var acted = false
      for worker in workers.shuffled(using: &random) where act(worker) { acted = true }
      if !acted { return round }
    }
    return 10
  }

  func expectFair(_ comment: Comment) {
    #expect(holders.count == shards.count, comment)
    #expect(workers.allSatisfy { count(of: $0) <= ceiling }, comment)
    #expect(Set(holders.values).isSubset(of: Set(workers)), comment)
  }
}

@Suite struct FairShareTests {
  @Test(arguments: 1...8, [16, 17, 64, 100, 256])
  func workersSettleOnFairSharesAndThenRest(workers: Int, shards: Int) {
    for seed in 1...3 as ClosedRange<UInt64> {
      var random = SeededRandom(seed: seed)
      var cluster = Cluster(workers: workers, shards: shards, seed: seed)
      #expect(cluster.settle(&random) <= 2, "seed \(seed)")
      cluster.expectFair("seed \(seed): \(workers) workers, \(shards) shards")
      for worker in cluster.workers {
        let decision = cluster.decision(of: worker)
        #expect(decision.claim.isEmpty && decision.release.isEmpty, "no ping-pong, seed \(seed)")
      }
    }
  }

  @Test(arguments: 1...7, [64, 256])
  func aJoinMovesWhatTheSharesShrinkByAndNoMore(workers: Int, shards: Int) {
    var random = SeededRandom(seed: 4)
    var cluster = Cluster(workers: workers, shards: shards, seed: 4)
    _ = cluster.settle(&random)
    let before = cluster.ceiling
    let joiner = WorkerID(rawValue: "joiner")
    cluster.workers.append(joiner)
    cluster.moved = 0
    #expect(cluster.settle(&random) <= 3)
    cluster.expectFair("\(workers) workers and one more")
    #expect(cluster.moved <= workers * (before - cluster.ceiling), "nobody gives up more than the share has shrunk by")
    // Where the shares were even, what is given up goes to the joiner alone.
    if shards % workers == 0 { #expect(cluster.moved == cluster.count(of: joiner)) }
    #expect(cluster.count(of: joiner) >= shards - workers * cluster.ceiling)
  }

  @Test(arguments: 2...8, [16, 64, 256])
  func theShardsOfTheDeadAreTakenAndNothingElseMoves(workers: Int, shards: Int) {
    var random = SeededRandom(seed: 5)
    var cluster = Cluster(workers: workers, shards: shards, seed: 5)
    _ = cluster.settle(&random)
    let dead = cluster.workers.removeFirst()
    let before = cluster.holders.filter { $0.value != dead }
    // Still leased: nobody touches them.
    for worker in cluster.workers {
      #expect(cluster.decision(of: worker).claim.allSatisfy { cluster.holders[$0] == nil })
    }
    cluster.holders = before
    cluster.moved = 0
    _ = cluster.settle(&random)
    cluster.expectFair("\(workers) workers less one")
    #expect(cluster.moved == 0 && before.allSatisfy { cluster.holders[$0.key] == $0.value })
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func aDecisionDependsOnWhatIsSeenAndOnNothingElse(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    for _ in 0..<200 {
      let workers = (0..<random.number(1...8)).map { WorkerID(rawValue: "w\($0)") }
      let shards = (0..<random.number(16...64) as Range<Int16>).map { Shard(rawValue: $0) }
      var holders: [Shard: WorkerID] = [:]
      for shard in shards where random.oneIn(2) { holders[shard] = random.pick(workers + [WorkerID(rawValue: "dead")]) }
      let me = workers[0]
      let owned = Set(holders.filter { $0.value == me }.keys)
      let view = FairShare.View(me: me, alive: Set(workers), shards: shards, holders: holders, owned: owned)
      let decision = FairShare.decide(view)
      var same = view
      same.shards.shuffle(using: &random)
      same.holders = Dictionary(uniqueKeysWithValues: holders.shuffled(using: &random))
      #expect(FairShare.decide(same) == decision, "seed \(seed)")
      let share = (shards.count + workers.count - 1) / workers.count
      #expect(decision.claim.isEmpty || decision.release.isEmpty, "nobody claims and gives up at once")
      #expect(owned.count + decision.claim.count - decision.release.count <= share, "seed \(seed)")
      #expect(decision.claim.allSatisfy { holders[$0] == nil } && Set(decision.claim).count == decision.claim.count)
      #expect(owned.isSuperset(of: decision.release))
    }
  }

  @Test func workersThatClaimAtOnceMostlyWantOthersFirst() {
    let shards = (0..<256 as Range<Int16>).map { Shard(rawValue: $0) }
    let workers = (0..<4).map { WorkerID(rawValue: "host-\($0)") }
    let wishes = workers.map { me in
      FairShare.decide(.init(me: me, alive: Set(workers), shards: shards, holders: [:], owned: [])).claim
    }
    // Four fair hands of 64 out of 256 cover about 256 × (1 − 0.75⁴) = 175 by chance.
    #expect(Set(wishes.joined()).count > 140)
    #expect(Set(wishes.map { $0[0] }).count > 1)
  }
}
