import Accounting
import Engine
import Lifecycle
import Market
import Ports
import Sharding
import TestKit
import Testing

@testable import Services

/// A shard in work: lists of what happened → what is to be done. What there is to wait for and what is done are one question.
@Suite struct OwnedShardTests {
  private typealias Action = OwnedShard.Action

  private let now = ContinuousClock().now
  private let settings: ExecutionSettings = {
    var settings = ExecutionSettings()
    settings.retryBase = .seconds(10)
    settings.retryCeiling = .seconds(10)
    settings.quarantineAfter = 2
    return settings
  }()
  private static let ownership = Ownership(
    shard: Row.shard, epoch: Epoch(rawValue: 1), nonce: 1, processed: .zero, timeline: .unnamed)

  private func at(_ number: Int64) -> Sequence { Sequence(rawValue: number) }

  /// A shard with rows in its inbox; one of which `claims` is given knows how it stands.
  private func shard(claims: Int? = nil, rows: [Int64] = []) throws -> OwnedShard {
    let owned = OwnedShard(
      Self.ownership, try ShardEngine(shard: Row.shard, processed: .zero, orders: []), retry: settings.retry)
    if let claims {
      owned.received(ShardAttempts(last: at(5), claims: claims), suspected: nil, settings: settings)
    }
    for row in rows {
      let position = StreamPosition(milliseconds: UInt64(row), counter: 0)
      #expect(owned.received(StreamEntry(shard: Row.shard, position: position, entry: Row.cancel(row))) == nil)
    }
    return owned
  }

  private func next(_ owned: OwnedShard, after span: Duration = .zero, mayCommit: Bool = true) -> Action {
    owned.next(now: now + span, mayCommit: mayCommit)
  }

  private func commit(_ settlement: Settlement, quarantine: QuarantineReason? = nil) -> ShardCommit {
    ShardCommit(ownership: Self.ownership, settlement: settlement, quarantine: quarantine)
  }

  @Test func aShardOfWhichNothingIsKnownIsAskedAboutUnlessThatHasJustFailed() throws {
    let owned = try shard(rows: [1])
    #expect(next(owned) == .askStanding)
    #expect(next(owned, mayCommit: false) == .askStanding)
    owned.couldNotRead(now: now, random: 0)
    #expect(next(owned) == .rest)
    #expect(next(owned, after: .seconds(10)) == .askStanding)
    owned.received(ShardAttempts(last: at(5)), suspected: nil, settings: settings)
    #expect(next(owned) == .batch, "an answer ends the pause")
  }

  @Test func theLogIsReadWhileNothingElseIsThere() throws {
    let owned = try shard(claims: 0)
    #expect(next(owned) == .readLog)
    owned.couldNotRead(now: now, random: .max)
    #expect(next(owned) == .rest)
    #expect(owned.received([Row.cancel(1)], isWhole: true, before: []) == [])
    #expect(next(owned) == .batch)
    var room = BatchBudget(settings)
    #expect(owned.takeRun(&room, round: 7) == [Row.cancel(1)] && owned.servedIn == 7)
    _ = owned.apply([Row.cancel(1)])
    #expect(owned.progress.processed == at(1))
    #expect(next(owned) == .rest, "the log was read to its end")
    owned.logReaches(at(1), isShort: false)
    #expect(next(owned) == .rest)
    owned.logReaches(at(2), isShort: false)
    #expect(next(owned) == .readLog)
  }

  @Test func aGapThatStandsIsFilledFromTheLog() throws {
    let owned = try shard(claims: 0, rows: [2])
    #expect(owned.received([], isWhole: false, before: []) == [], "more rows are to come")
    let whole = owned.received([], isWhole: true, before: [])
    #expect(whole == [] && next(owned) == .rest)
    for (span, action) in [(0, Action.rest), (3, .rest), (4, .readLog)] {
      owned.timePassed(at: now + .milliseconds(span), gapPatience: .milliseconds(4))
      #expect(next(owned) == action && owned.hasGap, "after \(span) ms")
    }
    #expect(owned.received([Row.cancel(1)], isWhole: true, before: [at(2)]) == [at(2)], "nobody logged the second")
    owned.timePassed(at: now, gapPatience: .zero)
    #expect(next(owned) == .batch && !owned.hasGap)
  }

  @Test func rowsThatWereRefusedMayComeByNoStreamThoughOthersWait() throws {
    let owned = try shard(claims: 0, rows: [1])
    _ = owned.received([], isWhole: true, before: [])
    owned.logReaches(at(3), isShort: true)
    var room = BatchBudget(settings)
    _ = owned.apply(owned.takeRun(&room, round: 1))
    #expect(next(owned) == .readLog)
  }

  @Test func rowsAreWorkedInBatchesUnlessTriesHaveToBeTakenBackFirst() throws {
    let owned = try shard(claims: 0, rows: [1, 2])
    #expect(next(owned) == .batch)
    #expect(next(owned, mayCommit: false) == .rest)
  }

  @Test func whatIsGivenUpIsNotBegunAnew() throws {
    for owned in [try shard(), try shard(claims: 0), try shard(claims: 0, rows: [1]), try shard(claims: 9, rows: [1])] {
      owned.release()
      #expect(next(owned, after: .seconds(100)) == .rest)
      owned.received(ShardAttempts(last: at(1)), suspected: nil, settings: settings)
      #expect(next(owned) == .rest)
    }
  }

  /// Tried, refused, tried again after a pause, set aside; the next is tried alone too, and behind the last suspect batches begin.
  @Test func suspectsGoOneByOneUntilAllArePassed() throws {
    let owned = try shard(claims: settings.suspectAfter, rows: [1, 2, 3, 4, 5, 6])
    #expect(next(owned) == .attempt(Row.cancel(1)))
    for tries in 1...2 {
      owned.refused(at(1), tries: tries, reason: "no", now: now, random: .max)
      #expect(next(owned) == .rest, "which is no reason to hurry though its log is to be read")
    }
    let reason = QuarantineReason(reason: "no", tries: 2)
    #expect(next(owned, after: .seconds(10)) == .quarantine(Row.cancel(1), reason))
    let (passed, books) = owned.passedOver(Row.cancel(1))
    #expect(owned.cursor == .zero, "beside the books")
    owned.goOn(behind: commit(passed, quarantine: reason), books, now: now)
    for row in 2...5 as ClosedRange<Int64> {
      #expect(next(owned) == .attempt(Row.cancel(row)))
      owned.delayed(now: now, random: .max)
      #expect(next(owned) == .rest)
      let (settlement, books) = owned.tried(Row.cancel(row))
      #expect(owned.cursor == at(row - 1))
      owned.goOn(behind: commit(settlement), books, now: now)
      #expect(owned.cursor == at(row))
    }
    #expect(next(owned) == .batch)
    owned.delayed(now: now, random: .max)
    #expect(next(owned) == .batch, "nothing is held against it any more")
  }
}
