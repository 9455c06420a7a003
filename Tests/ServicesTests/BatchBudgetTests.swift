import Engine
import Market
import Ports
import Sharding
import TestKit
import Testing

@testable import Services

/// What is big keeps others waiting no longer than one settlement, and is not kept waiting for ever.
@Suite struct BatchBudgetTests {
  private static let part = Command.expire(ExpireOrders(Row.instrument, dayThrough: .zero, limit: 600))
  private static let close = Command.step(SessionStep(Row.instrument, SessionPoint(Day(rawValue: 1), .closed)))

  private static var settings: ExecutionSettings {
    var settings = ExecutionSettings()
    (settings.batchLimit, settings.expiryLimit, settings.collectLimit) = (10, 1_000, 2_000)
    return settings
  }

  /// Which of some commands are taken in, one after the other.
  private static func admitted(_ commands: [(Command, weight: Int)]) -> [Bool] {
    var budget = BatchBudget(settings)
    return commands.map { budget.admits($0, weight: $1) }
  }

  @Test func partsOfAnExpiryFillASettlementByTheOrdersThatTheyEnd() {
    #expect(Self.admitted([(Self.part, 600), (Self.part, 400), (Self.part, 1)]) == [true, true, false])
    #expect(Self.admitted([(Self.part, 1_000), (Self.close, 2_000), (Self.close, 1)]) == [true, true, false])
    let cancels = Array(repeating: (Row.cancel(1).command, weight: 0), count: 10)
    #expect(
      Self.admitted([(Self.part, 1_000)] + cancels) == Array(repeating: true, count: 10) + [false],
      "accounts' commands have room of their own")
  }

  @Test func whatIsBiggerThanAllRoomIsTakenFirstOrInALaterSettlement() {
    let commands = [(Row.cancel(1).command, 0), (Self.close, 1_000_000), (Self.part, 1_001), (Self.part, 600)]
    #expect(Self.admitted(commands.map { ($0, weight: $1) }) == [true, true, false, true])
  }

  /// Each shard's parts fill a settlement alone, and each shard gets its turn.
  @Test func shardsWithMuchToEndTakeTurns() async throws {
    let shards = (0..<4).map { Shard(rawValue: $0) }
    let ledger = FakeLedger(shards: shards)
    var settings = Self.settings
    settings.readWait = .milliseconds(5)
    let lane = ExecutionLane(
      ledger: ledger, stream: FakeStream(), settings: settings, now: { Row.start }, random: { 1 }, report: { _ in })
    for shard in shards {
      let rows = (1...20 as ClosedRange<Int64>).map {
        LogEntry(
          shard: shard, sequence: Sequence(rawValue: $0), acceptedAt: Row.start,
          command: .expire(ExpireOrders(Row.instrument, dayThrough: .zero, limit: 1_000)))
      }
      await ledger.append(rows)
      let ownership = try #require(try await ledger.claim(shard, owner: WorkerID(rawValue: "me"), nonce: 1))
      await lane.adopt(ownership, try ShardEngine(shard: shard, processed: .zero, orders: []))
    }
    async let run: Void = lane.run()
    var spread: Int64 = 0
    await eventually("all is settled") {
      // Of one moment.
      let processed = await ledger.processed(of: shards)
      spread = max(spread, processed.max()! - processed.min()!)
      return processed.allSatisfy { $0 == 20 }
    }
    await lane.stop()
    await run
    #expect(spread <= 3, "one waited while another's \(spread) parts were settled")
    #expect(await ledger.settleCalls >= 80, "a settlement took more than one part")
  }
}
