import Engine
import Market
import Ports
import Sharding
import TestKit
import Testing

@testable import Services

/// A lane with its world: a ledger that fences and a stream that can be torn.
private struct Bench {
  let shards: [Shard]
  let ledger: FakeLedger
  let stream = FakeStream()
  let recorder = Recorder<WorkerEvent>()
  let lane: ExecutionLane

  /// By default neither silence nor waiting hides a fault: only what the test is about heals.
  init(shards: [Shard] = [Row.shard], silence: Duration = .seconds(3_600), gap: Duration = .milliseconds(2)) {
    self.shards = shards
    ledger = FakeLedger(shards: shards)
    var settings = ExecutionSettings()
    settings.readWait = .milliseconds(5)
    settings.silencePeriod = silence
    settings.gapPatience = gap
    settings.retryCeiling = .milliseconds(20)
    // What rests does so for longer than any test takes.
    (settings.claimBase, settings.claimCeiling) = (.seconds(3_600), .seconds(7_200))
    lane = ExecutionLane(
      ledger: ledger, stream: stream, settings: settings, now: { Row.start }, random: { .random(in: 0 ... .max) }
    ) { [recorder] in recorder.add($0) }
  }

  func claim(_ shard: Shard, nonce: UInt64 = 1) async throws {
    let ownership = try #require(try await ledger.claim(shard, owner: WorkerID(rawValue: "me"), nonce: nonce))
    await lane.adopt(ownership, try ShardEngine(shard: shard, processed: ownership.processed, orders: []))
  }

  /// Claims all shards, lets the lane work through what is logged, and then `body` happen.
  func working(_ body: () async throws -> Void) async throws {
    for shard in shards { try await claim(shard) }
    async let run: Void = lane.run()
    let result: Result<Void, any Error>
    do {
      // After a claim the log is read once in any case.
      await eventually("the first look at the log") { await ledger.logReads >= shards.count }
      result = .success(try await body())
    } catch {
      result = .failure(error)
    }
    await lane.stop()
    await run
    try result.get()
  }

  func log(_ sequences: ClosedRange<Int64>, in shard: Shard = Row.shard) async {
    await ledger.append(sequences.map { Row.cancel($0, in: shard) })
  }

  func deliver(_ sequences: [Int64], in shard: Shard = Row.shard) async {
    for sequence in sequences { await stream.append(Row.cancel(sequence, in: shard), to: shard) }
  }

  /// How many entries were refused, by cause.
  var refused: [EntryRefusal: Int] {
    recorder.all.reduce(into: [:]) { sums, event in
      if case .entriesRefused(_, let cause, let count) = event { sums[cause, default: 0] += count }
    }
  }

  func expectSettled(_ last: Int64, in shard: Shard = Row.shard) async {
    await eventually("row \(last) of \(shard) is settled") { await ledger.processed(shard) >= last }
    #expect(await ledger.settledRows(shard) == (0..<last).map { $0 + 1 }, "each once and in order")
  }
}

extension Bench {
  /// Failures that were told, by use.
  fileprivate var failures: [PortUse: Int] {
    recorder.all.reduce(into: [:]) { sums, event in
      if case .trouble(.failed(let use, _, _)) = event { sums[use, default: 0] += 1 }
    }
  }

  /// Shards that were let go.
  fileprivate var letGo: [Shard] {
    recorder.all.compactMap { event in if case .letGo(let shard, _, _, _) = event { shard } else { nil } }
  }
}

@Suite struct ExecutionLaneTests {
  @Test func everyFailureToReadIsReportedAndTheShardGoesOnWhenItIsOver() async throws {
    let bench = Bench(silence: .milliseconds(20))
    await bench.ledger.failReading(.unavailable(.lockTimeout, reason: "somebody holds it"))
    await bench.log(1...3)
    try await bench.claim(Row.shard)
    async let run: Void = bench.lane.run()
    await eventually("some failures") { await bench.ledger.failedReads >= 5 }
    #expect(await bench.lane.ownerships().count == 1, "the database may have it back at any moment")
    await bench.ledger.failReading(nil)
    await bench.expectSettled(3)
    await bench.lane.stop()
    await run
    #expect(bench.failures.values.reduce(0, +) == (await bench.ledger.failedReads))
    let isOver = bench.recorder.all.contains { event in
      if case .trouble(.over(.attempts, Row.shard, _)) = event { true } else { false }
    }
    #expect(isOver)
  }

