import Lifecycle
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

  @Test func targetsOfAnOlderTermOrGenerationAreNotTaken() async throws {
    #expect(try await store.assignment(unless: nil) == nil)
    func assignment(_ term: Int64, _ generation: Int64, _ worker: WorkerID) -> Assignment {
      Assignment(
        term: Term(rawValue: term), generation: generation,
        targets: Dictionary(uniqueKeysWithValues: (0..<300 as Range<Int16>).map { (Shard(rawValue: $0), worker) }))
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
    #expect(try await store.assignment(unless: nil) == nil, "fields that name no shard are no leader's")
    #expect(try await store.publish(next))
    #expect(try await store.assignment(unless: nil) == next)
    #expect(try await !store.publish(first, over: nil))
    #expect(try await store.publish(first, over: next), "over wishes that are known to be a lie")
  }

  static let damages: [[String]] = {
    let sound = "worker z nonce 9 counter 1 term 99 since 1764000000000"
    func seat(_ change: (String, String)? = nil, life: String? = "60000") -> [String] {
      let fields = change.map { sound.replacing($0.0, with: $0.1) } ?? sound
      return ["HSET bw:leader \(fields)"] + (life.map { ["PEXPIRE bw:leader \($0)"] } ?? [])
    }
    return [
      ["SET bw:leader x"], ["HSET bw:leader worker z"], ["HSET bw:leader nonce x", "PEXPIRE bw:leader 3600000"],
      ["SADD bw:leader worker", "PEXPIRE bw:leader 60000"], seat(life: nil), seat(life: "3600000"),
      seat(("nonce 9", "nonce x")), seat(("term 99", "term 1e400")), seat(("term 99", "term 9223372036854775807")),
      seat(("counter 1", "counter 99999999999999999999")), seat(("worker z", "worker \u{fc}")),
      seat((" since 1764000000000", "")),
    ]
  }()

  /// A damaged seat is free, and whoever takes it says once that it was damaged.
  @Test(arguments: damages) func aDamagedSeatIsFreeAndReplacedOnce(commands: [String]) async throws {
    let settings = server.settings()
    let found = Lock<[DamagedKey]>([])
    settings.damage.hear { key in found.withLock { $0.append(key) } }
    let store = RedisLeadership(settings)
    let writers: [@Sendable () async throws -> Bool] = [
      { try await store.campaign(a, nonce: 1, over: nil, lifetime: long) },
      { try await store.extend(a, leadership(5, 1), lifetime: long) },
    ]
    for (index, write) in writers.enumerated() {
      _ = try await operators.send([RedisCommand("DEL", "bw:leader")] + commands.map { .words($0) })
      #expect(try await store.seat() == nil)
      try await store.resign(nonce: 1)
      for _ in 0..<2 { #expect(try await write()) }
      #expect(try await store.seat()?.worker == a)
      #expect(found.withLock { $0.map(\.key) } == Array(repeating: "bw:leader", count: index + 1))
    }
  }

  @Test(arguments: [
    "SET bw:assignment x", "HSET bw:assignment term x generation 1", "HSET bw:assignment term 1e99 generation 1",
    "HSET bw:assignment term 9223372036854775807 generation 1", "HSET bw:assignment 0 a", "SADD bw:assignment term",
  ])
  func aDamagedAssignmentIsNoneAndReplacedOnce(command: String) async throws {
    let settings = server.settings()
    let found = Lock<[DamagedKey]>([])
    settings.damage.hear { key in found.withLock { $0.append(key) } }
    let store = RedisLeadership(settings)
    _ = try await operators.send(.words(command))
    #expect(try await store.assignment(unless: nil) == nil)
    let assignment = Assignment(term: Term(rawValue: 1), generation: 1, targets: [Shard(rawValue: 0): a])
    for _ in 0..<2 { #expect(try await store.publish(assignment)) }
    #expect(try await store.assignment(unless: nil) == assignment)
    #expect(found.withLock { $0.map(\.key) } == ["bw:assignment"])
  }
}
