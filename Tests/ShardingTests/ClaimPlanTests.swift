import Market
import TestKit
import Testing

@testable import Sharding

@Suite struct ClaimPlanTests {
  private static let shard = Shard(rawValue: 3)
  private static let me = WorkerID(rawValue: "me")
  private static let other = WorkerID(rawValue: "other")

  private static func lease(_ owner: WorkerID, successor: Successor? = nil) -> Lease {
    Lease(
      owner: owner, nonce: 5, counter: 2, epoch: Epoch(rawValue: 1), remaining: .milliseconds(900), successor: successor
    )
  }

  private static func view(
    others: [WorkerID: ClaimPlan.Member] = [:], state: WorkerState = .active, target: WorkerID? = nil,
    owned: Bool = false, prepared: Bool = false, lease: Lease? = nil, now: Duration = .zero
  ) -> ClaimPlan.View {
    var members = others
    members[me] = ClaimPlan.Member(standing: .alive, state: state, shards: owned ? [shard] : [])
    var view = ClaimPlan.View(
      me: me, members: members, shards: [shard], targets: target.map { [shard: $0] } ?? [:],
      owned: owned ? [shard] : [],
      prepared: prepared ? [shard] : [], now: now)
    if let lease { view.leases[shard] = lease }
    return view
  }

  private static func member(
    _ standing: Membership.Standing = .alive, _ state: WorkerState = .active, holds: Bool = false
  ) -> ClaimPlan.Member {
    ClaimPlan.Member(standing: standing, state: state, shards: holds ? [shard] : [])
  }

  private static func decide(_ view: ClaimPlan.View) -> [ClaimPlan.Action] {
    var plan = ClaimPlan(longestWait: .milliseconds(1_500))
    return plan.decide(view)
  }

  @Test func aFreeShardIsClaimedAtOnceByTheOnlyWorker() {
    #expect(Self.decide(Self.view()) == [.claim(Self.shard, over: nil)])
  }

  @Test func aShardThatALivingWorkerSaysItHasIsNotEvenLookedAt() {
    let view = Self.view(others: [Self.other: Self.member(holds: true)])
    #expect(ClaimPlan.doubtful(view).isEmpty)
    #expect(Self.decide(view).isEmpty)
  }

  @Test func aFreeLeaseOfAShardThatIsWorkedIsLeftToItsOwner() {
    var plan = ClaimPlan(longestWait: .milliseconds(1_500))
    func poll(_ milliseconds: Int) -> [ClaimPlan.Action] {
      plan.decide(
        Self.view(
          others: [Self.other: Self.member(holds: true)], target: Self.me, prepared: true,
          now: .milliseconds(milliseconds)))
    }
    #expect(poll(0).isEmpty && poll(1_499).isEmpty)
    #expect(poll(1_500) == [.claim(Self.shard, over: nil)])
  }

  @Test func aSuspectsShardsWaitForTheVerdict() {
    let view = Self.view(others: [Self.other: Self.member(.suspect, holds: true)])
    #expect(Self.decide(view).isEmpty)
  }

