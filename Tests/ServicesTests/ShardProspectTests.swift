import Accounting
import Engine
import Lifecycle
import Market
import Ports
import Sharding
import TestKit
import Testing

@testable import Services

/// What there is to wait for and what is done are one question.
@Suite struct ShardProspectTests {
  private let clock = ContinuousClock()
  private var settings: ExecutionSettings {
    var settings = ExecutionSettings()
    settings.retryBase = .seconds(10)
    settings.retryCeiling = .seconds(10)
    return settings
  }

  private func holding(_ caution: Caution?, rows: [Int64] = []) throws -> ExecutionLane.Holding {
    let ownership = Ownership(
      shard: Row.shard, epoch: Epoch(rawValue: 1), nonce: 1, processed: .zero, history: .unnamed)
    var holding = ExecutionLane.Holding(
      ownership, try ShardEngine(shard: Row.shard, processed: .zero, orders: []), settings)
    holding.caution = caution
    for row in rows { holding.inbox.receive(Row.cancel(row), cursor: .zero) }
    return holding
  }

  private func caution(tries: Int = 0, claims: Int = 0) -> Caution {
    Caution(
      ShardStanding(last: Sequence(rawValue: 5), claims: claims, tries: tries), after: .zero, suspected: nil,
      settings: settings)
  }

  @Test func aShardOfWhichNothingIsKnownIsAskedAboutUnlessThatHasJustFailed() throws {
    var holding = try holding(nil, rows: [1])
    #expect(holding.prospect(now: clock.now, mayWork: true) == .ask)
    #expect(holding.prospect(now: clock.now, mayWork: false) == .ask)
    let now = clock.now
    holding.retry.failed(now: now, random: 0)
    #expect(holding.prospect(now: now, mayWork: true) == .idle)
    #expect(holding.prospect(now: now.advanced(by: .seconds(10)), mayWork: true) == .ask)
  }

  @Test func theLogIsReadWhileNothingElseIsThere() throws {
    var holding = try holding(caution())
    #expect(holding.prospect(now: clock.now, mayWork: true) == .read)
    let now = clock.now
    holding.retry.failed(now: now, random: .max)
    #expect(holding.prospect(now: now, mayWork: true) == .idle)
    holding.retry.succeeded()
    holding.needsLog = false
    #expect(holding.prospect(now: now, mayWork: true) == .idle)
  }

  @Test func rowsAreWorkedInBatchesUnlessTriesHaveToBeTakenBackFirst() throws {
    let holding = try holding(caution(), rows: [1, 2])
    #expect(holding.prospect(now: clock.now, mayWork: true) == .batch)
    #expect(holding.prospect(now: clock.now, mayWork: false) == .idle)
  }

  @Test func aShardThatRestsIsNoReasonToHurryThoughItsLogIsToBeRead() throws {
    var caution = caution(claims: settings.suspectAfter)
    #expect(try holding(caution, rows: [1]).prospect(now: clock.now, mayWork: true) == .alone(.attempt))
    let now = clock.now
    caution.failed(Sequence(rawValue: 1), tries: 1, reason: "refused", now: now, random: .max)
    let resting = try holding(caution, rows: [1])
    #expect(resting.needsLog)
    #expect(resting.prospect(now: now, mayWork: true) == .idle)
  }
}
