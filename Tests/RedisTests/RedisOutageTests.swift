import Lifecycle
import Redis
import TestKit
import Testing

@Suite struct RedisOutageTests {
  private func client(_ server: RedisServer, timeout: Duration) -> RedisClient {
    var settings = RedisSettings(address: server.address, name: "test")
    settings.commandTimeout = timeout
    settings.connectTimeout = timeout
    return RedisClient(settings)
  }

  @Test func hangingServerTimesOutAndIsUsedAgainWhenItGoesOn() async throws {
    let server = try RedisServer()
    let client = client(server, timeout: .milliseconds(100))
    _ = try await eventually(client, RedisCommand("SET", "k", "old"))
    server.pause()
    let error = try await failure { () async throws(RedisError) in try await client.send(RedisCommand("GET", "k")) }
    #expect(error.isTimeout)
    let next = try await failure { () async throws(RedisError) in try await client.send(RedisCommand("GET", "k")) }
    #expect(next.isUnavailable)
    server.resume()
    #expect(try await eventually(client, RedisCommand("GET", "k")).text == "old")
    #expect(try await eventually(client, RedisCommand("ECHO", "mine")).text == "mine")
  }

  @Test func hangingServerTimesOutWhileItIsWrittenTo() async throws {
    let server = try RedisServer()
    let client = client(server, timeout: .milliseconds(100))
    _ = try await eventually(client, RedisCommand("PING"))
    server.pause()
    var command = RedisCommand("ECHO")
    command.add([UInt8](repeating: 7, count: 64 << 20))
    let error = try await failure { () async throws(RedisError) in try await client.send(command) }
    #expect(error.isTimeout)
  }

  @Test func blockingCommandMayTakeItsTimeBeyondTheTimeout() async throws {
    let server = try RedisServer()
    let client = client(server, timeout: .seconds(2))
    #expect(try await client.send(RedisCommand("BLPOP", "none", "3"), blocking: .seconds(3)) == .null)
    let error = try await failure { () async throws(RedisError) in
      try await client.send(RedisCommand("BLPOP", "none", "60"))
    }
    #expect(error.isTimeout)
  }

  @Test func repeatableCallSurvivesARestart() async throws {
    let server = try RedisServer()
    let client = client(server, timeout: .seconds(10))
    _ = try await client.send(RedisCommand("SET", "k", "v"))
    try server.restartEmpty()
    #expect(try await client.send(RedisCommand("GET", "k")) == .null)
    #expect(await client.generation == 2)
  }

  @Test func otherCallIsReportedThatTheConnectionWasLost() async throws {
    let server = try RedisServer()
    let client = client(server, timeout: .seconds(10))
    _ = try await client.send(RedisCommand("SET", "k", "v"))
    try server.restartEmpty()
    let error = try await failure { () async throws(RedisError) in
      try await client.send(RedisCommand("INCR", "n"), repeatable: false)
    }
    #expect(error.isConnectionLost)
    #expect(try await client.send(RedisCommand("INCR", "n"), repeatable: false) == .integer(1))
  }

  @Test func absentServerIsLeftAloneForAWhile() async throws {
    let server = try RedisServer()
    let client = client(server, timeout: .seconds(10))
    server.stop()
    for _ in 0..<20 {
      let error = try await failure { () async throws(RedisError) in try await client.send(RedisCommand("PING")) }
      #expect(error.isUnavailable)
      #expect(await client.restRemaining <= client.settings.backoff.ceiling)
    }
    try server.start()
    #expect(try await eventually(client, RedisCommand("ECHO", "back")).text == "back")
    #expect(await client.restRemaining == .zero)
  }

  @Test func hostThatDoesNotExistIsUnavailable() async throws {
    let client = RedisClient(RedisSettings(address: try RedisAddress(url: "redis://nowhere.invalid:1")))
    let error = try await failure { () async throws(RedisError) in try await client.send(RedisCommand("PING")) }
    #expect(error.isUnavailable)
    #expect(error.description.contains("nowhere.invalid:1"))
  }
}
