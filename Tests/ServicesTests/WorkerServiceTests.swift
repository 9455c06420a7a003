import Market
import Ports
import Sharding
import TestKit
import Testing

@testable import Services

/// Workers that share a ledger, a stream and leases.
private struct Floor {
  let shards = (0..<8 as Range<Int16>).map { Shard(rawValue: $0) }
  let ledger: FakeLedger
  let stream = FakeStream()
  let leases = MemoryLeases()
  let leading = FakeLeading()
  let dead = Recorder<WorkerID>()
  let recorder = Recorder<WorkerEvent>()

  init() { ledger = FakeLedger(shards: shards) }

  static func id(_ name: String) -> WorkerID { WorkerID(rawValue: name) }

  /// - Parameter leaseLifetime: Short, so that what is lost is missed soon; longer where nothing may be lost on a machine
  ///   that does not get round to a worker for a while.
  func worker(
    _ name: String, claimBase: Duration = .milliseconds(5), leaseLifetime: Duration = .milliseconds(30)
  ) -> WorkerService {
    var settings = ExecutionSettings()
    settings.readWait = .milliseconds(5)
    settings.silencePeriod = .milliseconds(20)
    settings.renewalPeriod = .milliseconds(3)
    settings.leaseLifetime = leaseLifetime
    settings.retryCeiling = .milliseconds(20)
    settings.claimBase = claimBase
    settings.claimCeiling = max(claimBase, settings.claimCeiling)
    settings.pollPeriod = .milliseconds(3)
    settings.handOverPoll = .milliseconds(1)
    settings.drainLimit = max(.seconds(30), leaseLifetime * 60)
    settings.balance.coolDown = .milliseconds(50)
    let began = ContinuousClock().now
    return WorkerService(
      identity: Heartbeat(worker: Self.id(name), host: "host", pid: 1, version: "test", startedAt: Row.start),
      shards: shards,
      dependencies: .init(
        ledger: ledger, claims: ledger, preparations: ledger, leading: leading, stream: stream, leases: leases,
        handOvers: leases, members: leases, fleet: leases, leaders: leases,
        probe: FakeProbe { [dead] in dead.all.contains($0) ? .refused : .healthy }),
      settings: settings, now: { Row.start }, random: { .random(in: 1 ... .max) },
      clock: { ContinuousClock().now - began + .seconds(1) }, report: { [recorder] in recorder.add($0) })
  }

  /// Lets the workers work while `body` happens, and stops them in order.
  func working(_ workers: [WorkerService], _ body: () async throws -> Void) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for worker in workers { group.addTask { await worker.run() } }
      defer { for worker in workers { worker.stop() } }
      try await body()
    }
  }

  func log(_ sequences: ClosedRange<Int64>) async {
    for shard in shards { await ledger.append(sequences.map { Row.cancel($0, in: shard) }) }
  }

  func expectSettled(_ last: Int64) async {
    await eventually("all is settled") { await ledger.isSettled() }
    for shard in shards {
      #expect(await ledger.settledRows(shard) == (0..<last).map { $0 + 1 }, "each once and in order")
    }
  }

  /// Whether a worker works on a fair part of the shards and holds their leases. (Load tells what is fair, not the count.)
  func worksItsShare(_ worker: WorkerService) async -> Bool {
    let owned = Set(await worker.owned().map(\.nonce))
    let held = Set(await leases.nonces)
    return (2...6).contains(owned.count) && held.isSuperset(of: owned)
  }

  func count(of name: String) async -> Int { await leases.owners.values.count { $0 == Self.id(name) } }
}

@Suite struct WorkerServiceTests {
  @Test func aWorkerClaimsAllSettlesAllAndLeavesNothingBehind() async throws {
    let floor = Floor()
    let worker = floor.worker("a")
    await floor.log(1...20)
    try await floor.working([worker]) {
      await floor.expectSettled(20)
      await eventually("its heartbeat says so") { (try? await floor.leases.workers().first?.shards) == floor.shards }
    }
    #expect(await floor.leases.owners.isEmpty)
    #expect(try await floor.leases.workers().isEmpty)
    #expect(await worker.owned().isEmpty)
  }

