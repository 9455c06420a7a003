import Testing

@testable import Postgres

/// Who gets which connection, as lists of events and what is to be done.
@Suite struct PoolQueueTests {
  private var queue = PoolQueue(places: 2, maximumWaiting: 3)

  @Test mutating func connectionsAreLentUntilNoneIsLeft() {
    #expect(queue.ask(1) == .take(0))
    #expect(queue.ask(2) == .take(1))
    #expect(queue.ask(3) == .wait)
    #expect(queue.takeIdle() == nil)
    #expect(queue.waitingCount == 1)
  }

  @Test mutating func whoCameFirstIsServedFirst() {
    _ = (queue.ask(1), queue.ask(2), queue.ask(3), queue.ask(4))
    #expect(queue.giveBack(1, isBroken: false) == 3)
    #expect(queue.ask(5) == .wait, "nobody overtakes those who wait")
    #expect(queue.giveBack(0, isBroken: true) == 4, "a broken connection is made anew by who gets it")
    #expect(queue.giveBack(1, isBroken: false) == 5)
    #expect(queue.giveBack(1, isBroken: false) == nil)
    #expect(queue.ask(6) == .take(1))
  }

  @Test mutating func whatIsBrokenIsLentLast() {
    _ = (queue.ask(1), queue.ask(2))
    _ = queue.giveBack(0, isBroken: false)
    _ = queue.giveBack(1, isBroken: true)
    #expect(queue.ask(3) == .take(0))
    _ = queue.giveBack(0, isBroken: false)
    #expect(queue.ask(4) == .take(0))
    #expect(queue.ask(5) == .take(1))
  }

  @Test mutating func noMoreWaitThanMay() {
    _ = (queue.ask(1), queue.ask(2))
    var answers: [PoolQueue.Answer] = []
    for caller in 3...6 as ClosedRange<UInt64> { answers.append(queue.ask(caller)) }
    #expect(answers == [.wait, .wait, .wait, .full])
    #expect(queue.leave(4) == true)
    #expect(queue.ask(7) == .wait)
    var served: [UInt64?] = []
    for place in [0, 1, 0] { served.append(queue.giveBack(place, isBroken: false)) }
    #expect(served == [3, 5, 7])
  }

  @Test mutating func whoLeavesIsNotServedAndLeavesOnce() {
    _ = (queue.ask(1), queue.ask(2), queue.ask(3))
    let left = (queue.leave(3), queue.leave(3), queue.leave(1))
    #expect(left == (true, false, false))
    #expect(queue.giveBack(0, isBroken: false) == nil)
    #expect(queue.ask(4) == .take(0))
    #expect(queue.ask(5) == .wait)
    #expect(queue.giveBack(1, isBroken: false) == 5)
    #expect(queue.leave(5) == false)
  }

  @Test mutating func theLineDoesNotGrowWithThoseWhoLeave() {
    _ = (queue.ask(1), queue.ask(2))
    for caller in 3..<10_000 as Range<UInt64> {
      #expect(queue.ask(caller) == .wait)
      #expect(queue.leave(caller) == true)
    }
    #expect(queue.waitingCount == 0 && queue.lineLength < 100)
  }

  @Test mutating func aClosedPoolLendsNothing() {
    _ = (queue.ask(1), queue.ask(2), queue.ask(3), queue.ask(4))
    _ = queue.leave(3)
    let (refused, idle) = queue.close()
    #expect(refused == [4] && idle == [])
    #expect(queue.ask(5) == .closed)
    #expect(queue.giveBack(0, isBroken: false) == nil)
    #expect(queue.takeIdle() == nil)
    var unused = PoolQueue(places: 2, maximumWaiting: 1)
    _ = unused.ask(1)
    #expect(unused.close().idle == [1])
  }
}
