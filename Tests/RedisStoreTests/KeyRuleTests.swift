import Redis
import TestKit
import Testing

@testable import RedisStore

/// The rule that says what is damaged is one, whoever asks: Lua on a real server, and Swift, over values of all kinds.
@Suite struct KeyRuleTests {
  private static let sound: [String: [(String, [UInt8])]] = {
    func fields(_ pairs: KeyValuePairs<String, String>) -> [(String, [UInt8])] { pairs.map { ($0, Array($1.utf8)) } }
    return [
      "lease": fields([
        "owner": "host-1-a", "nonce": "18446744073709551615", "counter": "7", "epoch": "3", "state": "owned",
        "since": "1764000000000", "processed": "9", "successor": "host-2-b", "successor_nonce": "0",
      ]),
      "leader": fields([
        "worker": "host-1-a", "nonce": "17", "counter": "999999999999999", "term": "0", "since": "1764000000000",
      ]),
      "assignment": fields(["term": "5", "generation": "3", "0": "host-1-a"]),
      "worker": fields([
        "host": "h", "pid": "7", "version": "1.0 (a b)", "started": "1764000000000000", "admin": "[::1]:9081",
        "state": "active", "beat": "42", "loads": "0:1/2/3", "busy_permille": "0", "redis_us": "99",
        "commit_us": "4000",
        "server": "abc", "client": "12",
      ]),
      "marketState": fields(["seq": "5", "at": "1764000000000000", "crc": "0", "quote": "17@1764000000000000:-/-"]),
    ]
  }()

  private static func rule(_ name: String) -> KeyRule {
    switch name {
    case "lease": .lease
    case "leader": .leader
    case "assignment": .assignment
    case "worker": .worker
    default: .marketState
    }
  }

  @Test(arguments: ["lease", "leader", "assignment", "worker", "marketState"])
  func luaAndSwiftCallTheSameThingsDamaged(name: String) async throws {
    let server = try RedisServer()
    let client = server.settings().client(for: "judge")
    let rule = Self.rule(name)
    let judge = RuledScript(name: "judge", rule: rule, "return { redis.call('EXISTS', KEYS[1]), damaged }")
    let reports = DamageReports()
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SplitMix(seed: seed)
    var (accepted, refused) = (0, 0)
    for step in 0..<2_000 {
      var commands = [RedisCommand("DEL", "key")]
      let fields = HostileValues.spoiled(Self.sound[name]!, &random)
      if !fields.isEmpty, Int.random(in: 0..<20, using: &random) > 0 {
        var write = RedisCommand("HSET", "key")
        for (field, value) in fields {
          write.add(field)
          write.add(value)
        }
        commands.append(write)
      } else {
        commands.append(
          [
            RedisCommand("SET", "key", "x"), RedisCommand("SADD", "key", "owner"),
            RedisCommand("XADD", "key", "*", "a", "b"),
          ]
          .randomElement(using: &random)!)
      }
      // None so short that the key may be gone between the two looks.
      let life = [nil, "50000", "60000", "600000", "600001", "99999999999"].randomElement(using: &random)!
      if let life { commands.append(RedisCommand("PEXPIRE", "key", life)) }
      let first = commands.count
      commands += [rule.read("key"), RedisCommand("PTTL", "key")]
      let replies = try await client.send(commands)
      let isAccepted = rule.accepts(replies[first], remaining: replies[first + 1]) != nil
      let answer = try await client.run([judge.call("key")], reports: reports)[0]
      // Two milliseconds may pass between the two looks at a life of ten minutes and one.
      if life == "600001" && rule.expires { continue }
      #expect(
        isAccepted == (answer.damage == nil), "seed \(seed), step \(step): \(answer.damage ?? "sound"), \(replies)")
      #expect(answer.value == .integer(isAccepted ? 1 : 0), "seed \(seed), step \(step): what is damaged is gone")
      if isAccepted { accepted += 1 } else { refused += 1 }
    }
    #expect(accepted > 100 && refused > 100, "both kinds were met: \(accepted), \(refused)")
  }

  @Test func anAbsentKeyIsNotDamaged() async throws {
    let server = try RedisServer()
    let client = server.settings().client(for: "judge")
    for rule in [KeyRule.lease, .workers, .order, .stream, .marketMark, .marketState] {
      let judge = RuledScript(name: "judge", rule: rule, "return { 1, damaged }")
      #expect(try await client.run([judge.call("key")], reports: DamageReports())[0].damage == nil)
    }
  }
}