  @Test func aCrashedOwnersLeaseIsTakenOverAHungOnesIsWaitedOut() {
    let lease = Self.lease(Self.other)
    #expect(
      Self.decide(Self.view(others: [Self.other: Self.member(.crashed, holds: true)], lease: lease))
        == [.claim(Self.shard, over: lease)])
    #expect(Self.decide(Self.view(others: [Self.other: Self.member(.hung, holds: true)], lease: lease)).isEmpty)
    #expect(
      Self.decide(Self.view(others: [Self.other: Self.member(.hung, holds: true)])) == [.claim(Self.shard, over: nil)])
  }

  @Test func aUnauthenticatedLeaseIsWaitedOut() {
    #expect(Self.decide(Self.view(lease: Self.lease(WorkerID(rawValue: "stranger")))).isEmpty)
  }

  @Test func aUnauthenticatedLeaseThatIsNotRenewedIsTakenOverAfterALifetime() {
    var plan = ClaimPlan(longestWait: .milliseconds(1_500))
    var lease = Self.lease(WorkerID(rawValue: "stranger"))
    #expect(plan.decide(Self.view(lease: lease, now: .zero)).isEmpty)
    #expect(plan.decide(Self.view(lease: lease, now: .milliseconds(1_500))).isEmpty)
    lease.counter += 1
    #expect(plan.decide(Self.view(lease: lease, now: .milliseconds(1_600))).isEmpty)
    #expect(plan.decide(Self.view(lease: lease, now: .milliseconds(3_100))).isEmpty)
    #expect(
      plan.decide(Self.view(lease: lease, now: .milliseconds(3_101))) == [.claim(Self.shard, over: lease)])
  }

  @Test func theAssignedWorkerComesFirstAndTheOthersInOrderAfterIt() {
    var plan = ClaimPlan(longestWait: .milliseconds(1_500))
    let others = [Self.other: Self.member(), WorkerID(rawValue: "third"): Self.member()]
    #expect(plan.decide(Self.view(others: others, target: Self.other)).isEmpty)
    let rank = Rendezvous.rank(of: Self.me, among: others.keys, for: Self.shard) + 1
    let before = Self.view(others: others, target: Self.other, now: .milliseconds(rank * 100 - 1))
    #expect(plan.decide(before).isEmpty)
    let after = Self.view(others: others, target: Self.other, now: .milliseconds(rank * 100))
    #expect(plan.decide(after) == [.claim(Self.shard, over: nil)])
    #expect(Self.decide(Self.view(others: others, target: Self.me)) == [.claim(Self.shard, over: nil)])
  }

  @Test func aTargetForAnothersShardIsPreparedAndAnOldOneForgotten() {
    let others = [Self.other: Self.member(holds: true)]
    #expect(Self.decide(Self.view(others: others, target: Self.me)) == [.prepare(Self.shard)])
    #expect(
      Self.decide(Self.view(others: others, target: Self.me, prepared: true, lease: Self.lease(Self.other))).isEmpty)
    #expect(
      Self.decide(Self.view(others: others, target: Self.other, prepared: true, lease: Self.lease(Self.other)))
        == [.forget(Self.shard)])
  }

  @Test func anOwnerHandsOverOnlyToTheAssignedWorkerThatAsked() {
    let successor = Successor(worker: Self.other, nonce: 8)
    let others = [Self.other: Self.member()]
    let asked = Self.lease(Self.me, successor: successor)
    #expect(
      Self.decide(Self.view(others: others, target: Self.other, owned: true, lease: asked))
        == [.handOver(Self.shard, to: successor)])
    #expect(Self.decide(Self.view(others: others, target: Self.other, owned: true, lease: Self.lease(Self.me))).isEmpty)
    #expect(Self.decide(Self.view(others: others, target: Self.me, owned: true, lease: asked)).isEmpty)
    #expect(
      Self.decide(Self.view(others: [Self.other: Self.member(.crashed)], target: Self.other, owned: true, lease: asked))
        .isEmpty)
  }

  @Test func leftoversAreGivenBack() {
    #expect(Self.decide(Self.view(lease: Self.lease(Self.me))) == [.release(Self.shard, nonce: 5)])
    #expect(Self.decide(Self.view(target: Self.me, prepared: true, lease: Self.lease(Self.me))).isEmpty, "granted")
  }

  @Test func whoDrainsClaimsAndPreparesNothing() {
    #expect(Self.decide(Self.view(state: .draining)).isEmpty)
    let others = [Self.other: Self.member(holds: true)]
    #expect(Self.decide(Self.view(others: others, state: .drained, target: Self.me)).isEmpty)
  }

  /// Whatever the targets and whoever is alive: of all workers that see a free shard, one comes first, and every one comes
  /// within the longest wait.
  @Test(arguments: 1...100 as ClosedRange<UInt64>) func aFreeShardIsClaimedInTurnAndSoon(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    let workers = (0..<Int.random(in: 1...12, using: &random)).map { WorkerID(rawValue: "w\($0)") }
    let target = Bool.random(using: &random) ? workers.randomElement(using: &random) : WorkerID(rawValue: "dead")
    let members = Dictionary(uniqueKeysWithValues: workers.map { ($0, Self.member()) })
    var waits: [Int] = []
    for worker in workers {
      var plan = ClaimPlan(longestWait: .milliseconds(1_500))
      let moments = stride(from: 0, through: 1_500, by: 50)
      let first = moments.first { moment in
        let view = ClaimPlan.View(
          me: worker, members: members, shards: [Self.shard], targets: [Self.shard: target!], owned: [], prepared: [],
          now: .milliseconds(moment))
        return !plan.decide(view).isEmpty
      }
      waits.append(first ?? .max)
    }
    #expect(waits.count { $0 == 0 } == 1, "seed \(seed): \(waits)")
    #expect(waits.allSatisfy { $0 <= 1_500 }, "seed \(seed): \(waits)")
  }
}