  @Test func aSecondWorkerGetsItsShareAndNothingIsSettledTwice() async throws {
    let floor = Floor()
    await floor.log(1...10)
    try await floor.working([floor.worker("a")]) {
      await eventually("the first has all") { await floor.count(of: "a") == 8 }
      let second = floor.worker("b")
      try await floor.working([second]) {
        await floor.log(11...20)
        await eventually("a share each") { await floor.worksItsShare(second) }
        await floor.log(21...30)
        await floor.expectSettled(30)
      }
      await eventually("the first has all again") { await floor.count(of: "a") == 8 }
      await floor.log(31...32)
      await floor.expectSettled(32)
    }
  }

  @Test func whoeverLosesALeaseStopsWorkingTheShard() async throws {
    let floor = Floor()
    let worker = floor.worker("a")
    let shard = floor.shards[2]
    try await floor.working([worker]) {
      await eventually("all claimed") { await worker.owned().count == 8 }
      _ = try await floor.ledger.claim([shard: 7], owner: Floor.id("thief"))
      await floor.leases.steal(shard, for: Floor.id("thief"), nonce: 7)
      await eventually("dropped") {
        floor.recorder.all.contains { if case .leaseLost(shard, _) = $0 { true } else { false } }
      }
      await floor.leases.expire(shard)
      await eventually("claimed again") { await worker.owned().count == 8 }
      #expect(await floor.ledger.epoch(shard) == 3)
    }
  }

  /// A name in a lease makes nobody an owner: who has claimed the shard goes on, and takes the lease back.
  @Test func aLieInALeaseCostsNothing() async throws {
    let floor = Floor()
    let worker = floor.worker("a")
    let shard = floor.shards[2]
    try await floor.working([worker]) {
      await eventually("all claimed") { await worker.owned().count == 8 }
      await floor.leases.steal(shard, for: Floor.id("liar"), nonce: 7)
      await eventually("taken back") { await floor.leases.owners[shard] == Floor.id("a") }
      await floor.log(1...3)
      await floor.expectSettled(3)
      #expect(await floor.ledger.epoch(shard) == 1)
    }
    #expect(floor.recorder.all.contains { if case .contested = $0 { true } else { false } })
    #expect(!floor.recorder.all.contains { if case .leaseLost = $0 { true } else { false } })
  }

