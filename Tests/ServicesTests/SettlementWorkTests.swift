import Accounting
import Engine
import Market
import Ports
import Sharding
import TestKit
import Testing

@testable import Services

/// What follows from storing settlements: lists of what the ledger says → what is to be done.
@Suite struct SettlementWorkTests {
  private static let away = StoreError.unavailable(.connection, reason: "away")
  private static let conflict = StoreError.unavailable(.deadlock, reason: "met")
  private static let schema = StoreError.unavailable(.schema, reason: "older")
  private static let fault = StoreError.fault(reason: "no")

  private func commit(_ shard: Int16, timeline: Int64 = 1, quarantine: QuarantineReason? = nil) throws -> ShardCommit {
    let shard = Shard(rawValue: shard)
    var engine = try ShardEngine(shard: shard, processed: .zero, orders: [])
    let ownership = Ownership(
      shard: shard, epoch: Epoch(rawValue: 1), nonce: UInt64(shard.rawValue), processed: .zero,
      timeline: DatabaseTimeline(rawValue: timeline))
    return ShardCommit(
      ownership: ownership, settlement: engine.apply([Row.cancel(1, in: shard)]), quarantine: quarantine)
  }

  private func batch() throws -> SettlementWork { SettlementWork([try commit(1), try commit(2), try commit(3)]) }
  private func alone(_ quarantine: QuarantineReason? = nil) throws -> SettlementWork {
    SettlementWork(singleStep: try commit(1, quarantine: quarantine), tries: 2)
  }

  /// Steps as a line a person reads.
  private func text(_ steps: [SettlementWork.Step]) -> String {
    steps.map { step in
      switch step {
      case .goOn(let commits): "go on \(list(commits))"
      case .fenced(let ownership): "fenced \(ownership.shard)"
      case .giveUpGhosts(let ownership): "ghosts \(ownership.shard)"
      case .startOver(let timeline): "start over in \(timeline.rawValue)"
      case .drop(let ownership, _): "drop \(ownership.shard)"
      case .letGo(let ownership, _): "let go \(ownership.shard)"
      case .suspect(let shard, let sequence): "suspect \(shard) to \(sequence)"
      case .withdrawTry(let shard, let sequence): "withdraw \(shard) \(sequence)"
      case .refused(let ownership, let sequence, let tries, let reason):
        "refused \(ownership.shard) \(sequence) \(tries) \(reason)"
      case .rest(let ownership): "rest \(ownership.shard)"
      case .delayed(let cause, _): "delayed \(cause)"
      case .missedDatabase: "missed"
      case .separate(let commits): "separate \(list(commits))"
      case .tryAgain: "again"
      }
    }.joined(separator: ", ")
  }

  private func list(_ commits: [ShardCommit]) -> String {
    commits.map { "\($0.ownership.shard)" }.joined(separator: " ")
  }

  @Test(arguments: [
    (SettleOutcome.committed, "go on 1 2 3", ""),
    (.fenced(Shard(rawValue: 2)), "fenced 2", "1 3"),
    (.fenced(Shard(rawValue: 9)), "drop 1, drop 2, drop 3", ""),
    (.beyondLog(Shard(rawValue: 3)), "ghosts 3", "1 2"),
    (.beyondLog(Shard(rawValue: 9)), "drop 1, drop 2, drop 3", ""),
    (.failedOver(to: DatabaseTimeline(rawValue: 2)), "start over in 2", ""),
    // Those of the new history are ahead of what is stored, and nobody else says so.
    (.failedOver(to: DatabaseTimeline(rawValue: 1)), "start over in 1, drop 1, drop 2, drop 3", ""),
  ])
  func aBatch(outcome: SettleOutcome, does: String, leaves: String) throws {
    var work = try batch()
    #expect(text(work.stored(outcome)) == does)
    #expect(list(work.commits) == leaves)
  }

  @Test(arguments: [
    (StoreError.outcomeUnknown, "missed, drop 1, drop 2, drop 3", ""),
    (away, "missed, delayed connection, again", "1 2 3"),
    (conflict, "delayed deadlock, again", "1 2 3"),
    (schema, "delayed schema, separate 1 2 3", ""),
    (fault, "suspect 1 to 1, suspect 2 to 1, suspect 3 to 1, drop 1, drop 2, drop 3", ""),
  ])
  func aBatchThatCouldNotBeStored(error: StoreError, does: String, leaves: String) throws {
    var work = try batch()
    #expect(text(work.failed(error)) == does)
    #expect(list(work.commits) == leaves)
  }

  @Test func whatCannotBeStoredByThisProgramIsLetGoByItself() throws {
    var work = SettlementWork([try commit(1)])
    #expect(text(work.failed(Self.schema)) == "delayed schema, let go 1")
    #expect(work.commits.isEmpty)
  }

  /// Only the refusal of the command itself counts against it: the try of anything else is taken back.
  @Test(arguments: [
    (SettleOutcome.committed, "go on 1"),
    (.fenced(Shard(rawValue: 1)), "withdraw 1 1, fenced 1"),
    (.beyondLog(Shard(rawValue: 1)), "withdraw 1 1, ghosts 1"),
    (.failedOver(to: DatabaseTimeline(rawValue: 2)), "withdraw 1 1, start over in 2"),
  ])
  func aCommandAlone(outcome: SettleOutcome, does: String) throws {
    var work = try alone()
    #expect(text(work.stored(outcome)) == does)
    #expect(work.commits.isEmpty)
  }

  @Test(arguments: [
    (StoreError.outcomeUnknown, "missed, withdraw 1 1, drop 1"),
    (away, "missed, withdraw 1 1, delayed connection, rest 1"),
    (schema, "withdraw 1 1, let go 1"),
    (fault, "refused 1 1 2 no"),
  ])
  func aCommandAloneThatCouldNotBeStored(error: StoreError, does: String) throws {
    var work = try alone()
    #expect(text(work.failed(error)) == does)
    #expect(work.commits.isEmpty)
  }

  /// No try was noted of what is passed over.
  @Test func passingOverIsTriedAgainWhateverTheLedgerSays() throws {
    let reason = QuarantineReason(reason: "no", tries: 3)
    for (error, does) in [(Self.fault, "delayed schema, rest 1"), (Self.conflict, "delayed deadlock, rest 1")] {
      var work = try alone(reason)
      #expect(text(work.failed(error)) == does)
    }
    var work = try alone(reason)
    #expect(text(work.stored(.fenced(Shard(rawValue: 1)))) == "fenced 1")
  }

  @Test func whatIsNotHeldAnyMoreIsLeftOut() throws {
    var work = try batch()
    work.keep { $0.shard.rawValue != 2 }
    #expect(list(work.commits) == "1 3")
    #expect(work.abandon().map(\.shard.rawValue) == [1, 3] && work.commits.isEmpty)
  }
}
