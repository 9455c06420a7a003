import Lifecycle
import Market
import Ports
import Sharding
import TestKit
import Testing

@testable import Services

struct StoreOutageTests {
  @Test func oneLineWhenItIsLostAndOneWhenItIsBack() {
    var outage = StoreOutage()
    #expect(outage.asked(nil, at: .seconds(1)) == nil)
    outage.refused(5)
    #expect(outage.asked("gone", at: .seconds(2)) == .lost(reason: "gone"))
    #expect(!outage.isUp)
    outage.refused(2)
    #expect(outage.asked("still gone", at: .seconds(3)) == nil)
    outage.refused(1)
    #expect(outage.asked(nil, at: .seconds(10)) == nil, "it must go on answering")
    #expect(outage.asked(nil, at: .seconds(11)) == .back(after: .seconds(8), refused: 3))
    #expect(outage.isUp)
    #expect(outage.asked(nil, at: .seconds(12)) == nil)
  }

  @Test func aStoreThatStuttersIsLostOnce() {
    var outage = StoreOutage()
    var edges: [StoreOutage.Edge] = []
    for second in 1...100 {
      let fault = second % 2 == 0 ? "gone" : nil
      if let edge = outage.asked(fault, at: .milliseconds(500 * second)) { edges.append(edge) }
    }
    #expect(edges == [.lost(reason: "gone")])
    if let edge = outage.asked(nil, at: .seconds(60)) { edges.append(edge) }
    if let edge = outage.asked(nil, at: .seconds(61)) { edges.append(edge) }
    #expect(edges.last == .back(after: .seconds(59), refused: 0))
  }
}

struct UnpublishedRowsTests {
  @Test func itIsReportedOnceThatRowsAreNotPublishedAndOnceThatTheyAreAgain() {
    var rows = UnpublishedRows()
    #expect(rows.polled(0, isRedisUp: true) == nil)
    #expect(rows.polled(3, isRedisUp: true) == .failing)
    #expect(rows.polled(9, isRedisUp: true) == nil)
    for _ in 1..<UnpublishedRows.calmPolls { #expect(rows.polled(9, isRedisUp: true) == nil) }
    #expect(rows.polled(9, isRedisUp: true) == .over(9))
    #expect(rows.polled(9, isRedisUp: true) == nil)
    #expect(rows.polled(10, isRedisUp: true) == .failing)
  }

  @Test func withoutRedisThatIsNoNews() {
    var rows = UnpublishedRows()
    #expect(rows.polled(5, isRedisUp: false) == nil)
    for _ in 0..<10 { #expect(rows.polled(5, isRedisUp: true) == nil) }
  }
}

/// A question that is answered when a test says so.
private actor Oracle {
  private var waiting: [CheckedContinuation<Int, Never>] = []
  private(set) var asked = 0

  func ask() async -> Int {
    asked += 1
    return await withCheckedContinuation { waiting.append($0) }
  }

  func answer(_ value: Int) {
    for waiter in waiting { waiter.resume(returning: value) }
    waiting = []
  }
}

struct BoundedQuestionTests {
  @Test func nobodyWaitsForAServerThatSaysNothingAndItIsAskedOnce() async {
    let oracle = Oracle()
    let question = BoundedQuestion { await oracle.ask() }
    for _ in 0..<3 { #expect(await question.answer(within: .milliseconds(20)) == nil) }
    #expect(await oracle.asked == 1)
    // Whoever waits when it answers gets the answer, of the question that stood or of one of its own.
    #expect(await answered(7, by: oracle) { await question.answer(within: .seconds(600)) } == 7)
    #expect(await answered(8, by: oracle) { await question.answer(within: .seconds(600)) } == 8)
  }

  /// What is asked while an oracle answers again and again.
  private func answered(
    _ value: Int, by oracle: Oracle, _ ask: @escaping @Sendable () async -> Int?
  ) async -> Int? {
    let answer = Lock<Int??>(nil)
    return await withTaskGroup(of: Void.self) { group in
      group.addTask {
        let got = await ask()
        answer.withLock { $0 = got }
      }
      await eventually("an answer") {
        await oracle.answer(value)
        return answer.withLock { $0 } != nil
      }
      return answer.withLock { $0 } ?? nil
    }
  }
}

/// A ledger of which nothing comes back.
private struct SilentLedger: ShardReader, HealthReader {
  func shards() async throws(StoreError) -> [ShardRecord] { await forever() }
  func health() async throws(StoreError) -> DatabaseHealth { await forever() }

  private func forever<Value: Sendable>() async -> Value {
    while true { try? await Task.sleep(for: .seconds(3_600)) }
  }
}

struct FleetHealthInquiryTests {
  @Test func aStoreThatSaysNothingIsAFindingAndTheOtherIsLookedAtAllTheSame() async {
    let leases = MemoryLeases()
    let inquiry = FleetHealthInquiry(
      shards: SilentLedger(), ledger: SilentLedger(), leases: leases, members: leases, leaders: leases,
      patience: .milliseconds(30), now: { Row.start })
    var memory = FindingMemory()
    #expect(memory.judge(await inquiry.health()).map(\.code) == [.postgresUnreachable, .noWorker])
    await leases.fail("cut off")
    #expect(memory.judge(await inquiry.health()).map(\.code) == [.postgresUnreachable, .redisUnreachable])
  }
}

struct OwnNoticesTests {
  @Test func whatWasNoticedIsForgottenAfterAWhileAndAFloodTakesNoMoreRoom() {
    let time = Lock(Duration.seconds(1))
    let notices = OwnNotices { time.withLock { $0 } }
    #expect(notices.counts == FleetHealth.OwnCounts())
    for _ in 0..<10_000 { notices.refusedEntries() }
    notices.damagedKeys(2)
    time.withLock { $0 = .seconds(300) }
    notices.damagedKeys()
    #expect(notices.counts.refusedEntries == 10_000 && notices.counts.damagedKeys == 3)
    time.withLock { $0 = .seconds(601) }
    #expect(notices.counts.refusedEntries == 0 && notices.counts.damagedKeys == 1)
    time.withLock { $0 = .seconds(901) }
    #expect(notices.counts == FleetHealth.OwnCounts())
  }
}
