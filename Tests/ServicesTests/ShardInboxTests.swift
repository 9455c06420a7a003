import Market
import Ports
import TestKit
import Testing

@testable import Services

@Suite struct ShardInboxTests {
  /// Rows come late, twice, out of order, from the stream and from the log; each leaves once and in order.
  @Test(arguments: 1...8 as ClosedRange<UInt64>)
  func rowsLeaveOnceAndInOrderHoweverTheyCome(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    let last: Int64 = 300
    var inbox = ShardInbox()
    var cursor = Sequence.zero
    var out: [LogEntry] = []
    // Stream rows in a disturbed order, some twice, some lost.
    var sent = (1...last).flatMap { number in Array(repeating: number, count: random.pick([0, 1, 1, 1, 1, 2])) }
    for index in sent.indices where random.oneIn(2) {
      sent.swapAt(index, min(sent.count - 1, index + random.number(0...9)))
    }
    var arrivals: [(position: StreamPosition, sequence: Int64)] = []
    func take() {
      let run = inbox.takeRun(after: cursor, limit: random.number(1...20))
      for (offset, entry) in run.enumerated() {
        #expect(entry.sequence.rawValue == cursor.rawValue + 1 + Int64(offset))
      }
      out += run
      cursor = run.last?.sequence ?? cursor
    }
    for (index, sequence) in sent.enumerated() {
      // Positions with gaps in both parts, as stream ids have them.
      let position = StreamPosition(milliseconds: UInt64(index / 7), counter: UInt64(index % 7) * 3)
      inbox.receive(.init(shard: Row.shard, position: position, entry: Row.cancel(sequence)), cursor: cursor)
      arrivals.append((position, sequence))
      if random.oneIn(40) { inbox.receive(.init(shard: Row.shard, position: position, entry: nil), cursor: cursor) }
      if random.oneIn(3) { take() }
      if random.oneIn(15), inbox.hasGap(after: cursor) || random.oneIn(3) {
        let from = cursor.rawValue + 1
        for row in from..<min(last + 1, from + random.number(1...30)) { inbox.receive(Row.cancel(row), cursor: cursor) }
      }
      #expect(!(inbox.isRunnable(after: cursor) && inbox.hasGap(after: cursor)))
      // What may be trimmed covers no row that is still to be settled.
      if let settled = inbox.settledPosition {
        let hidden = arrivals.contains { arrival in
          arrival.position <= settled && arrival.sequence > cursor.rawValue
            && !arrivals.contains { $0.sequence == arrival.sequence && $0.position < arrival.position }
        }
        #expect(!hidden, "seed \(seed): \(settled) hides a row that is not settled")
      }
    }
    while cursor.rawValue < last {
      for row in (cursor.rawValue + 1)...last { inbox.receive(Row.cancel(row), cursor: cursor) }
      take()
    }
    #expect(out == (1...last).map { Row.cancel($0) }, "seed \(seed)")
    #expect(inbox.settledPosition == inbox.position, "an empty inbox has settled all that came")
  }

  /// A fail-over has given its number to another command, or to none.
  @Test func aRowOfAnotherBranchOfHistoryIsLeftToTheLog() {
    let (here, elsewhere) = (DatabaseTimeline(rawValue: 7), DatabaseTimeline(rawValue: 8))
    var inbox = ShardInbox(in: here)
    func position(_ number: UInt64) -> StreamPosition { StreamPosition(milliseconds: number, counter: 0) }
    for (number, timeline) in [elsewhere, .unnamed, here].enumerated() {
      var entry = Row.cancel(number == 2 ? 2 : 1)
      entry.timeline = timeline
      let item = StreamEntry(shard: Row.shard, position: position(UInt64(number)), entry: entry)
      #expect(inbox.receive(item, cursor: .zero) == (timeline == here ? nil : .foreignTimeline))
    }
    #expect(inbox.position == position(2), "read over all the same")
    #expect(inbox.hasGap(after: .zero))
    inbox.receive(Row.cancel(1, of: 5), cursor: .zero)
    let run = inbox.takeRun(after: .zero, limit: 9)
    #expect(run.map(\.sequence.rawValue) == [1, 2] && run.first == Row.cancel(1, of: 5))
  }

  @Test func theLogsOwnRowWinsOverTheStreams() {
    var inbox = ShardInbox()
    var forged = Row.cancel(1)
    forged.command = .cancel(
      CancelOrder(
        target: UniqueID(high: 1, low: 1), targetSequence: .zero, account: AccountNumber(rawValue: 66),
        instrument: InstrumentID(rawValue: 1)))
    let entry = StreamEntry(shard: Row.shard, position: .init(milliseconds: 1, counter: 0), entry: forged)
    inbox.receive(entry, cursor: .zero)
    inbox.receive(Row.cancel(1), cursor: .zero)
    inbox.receive(entry, cursor: .zero)
    #expect(inbox.takeRun(after: .zero, limit: 9) == [Row.cancel(1)])
  }

  @Test func aFloodAheadOfAGapIsBoundedAndTheMissingRowStillFits() {
    var inbox = ShardInbox()
    let limit = Int64(ShardInbox.waitingLimit)
    for sequence in 2...(limit + 500) { inbox.receive(Row.cancel(sequence), cursor: .zero) }
    #expect(inbox.hasGap(after: .zero))
    inbox.receive(Row.cancel(1), cursor: .zero)
    let run = inbox.takeRun(after: .zero, limit: .max)
    #expect(run.count == ShardInbox.waitingLimit + 1)
    #expect(!inbox.hasGap(after: run.last!.sequence), "what did not fit is read from the log")
  }

  @Test func positionsThatRunBackwardsAfterAWipeAreFollowed() {
    var inbox = ShardInbox()
    inbox.receive(
      .init(shard: Row.shard, position: .init(milliseconds: 900, counter: 0), entry: Row.cancel(3)), cursor: .zero)
    inbox.receive(
      .init(shard: Row.shard, position: .init(milliseconds: 5, counter: 0), entry: Row.cancel(1)), cursor: .zero)
    #expect(inbox.position == .init(milliseconds: 5, counter: 0))
    #expect(inbox.takeRun(after: .zero, limit: 9) == [Row.cancel(1)])
    let settled = inbox.settledPosition
    #expect(settled == .init(milliseconds: 5, counter: 0), "never beyond what has been read of the new stream")
  }

  /// A row far ahead of the log would be waited for for ever, and would keep the stream from being trimmed.
  @Test func aDiscardedRowLeavesNoGap() {
    var inbox = ShardInbox()
    let position = StreamPosition(milliseconds: 5, counter: 0)
    inbox.receive(.init(shard: Row.shard, position: position, entry: Row.cancel(1_000)), cursor: .zero)
    #expect(inbox.hasGap(after: .zero))
    #expect(inbox.settledPosition.map { $0 < position } == true)
    inbox.discard(inbox.sequences)
    #expect(!inbox.hasGap(after: .zero))
    #expect(inbox.settledPosition == position)
  }
}

extension ShardInbox {
  /// Takes out the rows that follow `cursor` without a gap, at most `limit`.
  fileprivate mutating func takeRun(after cursor: Sequence, limit: Int) -> [LogEntry] {
    var run: [LogEntry] = []
    while run.count < limit, let entry = next(after: run.last?.sequence ?? cursor) {
      take(entry.sequence)
      run.append(entry)
    }
    return run
  }
}
