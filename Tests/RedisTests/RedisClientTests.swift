import Redis
import TestKit
import Testing

@Suite struct RedisClientTests {
  private func client(_ address: RedisAddress, timeout: Duration = .seconds(10)) -> RedisClient {
    var settings = RedisSettings(address: address, name: "test")
    settings.commandTimeout = timeout
    settings.connectTimeout = timeout
    return RedisClient(settings)
  }

  @Test func repliesComeInTheOrderOfTheirCommands() async throws {
    let server = try RedisServer(tcp: true)
    for address in [server.address, server.tcpAddress] {
      let replies = try await client(address).send((0..<10_000).map { RedisCommand("ECHO", String($0)) })
      #expect(replies.map(\.integer) == (0..<10_000).map { Int64($0) })
    }
  }

  @Test func callersThatShareAClientGetTheirOwnReplies() async throws {
    let server = try RedisServer()
    let client = client(server.address)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for caller in 0..<50 {
        group.addTask {
          let replies = try await client.send((0..<20).map { RedisCommand("ECHO", "\(caller) \($0)") })
          #expect(replies.map(\.text) == (0..<20).map { "\(caller) \($0)" })
        }
      }
      try await group.waitForAll()
    }
    #expect(await client.generation == 1)
  }

  @Test func anyBytesComeBack() async throws {
    let server = try RedisServer()
    let client = client(server.address)
    let all = (0...255).map { UInt8($0) }
    for value in [[], all, [UInt8](repeating: 0, count: 3), Array(repeating: all, count: 20_000).flatMap { $0 }] {
      var set = RedisCommand("SET")
      set.add(all)
      set.add(value)
      var get = RedisCommand("GET")
      get.add(all)
      #expect(try await client.send([set, get]) == [.bytes(Array("OK".utf8)), .bytes(value)])
    }
  }

  @Test func everyKindOfReplyIsCopied() async throws {
    let server = try RedisServer()
    let client = client(server.address)
    let script = "return {1, 'two', {3, {'four', {}}}, false, redis.error_reply('MYCODE with words')}"
    let reply = try await client.send(RedisCommand("EVAL", script, "0"))
    #expect(
      reply
        == .array([
          .integer(1), .bytes(Array("two".utf8)),
          .array([.integer(3), .array([.bytes(Array("four".utf8)), .array([])])]), .null,
          .refusal(RedisRefusal(reply: "MYCODE with words")),
        ]))
    #expect(try await client.send(RedisCommand("GET", "nothing")) == .null)
  }

  @Test func deepNestingIsRefusedAndTheClientGoesOn() async throws {
    let server = try RedisServer()
    let client = client(server.address)
    let script = "return {{{{{{{{{{{{1}}}}}}}}}}}}"
    let error = try await failure { () async throws(RedisError) in
      try await client.send(RedisCommand("EVAL", script, "0"))
    }
    #expect(error.isMalformedReply)
    #expect(try await client.send(RedisCommand("ECHO", "on")).text == "on")
  }

  @Test func refusedCommandKeepsItsPlaceInThePipeline() async throws {
    let server = try RedisServer()
    let client = client(server.address)
    let replies = try await client.send([
      RedisCommand("SET", "k", "v"), RedisCommand("LPUSH", "k", "x"), RedisCommand("GET", "k"),
    ])
    #expect(replies[2].text == "v")
    guard case .refusal(let refusal) = replies[1] else { throw Unexpected() }
    #expect(refusal.code == "WRONGTYPE")
    await #expect(throws: RedisError.refused(refusal)) { try await client.send(RedisCommand("LPUSH", "k", "x")) }
    #expect(await client.generation == 1)
  }

  @Test func identityNamesTheConnectionAndTheRunOfTheServer() async throws {
    let server = try RedisServer()
    let client = client(server.address)
    let first = try await client.identity(for: "k")
    #expect(try await client.send(RedisCommand("CLIENT", "ID")) == .integer(first.client))
    #expect(try await client.identity(for: "k") == first)
    await client.disconnect()
    let second = try await client.identity(for: "k")
    #expect(second.server == first.server && second.client > first.client)
    try server.restartEmpty()
    // A connection that has died is noticed by its next use.
    _ = try await client.send(RedisCommand("PING"))
    let third = try await client.identity(for: "k")
    #expect(third.server != second.server)
    #expect(try await client.send(RedisCommand("CLIENT", "ID")) == .integer(third.client))
  }

  @Test func loginNameAndDatabaseAreSet() async throws {
    let server = try RedisServer(options: ["--requirepass", "s3cret"])
    let admin = client(server.address.with(password: "s3cret"))
    _ = try await admin.send(RedisCommand("ACL", "SETUSER", "ann", "on", ">pä ss", "~*", "+@all"))
    let ann = client(server.address.with(user: "ann", password: "pä ss", database: 3))
    let line = try #require(try await ann.send(RedisCommand("CLIENT", "INFO")).text)
    #expect(line.contains(" name=test ") && line.contains(" db=3 ") && line.contains(" user=ann "))
  }

  @Test func wrongOrMissingLoginIsRefusedWithoutThePassword() async throws {
    let server = try RedisServer(options: ["--requirepass", "right"])
    for (address, code) in [
      (server.address, "NOAUTH"), (server.address.with(password: "s3cret"), "WRONGPASS"),
      (server.address.with(user: "bob", password: "s3cret"), "WRONGPASS"),
    ] {
      let error = try await failure { () async throws(RedisError) in
        try await client(address).send(RedisCommand("PING"))
      }
      let refusal = try #require(error.refusal)
      #expect(refusal.code == code && !refusal.description.contains("s3cret"))
    }
  }

  @Test func fullServerRefusesWithItsCode() async throws {
    let server = try RedisServer(options: ["--maxmemory", "1kb", "--maxmemory-policy", "noeviction"])
    let client = client(server.address)
    let error = try await failure { () async throws(RedisError) in try await client.send(RedisCommand("SET", "k", "v"))
    }
    let refusal = try #require(error.refusal)
    #expect(refusal.code == "OOM" && refusal.isPassing)
  }

  @Test func readOnlyServerIsLeftForAnotherConnection() async throws {
    let server = try RedisServer()
    let client = client(server.address)
    _ = try await client.send(RedisCommand("REPLICAOF", "127.0.0.1", "1"))
    let error = try await failure { () async throws(RedisError) in try await client.send(RedisCommand("SET", "k", "v"))
    }
    let refusal = try #require(error.refusal)
    #expect(refusal.code == "READONLY")
    _ = try await client.send(RedisCommand("REPLICAOF", "NO", "ONE"))
    #expect(await client.generation == 2)
    _ = try await client.send(RedisCommand("SET", "k", "v"))
    #expect(await client.generation == 2)
  }
}

struct Unexpected: Error {}

extension RedisAddress {
  func with(user: String? = nil, password: String, database: Int = 0) -> RedisAddress {
    RedisAddress(deployment, login: RedisLogin(user: user, password: password), database: database)
  }
}
