import Lifecycle
import Testing

@Suite struct BackgroundQueueTests {
  /// Sends when it is let, and keeps what was sent.
  private final class Sender: Sendable {
    let queue = BackgroundQueue<[Int]>()
    private let sent = Lock([[Int]]())
    private let turns = Lock((underWay: 0, most: 0))
    private let gate: AsyncStream<Void>
    private let opener: AsyncStream<Void>.Continuation

    init() { (gate, opener) = AsyncStream.makeStream() }

    var all: [[Int]] { sent.withLock { $0 } }
    var most: Int { turns.withLock { $0.most } }

    func let1Through() { opener.yield() }

    @discardableResult func add(_ number: Int, limit: Int = .max) -> Int {
      queue.add(sending: { await self.send($0) }) { waiting in
        if waiting.count == limit { waiting.removeFirst() }
        waiting.append(number)
        return waiting.count
      }
    }

    private func send(_ numbers: [Int]) async {
      turns.withLock { turns in
        turns.underWay += 1
        turns.most = max(turns.most, turns.underWay)
      }
      for await _ in gate { break }
      turns.withLock { $0.underWay -= 1 }
      sent.withLock { $0.append(numbers) }
    }
  }

  private func eventually(_ condition: () -> Bool) async throws {
    for _ in 0..<10_000 where !condition() { try await Task.sleep(for: .milliseconds(2)) }
    try #require(condition())
  }

  @Test func whatComesDuringASendingGoesTogetherIntoTheNext() async throws {
    let sender = Sender()
    sender.add(1)
    try await eventually { sender.most == 1 }
    for number in 2...5 { sender.add(number) }
    sender.let1Through()
    try await eventually { sender.all == [[1]] }
    sender.let1Through()
    try await eventually { sender.all == [[1], [2, 3, 4, 5]] }
    // Empty it costs nothing, and begins anew.
    sender.add(6)
    sender.let1Through()
    try await eventually { sender.all.last == [6] }
    #expect(sender.most == 1)
  }

  @Test func whoAddsKeepsTheBound() async throws {
    let sender = Sender()
    sender.add(0)
    try await eventually { sender.most == 1 }
    for number in 1...100 { #expect(sender.add(number, limit: 3) <= 3) }
    sender.let1Through()
    sender.let1Through()
    try await eventually { sender.all.last == [98, 99, 100] }
  }

  @Test func whatWaitsCanBeTakenBack() async throws {
    let sender = Sender()
    sender.add(0)
    try await eventually { sender.most == 1 }
    sender.add(1)
    #expect(sender.queue.drop() == [1] && sender.queue.drop() == [])
    sender.let1Through()
    try await eventually { sender.all == [[0]] }
    sender.add(2)
    sender.let1Through()
    try await eventually { sender.all == [[0], [2]] }
  }

  @Test func whatGoesOneByOneIsSentInItsOrder() async throws {
    let sent = Lock([Int]())
    let queue = BackgroundQueue<OneByOne<Int>>()
    for number in 0..<200 {
      queue.add(sending: { work in
        #expect(work.count == 1)
        await Task.yield()
        sent.withLock { $0.append(work.first!) }
      }) { $0.append(number) }
    }
    try await eventually { sent.withLock { $0.count == 200 } }
    #expect(sent.withLock { $0 } == Array(0..<200))
  }

  @Test func aRequestMadeDuringItsWorkIsHeededOnceMore() async throws {
    let queue = BackgroundQueue<Once>()
    let (gate, opener) = AsyncStream<Void>.makeStream()
    let begun = Lock(0)
    func ask() {
      queue.add(sending: { _ in
        begun.withLock { $0 += 1 }
        for await _ in gate { break }
      }) { $0.isDue = true }
    }
    ask()
    try await eventually { begun.withLock { $0 } == 1 }
    for _ in 0..<10 { ask() }
    opener.yield()
    try await eventually { begun.withLock { $0 } == 2 }
    opener.yield()
    #expect(queue.drop().isEmpty)
  }

  @Test func nothingAddedSendsNothing() async throws {
    let queue = BackgroundQueue<Set<Int>>()
    queue.add(sending: { _ in Issue.record("nothing was to be sent") }) { _ in }
    try await Task.sleep(for: .milliseconds(5))
  }

  @Test func nothingIsLostOrSentTwiceWhenManyAdd() async throws {
    let sent = Lock([Int: Int]())
    let queue = BackgroundQueue<[Int]>()
    await withTaskGroup(of: Void.self) { group in
      for task in 0..<8 {
        group.addTask {
          for number in 0..<500 {
            queue.add(sending: { numbers in sent.withLock { for number in numbers { $0[number, default: 0] += 1 } } }) {
              $0.append(task * 500 + number)
            }
          }
        }
      }
    }
    try await eventually { sent.withLock { $0.count == 4_000 } }
    #expect(sent.withLock { $0.values.allSatisfy { $0 == 1 } })
  }
}