  @Test(arguments: [StoreError.unavailable(.schema, reason: "no such table"), .fault(reason: "no such row")])
  func whatThisProgramCannotReadIsLetGoAndLeftAlone(_ error: StoreError) async throws {
    let bench = Bench(shards: [Row.shard, Shard(rawValue: 8)])
    await bench.ledger.failReading(error)
    for shard in bench.shards { try await bench.claim(shard) }
    async let run: Void = bench.lane.run()
    await eventually("both are let go") { bench.letGo.count == 2 }
    #expect(await bench.lane.ownerships().isEmpty)
    #expect(await bench.lane.claimBackoff.resting == Set(bench.shards))
    await bench.lane.stop()
    await run
    #expect(bench.letGo.sorted() == bench.shards)
  }

  @Test(arguments: [FakeLedger.Turn.fence(Row.shard), .failOver, .fail(.unavailable(.schema, reason: "older"))])
  func aTryThatTheCommandIsNotToBlameForIsTakenBack(_ turn: FakeLedger.Turn) async throws {
    let bench = Bench()
    await bench.log(1...1)
    // Claimed again and again at the same place: the shard is worked command by command.
    for nonce: UInt64 in 1...2 { try await bench.claim(Row.shard, nonce: nonce) }
    await bench.ledger.script([turn])
    async let run: Void = bench.lane.run()
    await eventually("the shard is given up") { await bench.lane.ownerships().isEmpty }
    await bench.lane.stop()
    await run
    #expect(await bench.ledger.mostTries == 1)
    #expect(await bench.ledger.tries() == 0)
  }

  @Test func whatCannotBeStoredIsLetGoWithoutTheOthers() async throws {
    let bench = Bench(shards: [Row.shard, Shard(rawValue: 8)])
    try await bench.working {
      // In one batch, then each for itself, or each for itself at once: whoever is refused alone is let go.
      let error = StoreError.unavailable(.schema, reason: "no such table")
      await bench.ledger.script([.fail(error), .fail(error)])
      for shard in bench.shards { await bench.log(1...1, in: shard) }
      for shard in bench.shards { await bench.deliver([1], in: shard) }
      await eventually("one is let go") { !bench.letGo.isEmpty }
      for shard in bench.shards where !bench.letGo.contains(shard) { await bench.expectSettled(1, in: shard) }
      #expect(await bench.ledger.settleCalls >= bench.letGo.count)
    }
  }

  private let other = Shard(rawValue: 8)

  @Test func rowsOfBeforeTheClaimComeFromTheLog() async throws {
    let bench = Bench()
    await bench.log(1...5_000)
    try await bench.working { await bench.expectSettled(5_000) }
    #expect(await bench.stream.published.isEmpty)
  }

  @Test func repeatedAndDisorderedRowsSettleOnce() async throws {
    let bench = Bench(gap: .seconds(3_600))
    try await bench.working {
      await bench.log(1...6)
      await bench.deliver([2, 1, 1, 3, 2, 6, 5, 5, 4, 1])
      await bench.expectSettled(6)
      await eventually("all of it may be trimmed") {
        await bench.stream.trimmed[Row.shard] == StreamPosition(milliseconds: 1_010, counter: 0)
      }
    }
  }

  @Test func aGapIsFilledFromTheLog() async throws {
    let bench = Bench()
    try await bench.working {
      await bench.log(1...6)
      await bench.deliver([1, 2, 4, 6])
      await bench.expectSettled(6)
    }
  }

  @Test func rowsThatNoStreamDeliveredAreFoundInTheLog() async throws {
    let bench = Bench(silence: .milliseconds(2))
    try await bench.working {
      await bench.log(1...6)
      await bench.expectSettled(6)
    }
  }

  @Test func aRowThatTheLogDoesNotHaveIsForgotten() async throws {
    let bench = Bench()
    try await bench.working {
      let reads = await bench.ledger.logReads
      await bench.deliver([1_000])
      await eventually("a look at the log for the gap") { await bench.ledger.logReads > reads }
      // What comes until then goes with it, and is found in the log a little later.
      await eventually("the end of the stream that held it") { await bench.stream.discarded == [Row.shard] }
      await bench.log(1...3)
      await bench.deliver([1, 2, 3])
      await bench.expectSettled(3)
      // Were it still waited for, the stream would be kept from its place on.
      await eventually("the stream is trimmed to its end") {
        await bench.stream.trimmed[Row.shard] == StreamPosition(milliseconds: 1_004, counter: 0)
      }
    }
  }

