import Lifecycle
import Ports
import Testing

@testable import ClientKit

@Suite struct FreshReadingTests {
  /// A reading that goes on when it is told.
  private actor Source {
    private(set) var begun = 0
    private var gates: [CheckedContinuation<Void, Never>] = []
    private var isOpen = false

    func read() async -> Int {
      begun += 1
      let number = begun
      if !isOpen { await withCheckedContinuation { gates.append($0) } }
      return number
    }

    func open() {
      isOpen = true
      for gate in gates { gate.resume() }
      gates = []
    }
  }

  @Test func whoAsksWhileOneIsUnderWayGetsTheNext() async throws {
    let source = Source()
    let fresh = FreshReading(pause: .milliseconds(1)) { () async throws(StoreError) in await source.read() }
    async let first = fresh.value()
    while await source.begun == 0 { await Task.yield() }
    let asked = Lock(0)
    let later = try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<100 {
        group.addTask {
          asked.withLock { $0 += 1 }
          return try await fresh.value()
        }
      }
      while asked.withLock({ $0 }) < 100 { await Task.yield() }
      await source.open()
      return try await group.reduce(into: [Int]()) { $0.append($1) }
    }
    #expect(try await first == 1)
    // A task that had been begun but not asked yet may have come after the second.
    #expect(later.allSatisfy { $0 >= 2 } && later.count == 100)
  }

  @Test func failuresAreReportedAndTheNextTriesAgain() async throws {
    let fails = Lock(true)
    let fresh = FreshReading(pause: .milliseconds(1)) { () async throws(StoreError) -> Int in
      if fails.withLock({ $0 }) { throw .unavailable(reason: "away") }
      return 7
    }
    await #expect(throws: StoreError.self) { _ = try await fresh.value() }
    fails.withLock { $0 = false }
    #expect(try await fresh.value() == 7)
  }
}
