import Redis
import TestKit
import Testing

@Suite struct RedisScriptTests {
  let add = RedisScript(
    name: "add", source: "#!lua flags=allow-oom\nreturn redis.call('INCRBY', KEYS[1], ARGV[1])")
  let fail = RedisScript(name: "fail", source: "#!lua\nreturn redis.call('LPUSH', KEYS[1], ARGV[1])")

  private func client(_ server: RedisServer) -> RedisClient {
    var settings = RedisSettings(address: server.address, name: "test")
    settings.commandTimeout = .seconds(10)
    return RedisClient(settings)
  }

  @Test func scriptsAreLoadedWhenNeededAndAgainWhenForgotten() async throws {
    let server = try RedisServer()
    let client = client(server)
    #expect(try await client.run([.init(add, key: "a", ["5"])]) == [.integer(5)])
    _ = try await client.send([RedisCommand("SCRIPT", "FLUSH"), RedisCommand("FUNCTION", "FLUSH")])
    #expect(
      try await client.run([.init(add, key: "a", ["1"]), .init(add, key: "b", ["2"]), .init(add, key: "a", ["3"])])
        == [.integer(6), .integer(2), .integer(9)])
    try server.restartEmpty()
    #expect(try await client.run([.init(add, key: "a", ["1"])]) == [.integer(1)])
    _ = try await client.send(RedisCommand("FLUSHALL"))
    #expect(try await client.run([.init(add, key: "a", ["1"])]) == [.integer(1)])
  }

  @Test func failingScriptIsOneRefusalAmongItsNeighbours() async throws {
    let server = try RedisServer()
    let client = client(server)
    let replies = try await client.run([
      .init(add, key: "a", ["1"]), .init(fail, key: "a", ["1"]), .init(add, key: "a", ["1"]),
    ])
    guard replies.count == 3, case .refusal(let refusal) = replies[1] else { throw Unexpected() }
    #expect(replies[0] == .integer(1) && refusal.code == "WRONGTYPE" && replies[2] == .integer(2))
  }

  /// Why scripts and not functions: a full server takes the one and refuses the other.
  @Test func fullServerLoadsAndRunsAScriptThatIsAllowedTo() async throws {
    let server = try RedisServer(options: ["--maxmemory", "1kb", "--maxmemory-policy", "noeviction"])
    let client = client(server)
    #expect(try await client.run([.init(add, key: "a", ["5"])]) == [.integer(5)])
    let error = try await failure { () async throws(RedisError) in
      try await client.send(
        RedisCommand("FUNCTION", "LOAD", "#!lua name=l\nredis.register_function('f', function() return 1 end)"))
    }
    let refusal = try #require(error.refusal)
    #expect(refusal.code == "OOM")
  }
}
