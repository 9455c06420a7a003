import Lifecycle
import Market
import Ports
import Redis
import Sharding
import TestKit
import Testing

@testable import RedisStore

@Suite struct RedisFleetEventsTests {
  @Test(arguments: ["SET bw:history x", "XADD bw:history 18446744073709551615-18446744073709551615 a b"])
  func aDamagedHistoryIsBegunAnew(damage: String) async throws {
    let server = try RedisServer()
    let settings = server.settings()
    let found = Lock<[String]>([])
    settings.damage.hear { key in found.withLock { $0.append(key.key) } }
    _ = try await settings.client(for: "operator").send(.words(damage))
    let fleetEvents = RedisFleetEvents(settings)
    let event = FleetEvent(replaced: "bw:leader", worker: WorkerID(rawValue: "w"), reason: "it does not expire")
    for _ in 0..<2 { try await fleetEvents.record([event]) }
    #expect(try await fleetEvents.latest(10) == [event, event])
    #expect(found.withLock { $0 } == ["bw:history"])
  }

  @Test func latestEventComesFirstAndForeignEntriesAreLeftOut() async throws {
    let server = try RedisServer()
    let fleetEvents = RedisFleetEvents(server.settings())
    let events = FleetEvent.Kind.allCases.filter { $0 != .replaced }.enumerated().map { index, kind in
      FleetEvent(
        kind: kind, shard: Shard(rawValue: 17), worker: WorkerID(rawValue: "w"), epoch: Epoch(rawValue: Int64(index)),
        reason: "asked to drain")
    }
    try await fleetEvents.record(events)
    _ = try await server.settings().client(for: "operator").send(.words("XADD bw:history * a b"))
    #expect(try await fleetEvents.latest(10) == events.reversed())
    #expect(try await fleetEvents.latest(2) == [events[2]])
    try await fleetEvents.record([])
  }

  @Test func historyIsBounded() async throws {
    let server = try RedisServer()
    var settings = server.settings()
    settings.fleetEventsLength = 50
    let event = FleetEvent(
      kind: .claimed, shard: Shard(rawValue: 1), worker: WorkerID(rawValue: "w"), epoch: Epoch(rawValue: 1), reason: "")
    try await RedisFleetEvents(settings).record(Array(repeating: event, count: 1000))
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