  @Test func malformedEntriesAreSteppedOver() async throws {
    let bench = Bench()
    try await bench.working {
      await bench.log(1...3)
      await bench.stream.append(nil, to: Row.shard)
      await bench.deliver([1])
      await bench.stream.append(nil, to: Row.shard)
      await bench.deliver([3])
      await bench.expectSettled(3)
    }
  }

  /// Silence and gaps last too long to help: what was refused is read from the log because it was refused.
  @Test(arguments: [EntryRefusal.malformed, .unsigned, .unknownKey, .wrongSignature])
  func rowsOfRefusedEntriesComeFromTheLog(refusal: EntryRefusal) async throws {
    let bench = Bench(gap: .seconds(3_600))
    try await bench.working {
      await bench.log(1...3)
      await bench.deliver([1])
      await bench.stream.append(nil, to: Row.shard, refusal: refusal)
      await bench.stream.append(nil, to: Row.shard, refusal: refusal)
      await bench.expectSettled(3)
    }
    #expect(bench.refused[refusal] == 2 && bench.refused.count == 1)
  }

  /// The end of the log was lost with the database that a backup replaced; the stream still has it.
  @Test func aRowBeyondTheLogIsNotCarriedOutAndItsStreamIsDiscarded() async throws {
    let bench = Bench(shards: [Row.shard, other])
    try await bench.working {
      await bench.log(1...2)
      await bench.deliver([1, 2])
      await bench.expectSettled(2)
      await bench.log(1...1, in: other)
      await bench.deliver([1], in: other)
      await bench.deliver([3, 4])
      await eventually("the shard is given up") { await bench.lane.ownerships().map(\.shard) == [other] }
      await bench.expectSettled(1, in: other)
      #expect(await bench.ledger.processed() == 2)
      await eventually("its stream is discarded") { await bench.stream.discarded.contains(Row.shard) }
      try await bench.claim(Row.shard, nonce: 2)
      await bench.log(3...5)
      await bench.deliver([3, 4, 5])
      await bench.expectSettled(5)
    }
    #expect(bench.refused[.beyondLog] != nil)
    #expect(bench.recorder.all.contains { if case .streamDiscarded(Row.shard) = $0 { true } else { false } })
  }

  @Test func aStreamWithAGapThatEndsBeyondTheLogIsDiscarded() async throws {
    let bench = Bench()
    try await bench.working {
      await bench.log(1...2)
      await bench.deliver([4, 5])
      await eventually("its stream is discarded") { await bench.stream.discarded.contains(Row.shard) }
      await bench.expectSettled(2)
      await bench.log(3...4)
      await bench.deliver([3, 4])
      await bench.expectSettled(4)
    }
    #expect(Set(bench.refused.keys) == [.beyondLog])
  }

  /// A backup was restored, or the server was started anew, while this lane had nothing to settle: publishers tell.
  @Test func aLaneThatHearsOfAnotherHistoryClaimsAnew() async throws {
    let bench = Bench(shards: [Row.shard, other])
    let new = DatabaseTimeline(rawValue: 7)
    try await bench.working {
      await bench.ledger.goOn(in: new)
      await bench.log(1...1)
      var row = Row.cancel(1)
      row.timeline = new
      await bench.stream.append(row, to: Row.shard)
      await eventually("all shards are dropped") { await bench.lane.ownerships().isEmpty }
      #expect(await bench.ledger.processed() == 0)
      try await bench.claim(Row.shard, nonce: 2)
      await bench.stream.append(row, to: Row.shard)
      await bench.expectSettled(1)
    }
    #expect((bench.refused[.foreignTimeline] ?? 0) > 0)
  }

  /// A backup was restored, and nobody publishes what is logged then: the new row has a number that this lane has passed.
  @Test func aLaneWhoseLogWasRestoredClaimsAnew() async throws {
    let bench = Bench(shards: [Row.shard, other], silence: .milliseconds(5))
    try await bench.working {
      await bench.log(1...3)
      await bench.expectSettled(3)
      await bench.ledger.restore(Row.shard, to: 2)
      await bench.log(3...3)
      await eventually("all shards are dropped") { await bench.lane.ownerships().isEmpty }
      #expect(await bench.ledger.processed() == 2)
      try await bench.claim(Row.shard, nonce: 2)
      await bench.expectSettled(3)
    }
  }

