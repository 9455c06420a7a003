import Market
import Ports
import Redis
import Sharding
import Testing

@testable import RedisStore

/// Nothing that Redis may answer reaches a trap, neither where it is read nor where it is reckoned with.
@Suite struct HostileValueTests {
  private static let rounds = 20_000
  private let shard = Shard(rawValue: 3)

  /// A seed, printed so that a failure (which ends the process) can be repeated.
  private func randomNumbers(_ what: String) -> SplitMix {
    let seed = UInt64.random(in: 0...UInt64.max)
    print("hostile \(what): seed \(seed)")
    return SplitMix(seed: seed)
  }

  @Test func everyPositionHasASuccessor() {
    let numbers: [UInt64] = [0, 1, 9_999_999_999_999, 10_000_000_000_000, .max - 1, .max]
    for milliseconds in numbers {
      for counter in numbers {
        let position = StreamPosition(milliseconds: milliseconds, counter: counter)
        #expect(position.successor > position || position.successor == position && milliseconds == .max)
        #expect(StreamPosition(Array(position.description.utf8)) == position)
        #expect(position.isFromAClock == (milliseconds < 10_000_000_000_000))
      }
    }
  }

  @Test func streamsOfAnyShapeAreRead() {
    var random = randomNumbers("streams")
    let key = Array(Keys.orders(shard).utf8)
    for _ in 0..<Self.rounds {
      let entry = RedisValue.array([
        .bytes(HostileValues.bytes(&random)),
        Bool.random(using: &random)
          ? .array([
            .bytes(Array("seq".utf8)), .bytes(HostileValues.bytes(&random)), .bytes(Array("cmd".utf8)), line(&random),
          ])
          : HostileValues.reply(&random),
      ])
      let reply =
        Bool.random(using: &random)
        ? RedisValue.array([.array([.bytes(key), .array([entry, HostileValues.reply(&random)])])])
        : HostileValues.reply(&random)
      for found in StreamReply.entries(reply, shards: [key: shard], TestKeys.ready()) {
        _ = found.position.successor.description
      }
      _ = StreamReply.lastPosition(reply)
      _ = StreamCare.isSuspicious(reply)
    }
  }

  private func line(_ random: inout SplitMix) -> RedisValue {
    var bytes: [UInt8] = []
    LogEntryText.write(.random(shard: shard, sequence: 5, &random), to: &bytes)
    return .bytes(HostileValues.mutated(bytes, &random))
  }

  @Test func heartbeatsOfAnyShapeAreReadAndWeighed() {
    var random = randomNumbers("heartbeats")
    var fleet: [Heartbeat] = []
    for round in 0..<Self.rounds {
      let sound = [
        "h", "7", "1.0", "1764000000000000", "[::1]:9081", "active", "42", "0:1/2/3,32767:4/5/6", "0", "99", "4000",
        "abc",
        "12",
      ]
      var values = sound.map { RedisValue.bytes(Array($0.utf8)) }
      for _ in 0..<Int.random(in: 0...2, using: &random) {
        values[Int.random(in: 0..<values.count, using: &random)] =
          Bool.random(using: &random) ? .bytes(HostileValues.bytes(&random)) : HostileValues.reply(depth: 1, &random)
      }
      let fields = Int.random(in: 0..<10, using: &random) == 0 ? HostileValues.reply(&random) : .array(values)
      let remaining = Bool.random(using: &random) ? .integer(1_000) : HostileValues.reply(depth: 0, &random)
      _ = HeartbeatRecord.isAbsent(fields)
      guard
        let heartbeat = HeartbeatRecord.parse(fields, remaining: remaining, worker: WorkerID(rawValue: "w\(round)"))
      else { continue }
      _ = heartbeat.startedAt.description
      _ = heartbeat.commandsPerSecond
      #expect(heartbeat.connection.map { $0.client > 0 } ?? true)
      fleet.append(heartbeat)
    }
    #expect(fleet.count > 100)
    // All of them at once, each as heavy as one can say that it is.
    let heaviest = ShardLoad(commandsPerSecond: .max, matchingMicroseconds: .max, openOrders: .max)
    var loads = Dictionary(uniqueKeysWithValues: (0...Int16.max).map { (Shard(rawValue: $0), heaviest) })
    for heartbeat in fleet { loads.merge(heartbeat.loads) { $1 } }
    let shards = loads.keys.sorted()
    var balancer = Balancer()
    let targets = balancer.targets(
      Balancer.View(
        takers: Set(fleet.prefix(1_000).map(\.worker)), owners: [:], loads: loads, shards: Array(shards.prefix(4_096)),
        targets: [:], now: .zero))
    #expect(targets.count == 4_096)
  }

  @Test func assignmentsOfAnyShapeAreRead() {
    var random = randomNumbers("assignments")
    for _ in 0..<Self.rounds {
      let fields = (0..<Int.random(in: 0...6, using: &random)).map { _ in
        Bool.random(using: &random)
          ? RedisValue.bytes(HostileValues.bytes(&random)) : HostileValues.reply(depth: 1, &random)
      }
      for (shard, worker) in AssignmentText.targets(fields) ?? [:] {
        #expect(shard.rawValue >= 0 && FieldForm.name.accepts(Array(worker.rawValue.utf8)))
      }
    }
  }

  @Test func marketDataOfAnyShapeIsRead() {
    var random = randomNumbers("market data")
    let sound = Array(
      """
      seq=17 prev=16 inst=3 at=1764000000000000 crc=2381245633 quote=17@1764000000000000:100.05x300/100.1x20 new \
      trade=17.0@1764000000000000:100.05x40b b=100.05x300 a=100.1x0
      """.utf8)
    #expect(MarketText.parse(sound) != nil)
    var book = MarketDepth(sequence: .zero, at: Timestamp(rawValue: 0))
    for _ in 0..<Self.rounds {
      if let update = MarketText.parse(HostileValues.mutated(sound, &random)) {
        book.follow(update)
        _ = update.trades.map(\.id)
        _ = update.at.description
      }
      _ = MarketText.quote(HostileValues.bytes(&random))
      let fields = (0..<Int.random(in: 0...6, using: &random)).flatMap { _ in
        [RedisValue.bytes(HostileValues.bytes(&random)), .bytes(HostileValues.bytes(&random))]
      }
      let head = ["seq", "5", "at", "1764000000000000", "crc", "0"].map { RedisValue.bytes(Array($0.utf8)) }
      _ = MarketStateScript.depth(.array(head + fields))
      _ = MarketStateScript.depth(HostileValues.reply(&random))
    }
  }
}
