import Market
import Ports
import Redis
import Sharding
import TestKit
import Testing

@testable import RedisStore

@Suite struct RedisLeadershipTests {
  let server: RedisServer
  let store: RedisLeadership
  let operators: RedisClient
  let a = WorkerID(rawValue: "a")
  let b = WorkerID(rawValue: "b")
  let long = Duration.seconds(60)

  init() throws {
    server = try RedisServer()
    store = RedisLeadership(server.settings())
    operators = RedisClient(RedisSettings(address: server.address, name: "operator"))
  }

  private func leadership(_ term: Int64, _ nonce: UInt64) -> Leadership {
    Leadership(term: Term(rawValue: term), nonce: nonce)
  }

  @Test func oneSitsAtATimeUntilItResigns() async throws {
    #expect(try await store.seat() == nil)
    #expect(try await store.campaign(a, nonce: 1, over: nil, lifetime: long))
    #expect(try await !store.campaign(b, nonce: 2, over: nil, lifetime: long))
    #expect(try await store.extend(a, leadership(5, 1), lifetime: long))
    let seat = try #require(try await store.seat())
    #expect(seat.worker == a && seat.nonce == 1 && seat.term == Term(rawValue: 5) && seat.counter == 2)
    try await store.resign(nonce: 2)
    #expect(try await store.seat() != nil, "a stranger cannot resign for it")
    try await store.resign(nonce: 1)
    #expect(try await store.seat() == nil)
  }

  @Test func aSeatIsTakenOverOnlyAsItWasSeen() async throws {
    _ = try await store.campaign(a, nonce: 1, over: nil, lifetime: long)
    let seen = try await store.seat()
    _ = try await store.extend(a, leadership(5, 1), lifetime: long)
    #expect(try await !store.campaign(b, nonce: 2, over: seen, lifetime: long))
    #expect(try await store.campaign(b, nonce: 2, over: try await store.seat(), lifetime: long))
    #expect(try await store.seat()?.worker == b)
  }

  @Test func theLaterTermWinsAndAWipedSeatIsTakenBack() async throws {
    #expect(try await store.extend(a, leadership(5, 1), lifetime: long))
    #expect(try await !store.extend(b, leadership(5, 2), lifetime: long))
    #expect(try await !store.extend(b, leadership(4, 2), lifetime: long))
    #expect(try await store.extend(b, leadership(6, 2), lifetime: long))
    #expect(try await !store.extend(a, leadership(5, 1), lifetime: long))
    _ = try await operators.send(RedisCommand("FLUSHALL"))
    #expect(try await store.extend(b, leadership(6, 2), lifetime: long))
  }

  @Test func anUnextendedSeatExpires() async throws {
    #expect(try await store.campaign(a, nonce: 1, over: nil, lifetime: .milliseconds(30)))
    while try await !store.campaign(b, nonce: 2, over: nil, lifetime: long) {
      try await Task.sleep(for: .milliseconds(5))
    }
  }

  @Test func wishesOfAnOlderTermOrGenerationAreNotTaken() async throws {
    #expect(try await store.assignment(unless: nil) == nil)
    func assignment(_ term: Int64, _ generation: Int64, _ worker: WorkerID) -> Assignment {
      Assignment(
        term: Term(rawValue: term), generation: generation,
        wishes: Dictionary(uniqueKeysWithValues: (0..<300 as Range<Int16>).map { (Shard(rawValue: $0), worker) }))
    }
    let first = assignment(5, 3, a)
    #expect(try await store.publish(first))
    #expect(try await store.assignment(unless: nil) == first)
    #expect(try await store.assignment(unless: first) == first)
    #expect(try await !store.publish(assignment(4, 9, b)))
    #expect(try await !store.publish(assignment(5, 2, b)))
    #expect(try await store.assignment(unless: nil) == first)
    let next = assignment(6, 1, b)
    #expect(try await store.publish(next))
    #expect(try await store.assignment(unless: first) == next)
    _ = try await operators.send(RedisCommand("HSET", "bw:assignment", "odd", "z", "99999", "z"))
    #expect(try await store.assignment(unless: nil) == next, "fields that name no shard")
  }

  @Test func aSeatDamagedByHandIsFree() async throws {
    for words in [["SET", "bw:leader", "x"], ["HSET", "bw:leader", "worker", "z"]] {
      _ = try await operators.send(RedisCommand("DEL", "bw:leader"))
      var command = RedisCommand(words[0])
      for word in words.dropFirst() { command.add(word) }
      _ = try await operators.send(command)
      #expect(try await store.seat() == nil)
      #expect(try await store.campaign(a, nonce: 1, over: nil, lifetime: long))
      try await store.resign(nonce: 1)
    }
  }
}