  @Test func aWipeOfTheLeasesCostsNoEpoch() async throws {
    let floor = Floor()
    let worker = floor.worker("a")
    try await floor.working([worker]) {
      await eventually("all claimed") { await worker.owned().count == 8 }
      await floor.leases.wipe()
      await eventually("all taken back") { await floor.count(of: "a") == 8 }
      await floor.log(1...5)
      await floor.expectSettled(5)
    }
    for shard in floor.shards { #expect(await floor.ledger.epoch(shard) == 1) }
  }

  @Test func workGoesOnWhileTheLeasesCannotBeReached() async throws {
    let floor = Floor()
    let worker = floor.worker("a")
    try await floor.working([worker]) {
      await eventually("all claimed") { await worker.owned().count == 8 }
      await floor.leases.fail("down")
      await eventually("it is noticed") {
        floor.recorder.all.contains { if case .leasesUnavailable = $0 { true } else { false } }
      }
      await floor.log(1...5)
      await floor.expectSettled(5)
      await floor.leases.fail(nil)
    }
  }

  @Test func aFencedShardIsClaimedAnew() async throws {
    let floor = Floor()
    let worker = floor.worker("a")
    try await floor.working([worker]) {
      await eventually("all claimed") { await worker.owned().count == 8 }
      _ = try await floor.ledger.claim(floor.shards[0], owner: Floor.id("ghost"), nonce: 99)
      await floor.log(1...5)
      await floor.expectSettled(5)
    }
    #expect(await floor.ledger.epoch(floor.shards[0]) == 3)
  }

  /// Books that cannot be rebuilt cost one claim in a while and nothing of the other shards.
  @Test func aShardWhoseBooksCannotBeRebuiltIsLeftAloneForAWhile() async throws {
    let floor = Floor()
    await floor.ledger.breakOrders(of: floor.shards[3])
    let worker = floor.worker("a", claimBase: .seconds(3_600))
    try await floor.working([worker]) {
      await eventually("the others are claimed") { await worker.owned().count == 7 }
      // Rounds of claiming go on meanwhile: a lease that is lost is taken again.
      for _ in 0..<3 {
        _ = try await floor.ledger.claim([floor.shards[5]: 7], owner: Floor.id("thief"))
        let epoch = await floor.ledger.epoch(floor.shards[5])
        await floor.leases.steal(floor.shards[5], for: Floor.id("thief"), nonce: 7)
        // Nobody knows the thief, so its lease may be taken back before this test has looked.
        await eventually("dropped") {
          let isTaken = await floor.ledger.epoch(floor.shards[5]) > epoch
          return await worker.owned().count == 6 || isTaken
        }
        await floor.leases.expire(floor.shards[5])
        await eventually("claimed again") { await worker.owned().count == 7 }
      }
      #expect(await floor.leases.owners[floor.shards[3]] == nil, "free for whoever can do better")
    }
    #expect(await floor.ledger.epoch(floor.shards[3]) == 1)
    let failures = floor.recorder.all.compactMap { event in
      if case .recoveryFailed(let shard, _, let pause) = event { "\(shard) \(pause >= .seconds(1_800))" } else { nil }
    }
    #expect(failures == ["3 true"])
  }

  @Test func aWorkerCanBeStoppedWhileTheDatabaseIsAway() async throws {
    let floor = Floor()
    let worker = floor.worker("a")
    try await floor.working([worker]) {
      await eventually("all claimed") { await worker.owned().count == 8 }
      await floor.ledger.script([], then: .fail(.unavailable(reason: "away")))
      await floor.log(1...3)
      await eventually("a settlement hangs") { await floor.ledger.settleCalls >= 2 }
    }
    #expect(try await floor.leases.workers().isEmpty)
  }

  @Test func theShardsOfACrashedWorkerAreTakenAtOnceWhileItsLeasesStand() async throws {
    let floor = Floor()
    let first = floor.worker("a")
    try await floor.working([first]) {
      await eventually("the first has all") { await floor.count(of: "a") == 8 }
      let second = floor.worker("b")
      try await floor.working([second]) {
        await eventually("half each") { await floor.worksItsShare(second) }
        // Its process "ends": others see its connection gone and nobody answering. (It goes on here as a zombie, which
        // makes it worse.)
        floor.dead.add(Floor.id("a"))
        await floor.leases.crash(Floor.id("a"))
        await floor.leases.forbid(Floor.id("a"))
        await eventually("the second takes all") { await floor.count(of: "b") == 8 }
        await floor.log(1...20)
        await floor.expectSettled(20)
      }
    }
    let crashes = floor.recorder.all.contains {
      if case .claimed(_, _, _, cause: .crashed(Floor.id("a"))) = $0 { true } else { false }
    }
    #expect(crashes)
  }

  /// That no shard is free in between is told by schedules without faults (`buttonwood-lab simulate`): here a machine that does
  /// not get round to a worker for seconds makes it a dead one.
  @Test func aPlannedHandOverRaisesEachEpochOnce() async throws {
    let floor = Floor()
    try await floor.working([floor.worker("a", leaseLifetime: .seconds(4))]) {
      await eventually("the first has all") { await floor.count(of: "a") == 8 }
      let second = floor.worker("b", leaseLifetime: .seconds(4))
      try await floor.working([second]) {
        await eventually("half each") { await floor.worksItsShare(second) }
      }
    }
    let moves = floor.recorder.all.filter { if case .handedOver = $0 { true } else { false } }
    #expect(moves.count >= 4, "some there and back")
    let claims = floor.recorder.all.count { if case .claimed = $0 { true } else { false } }
    var epochs: Int64 = 0
    for shard in floor.shards { epochs += await floor.ledger.epoch(shard) }
    #expect(claims == epochs, "every claim raises one epoch")
  }

  @Test func aDrainedWorkerHoldsNothingUntilItIsReportedToResume() async throws {
    let floor = Floor()
    let (first, second) = (floor.worker("a"), floor.worker("b"))
    try await floor.working([first, second]) {
      await eventually("both work") {
        let (one, two) = await (first.owned().count, second.owned().count)
        return one > 0 && two > 0
      }
      try await floor.leases.instruct(Floor.id("a"), .drain, lifetime: .seconds(1))
      await eventually("the second has all") {
        let (own, other) = await (second.owned().count, first.owned().count)
        return own == 8 && other == 0
      }
      await eventually("it says so") {
        (try? await floor.leases.workers().first { $0.worker == Floor.id("a") }?.state) == .drained
      }
      await floor.log(1...5)
      await floor.expectSettled(5)
      try await floor.leases.instruct(Floor.id("a"), .resume, lifetime: .seconds(1))
      await eventually("it gets its share again") { await floor.worksItsShare(first) }
      await floor.log(6...9)
      await floor.expectSettled(9)
    }
  }

  @Test func oneLeadsAndAnotherFollowsItWhenItStops() async throws {
    let floor = Floor()
    let (first, second) = (floor.worker("a"), floor.worker("b"))
    try await floor.working([second]) {
      try await floor.working([first]) {
        await eventually("someone leads") { (try? await floor.leases.seat()) ?? nil != nil }
        await eventually("tables are kept") { await floor.leading.kept > 0 }
      }
      await eventually("the other leads") { (try? await floor.leases.seat())??.worker == Floor.id("b") }
      await floor.log(1...3)
      await floor.expectSettled(3)
    }
    #expect(try await floor.leases.seat() == nil, "an orderly end gives the lead up")
  }

  @Test func aLeaderMakesTablesPortionByPortionUntilNoneIsMissing() async throws {
    let floor = Floor()
    let portions = [
      DaysKept(made: 12, left: 18, ahead: 1), DaysKept(made: 12, left: 6, ahead: 5),
      DaysKept(made: 6, left: 0, ahead: 7),
    ]
    await floor.leading.answer(portions)
    try await floor.working([floor.worker("a")]) {
      await eventually("all are made") {
        floor.recorder.all.compactMap { if case .daysKept(let kept) = $0 { kept } else { nil } } == portions
      }
    }
    #expect(await floor.leading.kept == 3, "it looks again when an hour has passed")
  }

  @Test func aDeposedLeaderStepsDown() async throws {
    let floor = Floor()
    let worker = floor.worker("a")
    try await floor.working([worker]) {
      await eventually("it leads") { (try? await floor.leases.seat())??.worker == Floor.id("a") }
      _ = try await floor.leading.elect(Floor.id("ghost"), nonce: 1)
      await floor.leases.depose(by: Floor.id("ghost"), term: 99)
      await eventually("it steps down") {
        floor.recorder.all.contains { if case .steppedDown = $0 { true } else { false } }
      }
      await floor.log(1...3)
      await floor.expectSettled(3)
      // The ghost does not renew its lease.
      await eventually("it leads again") { (try? await floor.leases.seat())??.worker == Floor.id("a") }
    }
  }

  /// What Redis says of a leader or of targets whom nobody has elected is written over by who was.
  @Test func aLieAboutTheLeaderCostsNothing() async throws {
    let floor = Floor()
    let worker = floor.worker("a")
    try await floor.working([worker]) {
      await eventually("it leads") { (try? await floor.leases.assignment(unless: nil)) != nil }
      await floor.leases.depose(by: Floor.id("ghost"), term: 99)
      await eventually("it leads on") { (try? await floor.leases.seat())??.worker == Floor.id("a") }
      let lie = Assignment(term: Term(rawValue: 99), generation: 1, targets: [floor.shards[0]: Floor.id("ghost")])
      let isTaken = try await floor.leases.publish(lie)
      #expect(isTaken)
      await eventually("its own wishes stand") {
        let assignment = try? await floor.leases.assignment(unless: nil)
        return assignment?.term == Term(rawValue: 1) && assignment?.targets[floor.shards[0]] == Floor.id("a")
      }
    }
    #expect(!floor.recorder.all.contains { if case .steppedDown(_, "another leads") = $0 { true } else { false } })
  }
}
