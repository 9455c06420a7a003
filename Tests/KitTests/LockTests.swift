import Lifecycle
import Testing

@Suite struct LockTests {
  private struct Refusal: Error, Equatable {}

  @Test func changesFromManyTasksAreAllKept() async {
    let lock = Lock((count: 0, sum: 0))
    await withTaskGroup(of: Void.self) { group in
      for number in 1...200 {
        group.addTask {
          for _ in 0..<50 {
            lock.withLock { value in
              value.count += 1
              value.sum += number
            }
          }
        }
      }
    }
    #expect(lock.withLock { $0.count } == 10_000)
    #expect(lock.withLock { $0.sum } == 50 * 200 * 201 / 2)
  }

  @Test func anErrorPassesThroughAndLeavesTheLockOpenAndTheChangeMade() {
    let lock = Lock(1)
    #expect(throws: Refusal()) {
      try lock.withLock { value throws(Refusal) in
        value = 2
        throw Refusal()
      }
    }
    #expect(lock.withLock { $0 } == 2)
  }
}