  @Test func leftOversOfAnotherHistoryAreReadOverAndAskedAboutOnceInAWhile() async throws {
    let bench = Bench()
    try await bench.working {
      for sequence: Int64 in 1...40 {
        var row = Row.cancel(sequence)
        row.timeline = DatabaseTimeline(rawValue: 7)
        await bench.stream.append(row, to: Row.shard)
        if sequence.isMultiple(of: 10) { try await Task.sleep(for: .milliseconds(10)) }
      }
      await bench.log(1...3)
      await bench.deliver([1, 2, 3])
      await bench.expectSettled(3)
      #expect(await bench.lane.ownerships().map(\.shard) == [Row.shard])
    }
    #expect((bench.refused[.foreignTimeline] ?? 0) > 0)
  }

  @Test func theLogServesWhileTheStreamIsDown() async throws {
    let bench = Bench()
    try await bench.working {
      await bench.stream.fail("down")
      await bench.log(1...3)
      await bench.expectSettled(3)
      await bench.log(4...6)
      await bench.expectSettled(6)
      await bench.stream.fail(nil)
      await bench.log(7...9)
      await bench.deliver([7, 8, 9])
      await bench.expectSettled(9)
    }
    let reports = bench.recorder.all.count { if case .streamUnavailable = $0 { true } else { false } }
    #expect(reports == 1, "an outage is reported once, not at every try")
  }

  @Test func redeliveryAfterAWipeChangesNothing() async throws {
    let bench = Bench()
    try await bench.working {
      await bench.log(1...3)
      await bench.deliver([1, 2, 3])
      await bench.expectSettled(3)
      await bench.stream.wipe()
      await bench.log(4...5)
      await bench.deliver([1, 2, 3, 4, 5])
      await bench.expectSettled(5)
    }
  }

  @Test func aFencedShardIsDroppedAndTheOthersSettle() async throws {
    let bench = Bench(shards: [Row.shard, other])
    try await bench.working {
      // Another owner takes the first shard over.
      _ = try await bench.ledger.claim(Row.shard, owner: WorkerID(rawValue: "other"), nonce: 99)
      await bench.log(1...3)
      await bench.log(1...4, in: other)
      await bench.deliver([1, 2, 3])
      await bench.deliver([1, 2, 3, 4], in: other)
      await bench.expectSettled(4, in: other)
      await eventually("the fenced shard is dropped") { await bench.lane.ownerships().map(\.shard) == [other] }
      await bench.log(5...6, in: other)
      await bench.deliver([5, 6], in: other)
      await bench.expectSettled(6, in: other)
    }
    #expect(await bench.ledger.processed() == 0)
    #expect(bench.recorder.all.contains { if case .fenced(Row.shard, _) = $0 { true } else { false } })
  }

  @Test(arguments: [false, true])
  func booksInDoubtAreDroppedAndANewClaimGoesOn(wasStored: Bool) async throws {
    let bench = Bench(shards: [Row.shard, other])
    try await bench.working {
      await bench.ledger.script([wasStored ? .storeThenLose : .fail(.outcomeUnknown)])
      await bench.log(1...3)
      await bench.deliver([1, 2, 3])
      await eventually("the shard in doubt is dropped") { await bench.lane.ownerships().map(\.shard) == [other] }
      #expect(await bench.ledger.settleCalls == 1, "never retried with the old books")
      #expect(await bench.ledger.processed() == (wasStored ? 3 : 0))
      try await bench.claim(Row.shard, nonce: 2)
      await bench.expectSettled(3)
    }
    #expect(bench.recorder.all.contains { if case .dropped(Row.shard, _, _) = $0 { true } else { false } })
  }

  @Test func afterAFailOverAllBooksAreDroppedAlsoIdleOnes() async throws {
    let bench = Bench(shards: [Row.shard, other])
    try await bench.working {
      await bench.ledger.script([.failOver])
      await bench.log(1...3)
      await bench.deliver([1, 2, 3])
      await eventually("both shards are dropped") { await bench.lane.ownerships().isEmpty }
      #expect(await bench.ledger.processed() == 0)
      #expect(await bench.ledger.settleCalls == 1)
      try await bench.claim(Row.shard, nonce: 2)
      await bench.expectSettled(3)
    }
    #expect(bench.recorder.all.contains { if case .databaseFailedOver(shards: 2) = $0 { true } else { false } })
  }

