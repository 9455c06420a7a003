import Foundation
import Lifecycle
import Testing

/// An actor with a thread of its own.
private actor Worker {
  private let executor: ThreadExecutor
  private(set) var log: [Int] = []

  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  init(name: String) { executor = ThreadExecutor(name: name) }

  func add(_ number: Int) { log.append(number) }
  func thread() -> String { currentThreadName() }
  func meet(at barrier: Barrier) { barrier.arriveAndWait() }
}

/// Lets nobody pass until all have come.
private final class Barrier: @unchecked Sendable {
  private let condition = NSCondition()
  private var missing: Int

  init(_ count: Int) { missing = count }

  func arriveAndWait() {
    condition.lock()
    defer { condition.unlock() }
    missing -= 1
    condition.broadcast()
    while missing > 0 { condition.wait() }
  }
}

private func currentThreadName() -> String {
  (try? String(contentsOfFile: "/proc/thread-self/comm", encoding: .utf8))?.trimmingCharacters(in: .newlines) ?? ""
}

/// The names of all threads of this process.
private func threadNames() -> [String] {
  let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? []
  return tasks.compactMap { try? String(contentsOfFile: "/proc/self/task/\($0)/comm", encoding: .utf8) }
    .map { $0.trimmingCharacters(in: .newlines) }
}

@Suite struct ThreadExecutorTests {
  @Test func anActorRunsOnItsOwnThreadWhichBearsItsName() async {
    let worker = Worker(name: "bw-test-named")
    #expect(await worker.thread() == "bw-test-named")
    #expect(await Worker(name: "a-name-longer-than-linux-takes").thread() == "a-name-longer-t")
    #expect(currentThreadName() != "bw-test-named", "the caller is back where it was")
  }

  @Test func jobsRunInTheOrderOfTheirArrival() async {
    let worker = Worker(name: "bw-test-order")
    for number in 0..<500 { await worker.add(number) }
    #expect(await worker.log == (0..<500).map { $0 })
  }

  @Test func manyCallersAreServedOneAtATime() async {
    let worker = Worker(name: "bw-test-many")
    await withTaskGroup(of: Void.self) { group in
      for number in 0..<2_000 { group.addTask { await worker.add(number) } }
    }
    #expect(await worker.log.sorted() == (0..<2_000).map { $0 })
  }

  /// On the shared pool this would never end: there are fewer threads than actors that wait for each other.
  @Test func actorsThatBlockDoNotHoldEachOtherUp() async {
    let count = 4 * ProcessInfo.processInfo.activeProcessorCount + 4
    let barrier = Barrier(count)
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<count { group.addTask { await Worker(name: "bw-test-block").meet(at: barrier) } }
    }
  }

  @Test func theThreadEndsWithItsActor() async throws {
    for _ in 0..<20 { #expect(await Worker(name: "bw-test-ending").thread() == "bw-test-ending") }
    for _ in 0..<3_000 where threadNames().contains("bw-test-ending") { try await Task.sleep(for: .milliseconds(10)) }
    #expect(!threadNames().contains("bw-test-ending"))
  }
}
