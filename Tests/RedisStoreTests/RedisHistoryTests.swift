import Lifecycle
import Market
import Ports
import Redis
import Sharding
import TestKit
import Testing

@testable import RedisStore

@Suite struct RedisHistoryTests {
  @Test(arguments: ["SET bw:history x", "XADD bw:history 18446744073709551615-18446744073709551615 a b"])
  func aDamagedHistoryIsBegunAnew(damage: String) async throws {
    let server = try RedisServer()
    let settings = server.settings()
    let found = Lock<[String]>([])
    settings.damage.hear { key in found.withLock { $0.append(key.key) } }
    _ = try await settings.client(for: "operator").send(.words(damage))
    let history = RedisHistory(settings)
    let event = HistoryEvent(replaced: "bw:leader", worker: WorkerID(rawValue: "w"), reason: "it does not expire")
    for _ in 0..<2 { try await history.record([event]) }
    #expect(try await history.latest(10) == [event, event])
    #expect(found.withLock { $0 } == ["bw:history"])
  }

  @Test func latestEventComesFirstAndForeignEntriesAreLeftOut() async throws {
    let server = try RedisServer()
    let history = RedisHistory(server.settings())
    let events = HistoryEvent.Kind.allCases.filter { $0 != .replaced }.enumerated().map { index, kind in
      HistoryEvent(
        kind: kind, shard: Shard(rawValue: 17), worker: WorkerID(rawValue: "w"), epoch: Epoch(rawValue: Int64(index)),
        reason: "asked to drain")
    }
    try await history.record(events)
    _ = try await server.settings().client(for: "operator").send(.words("XADD bw:history * a b"))
    #expect(try await history.latest(10) == events.reversed())
    #expect(try await history.latest(2) == [events[2]])
    try await history.record([])
  }

  @Test func historyIsBounded() async throws {
    let server = try RedisServer()
    var settings = server.settings()
    settings.historyLength = 50
    let event = HistoryEvent(
      kind: .claimed, shard: Shard(rawValue: 1), worker: WorkerID(rawValue: "w"), epoch: Epoch(rawValue: 1), reason: "")
    try await RedisHistory(settings).record(Array(repeating: event, count: 1000))
    let length = try await settings.client(for: "operator").send(.words("XLEN bw:history")).integer ?? 0
    #expect((50...200).contains(length))
  }
}

extension RedisCommand {
  /// A command from words between spaces.
  static func words(_ text: String) -> RedisCommand {
    let words = text.split(separator: " ").map(String.init)
    var command = RedisCommand(words[0])
    for word in words.dropFirst() { command.add(word) }
    return command
  }
}