  @Test func aFaultDropsTheBooks() async throws {
    let bench = Bench()
    try await bench.working {
      await bench.ledger.script([.fail(.fault(reason: "no such column"))])
      await bench.log(1...1)
      await bench.deliver([1])
      await eventually("dropped") { await bench.lane.ownerships().isEmpty }
    }
  }

  @Test func anOutageDelaysASettlementAndLosesNothing() async throws {
    let bench = Bench()
    try await bench.working {
      await bench.ledger.script(Array(repeating: .fail(.unavailable(reason: "away")), count: 4))
      await bench.log(1...3)
      await bench.deliver([1, 2, 3])
      await bench.expectSettled(3)
      #expect(await bench.ledger.settleCalls >= 5)
      #expect(await bench.ledger.epoch() == 1, "the same owner all the time")
    }
  }

  /// A try that came to nothing because the database was away is taken back: it is no mark against the command.
  @Test(arguments: [StoreError.unavailable(.deadlock, reason: "busy"), .unavailable(.connection, reason: "away")])
  func outagesAreNoMarksAgainstACommand(error: StoreError) async throws {
    let bench = Bench()
    await bench.log(1...3)
    try await bench.claim(Row.shard, nonce: 9)
    await bench.ledger.script(Array(repeating: .fail(error), count: 20))
    // The second claim without progress: the shard is worked command by command.
    try await bench.working { await bench.expectSettled(3) }
    #expect(await bench.ledger.settleCalls == 23)
    #expect(await bench.ledger.mostTries == 1, "each is gone before the next")
    #expect(await bench.ledger.quarantined() == [:])
    #expect(bench.recorder.all.count { if case .settlementDelayed = $0 { true } else { false } } == 20)
  }

  @Test func aCommandThatTheLedgerRefusesIsSetAsideAndItsNeighboursSettle() async throws {
    let bench = Bench(shards: [Row.shard, other])
    await bench.ledger.poison([4], in: Row.shard)
    try await bench.working {
      await bench.log(1...3, in: other)
      await bench.log(1...6)
      await bench.deliver([1, 2, 3], in: other)
      await bench.deliver([1, 2, 3, 4, 5, 6])
      // What is dropped with the batch is claimed again.
      try await eventually("all is settled") {
        let held = await bench.lane.ownerships().map(\.shard)
        for shard in bench.shards where !held.contains(shard) { try await bench.claim(shard, nonce: 2) }
        return await bench.ledger.isSettled()
      }
    }
    #expect(await bench.ledger.settledRows() == [1, 2, 3, 5, 6])
    #expect(await bench.ledger.settledRows(other) == [1, 2, 3])
    #expect(await bench.ledger.quarantined() == [4: QuarantineReason(reason: "command 4 is bad", tries: 3)])
    #expect(
      bench.recorder.all.contains {
        if case .quarantined(Row.shard, Sequence(rawValue: 4), _) = $0 { true } else { false }
      })
  }

  @Test func aLaneStopsWhileTheDatabaseIsAway() async throws {
    let bench = Bench()
    try await bench.working {
      await bench.ledger.script([], then: .fail(.unavailable(reason: "away")))
      await bench.log(1...3)
      await bench.deliver([1, 2, 3])
      await eventually("the settlement hangs") { await bench.ledger.settleCalls >= 2 }
    }
    #expect(await bench.ledger.processed() == 0)
  }

  @Test func aReleasedShardEndsBehindARoundAndIsWorkedNoMore() async throws {
    let bench = Bench(shards: [Row.shard, other])
    try await bench.working {
      await bench.log(1...3)
      await bench.deliver([1, 2, 3])
      await bench.expectSettled(3)
      let released = await bench.lane.release(Row.shard)
      #expect(released?.processed == Sequence(rawValue: 3) && released?.nonce == 1)
      #expect(await bench.lane.release(Row.shard) == nil, "it is not held any more")
      await bench.log(4...4)
      await bench.deliver([4])
      await bench.log(1...2, in: other)
      await bench.deliver([1, 2], in: other)
      await bench.expectSettled(2, in: other)
    }
    #expect(await bench.ledger.processed() == 3)
  }

  @Test func aDropOfAnOlderClaimLeavesTheNewOne() async throws {
    let bench = Bench()
    try await bench.claim(Row.shard, nonce: 5)
    await bench.lane.drop(Row.shard, nonce: 4)
    #expect(await bench.lane.ownerships().count == 1)
    await bench.lane.drop(Row.shard, nonce: 5)
    #expect(await bench.lane.ownerships().isEmpty)
  }
}
