import Lifecycle
import Market
import Ports
import Testing

@testable import ClientKit

@Suite struct CoalescingCacheTests {
  typealias Cache = CoalescingCache<String, Int>

  /// Counts questions and answers each when it is told to.
  final class Source: Sendable {
    let asked = Lock(0)
    let (stream, answers) = AsyncStream.makeStream(of: Result<Int?, StoreError>.self)

    func fetch() async throws(StoreError) -> Int? {
      asked.withLock { $0 += 1 }
      for await answer in stream { return try answer.get() }
      throw .fault(reason: "no answer")
    }
  }

  private let source = Source()
  private let cache = Cache(.init(lifetime: 100, absentLifetime: 10, grace: 100, capacity: 3))

  private func at(_ time: Int64) -> Timestamp { Timestamp(rawValue: time) }

  private func ask(_ time: Int64, _ key: String = "a") async throws(StoreError) -> Int? {
    try await cache.value(for: key, now: at(time)) { () async throws(StoreError) in try await source.fetch() }
  }

  @Test func answersAreKeptForTheirLifetime() async throws {
    source.answers.yield(.success(1))
    #expect(try await ask(0) == 1)
    #expect(try await ask(99) == 1)
    source.answers.yield(.success(2))
    #expect(try await ask(100) == 2)
    source.answers.yield(.success(nil))
    #expect(try await ask(100, "b") == nil)
    #expect(try await ask(109, "b") == nil)
    source.answers.yield(.success(3))
    #expect(try await ask(110, "b") == 3)
    #expect(source.asked.withLock { $0 } == 4)
  }

  @Test func clockThatIsSetBackMakesAnswersOld() async throws {
    source.answers.yield(.success(1))
    #expect(try await ask(1000) == 1)
    source.answers.yield(.success(2))
    #expect(try await ask(999) == 2)
  }

  @Test func failuresAreReportedAndNotKept() async throws {
    source.answers.yield(.failure(.unavailable(reason: "x")))
    await #expect(throws: StoreError.unavailable(reason: "x")) { try await ask(0) }
    source.answers.yield(.success(1))
    #expect(try await ask(0) == 1)
  }

  @Test func manyAtOnceAskOnce() async throws {
    let source = source
    let sum = try await withThrowingTaskGroup(of: Int?.self) { group in
      for _ in 0..<500 { group.addTask { try await ask(0) } }
      while (source.asked.withLock { $0 }) == 0 { await Task.yield() }
      source.answers.yield(.success(7))
      return try await group.reduce(0) { $0 + ($1 ?? 0) }
    }
    #expect(sum == 3500)
    #expect(source.asked.withLock { $0 } == 1)
  }

  @Test func moreKeysThanItHoldsAreForgottenNotRefused() async throws {
    for index in 0..<10 {
      source.answers.yield(.success(index))
      #expect(try await ask(0, "key \(index)") == index)
    }
  }
}
