import TestKit
import Testing

@testable import Redis

@Suite struct KeySlotTests {
  @Test func slotsAreThoseThatRedisComputes() async throws {
    let server = try RedisServer(
      tcp: true, options: ["--cluster-enabled", "yes", "--cluster-port", "\(FreePort.choose())"])
    let client = RedisClient(RedisSettings(address: server.address))
    var random = SystemRandomNumberGenerator()
    var keys = ["", "a", "{", "}", "{}", "{}x", "a{}b{c}", "a{b}c", "{b}", "a{b", "}a{b}", "{{b}}", "bw:{s17}:orders"]
    keys += (0..<2000).map { _ in
      String((0..<Int.random(in: 0...12, using: &random)).map { _ in "{}abc:é".randomElement(using: &random)! })
    }
    let replies = try await client.send(keys.map { RedisCommand("CLUSTER", "KEYSLOT", $0) })
    for (key, reply) in zip(keys, replies) { #expect(reply.integer == Int64(KeySlot.of(key)), "key \(key)") }
  }

  @Test(arguments: [
    ["SET", "k", "v"], ["XADD", "k", "MAXLEN", "~", "9", "*", "seq", "1"], ["HMGET", "k", "owner"], ["DEL", "k"],
    ["EVALSHA", "0000000000000000000000000000000000000000", "1", "k", "x"], ["EVAL", "return 1", "1", "k", "STREAMS"],
    ["XREAD", "COUNT", "9", "BLOCK", "5", "STREAMS", "k", "0-0"], ["XREAD", "STREAMS", "k", "STREAMS", "0", "0"],
    ["XINFO", "STREAM", "k"], ["XINFO", "GROUPS", "k"], ["XGROUP", "SETID", "k", "g", "$"], ["ZRANGE", "k", "0", "-1"],
    ["XREVRANGE", "k", "+", "-", "COUNT", "3"], ["BLPOP", "k", "1"], ["MEMORY", "USAGE", "k"],
    ["OBJECT", "ENCODING", "k"], ["RENAME", "k", "l"], ["ZREM", "k", "m"], ["PEXPIRE", "k", "1"],
  ])
  func firstKeyIsWhereRedisFindsIt(_ words: [String]) async throws {
    let server = try RedisServer()
    var command = RedisCommand(words[0])
    var question = RedisCommand("COMMAND", "GETKEYS", words[0])
    for word in words.dropFirst() {
      command.add(word)
      question.add(word)
    }
    let keys = try await RedisClient(RedisSettings(address: server.address)).send(question).array
    let index = try #require(command.keyIndex)
    #expect(keys?.first?.text == words[index])
    #expect(command.slot == KeySlot.of(words[index]))
  }

  @Test func commandsWithoutKeyGoAnywhereOrWhereTheyAreSent() {
    for command in [RedisCommand("PING"), RedisCommand("CLIENT", "LIST"), RedisCommand("SCRIPT", "LOAD", "x")] {
      #expect(command.slot == nil)
      #expect(command.near("{s1}").slot == KeySlot.of("s1"))
    }
  }
}
