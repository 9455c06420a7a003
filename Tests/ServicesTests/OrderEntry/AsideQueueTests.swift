import Market
import Testing

@testable import Services

@Suite struct AsideQueueTests {
  private static let start = ContinuousClock().now

  private static func queue(_ text: String) -> AsideQueue<String> {
    var queue = AsideQueue<String>()
    for (second, name) in text.split(separator: " ").enumerated() {
      queue.append(String(name), of: account(name.prefix(1)), at: start + .seconds(second))
    }
    return queue
  }

  private static func account(_ name: some StringProtocol) -> AccountNumber {
    AccountNumber(rawValue: Int64(name.utf8.first!))
  }

  @Test func heldAccountsKeepTheirPlacesAndTheOthersLeave() {
    var queue = Self.queue("a1 b1 a2 c1 b2")
    #expect(queue.beginTry(limit: 4, accountLimit: 4) == ["a1", "b1", "a2", "c1"])
    queue.append("c2", of: Self.account("c"), at: Self.start)
    queue.endTry(held: [Self.account("b")])
    #expect(queue.count == 3)
    #expect(["a", "b", "c"].map { queue.contains(Self.account($0)) } == [false, true, true])
    #expect(queue.beginTry(limit: 9, accountLimit: 9) == ["b1", "b2", "c2"])
    queue.endTry(held: [])
    #expect(queue.count == 0)
    #expect(!queue.contains(Self.account("b")))
  }

  @Test func anAccountWithManyRequestsDoesNotKeepAnotherFromBeingTried() {
    var queue = Self.queue("a1 a2 a3 a4 b1")
    #expect(queue.beginTry(limit: 3, accountLimit: 2) == ["a1", "a2", "b1"])
    queue.endTry(held: [Self.account("b")])
    #expect(queue.beginTry(limit: 3, accountLimit: 2) == ["a3", "a4", "b1"])
  }

  @Test func onlyWhatHasWaitedTooLongEnds() {
    var queue = Self.queue("a1 b1 a2 b2")
    #expect(queue.takeExpired(before: Self.start + .seconds(2)) == ["a1", "b1"])
    #expect(queue.count == 2)
    #expect(queue.contains(Self.account("a")) && queue.contains(Self.account("b")))
    #expect(queue.takeExpired(before: Self.start + .seconds(9)) == ["a2", "b2"])
    #expect(!queue.contains(Self.account("a")))
  }
}
