import Redis
import TestKit
import Testing

@Suite struct SentinelTests {
  private func client(_ address: RedisAddress, timeout: Duration = .seconds(10)) -> RedisClient {
    var settings = RedisSettings(address: address, name: "test")
    settings.commandTimeout = timeout
    settings.connectTimeout = timeout
    settings.masterCheckInterval = .milliseconds(50)
    return RedisClient(settings)
  }

  @Test func callsGoOnByThemselvesWhenTheMasterIsKilled() async throws {
    let set = try await RedisSentinelSet()
    let client = client(set.address)
    _ = try await client.send(RedisCommand("SET", "k", "v"))
    let before = try await client.identity(for: "k")
    set.servers[0].stop()
    #expect(try await eventually(client, RedisCommand("SET", "k", "w")).text == "OK")
    #expect(try await client.identity(for: "k").server != before.server)
    #expect(try await client.send(RedisCommand("ROLE")).array?.first?.text == "master")
  }

  @Test func everybodyLogsInWithTheirOwnUserAndPassword() async throws {
    let login = RedisLogin(user: "ann", password: "s3cret-a")
    let set = try await RedisSentinelSet(login: login, sentinelLogin: RedisLogin(user: "sam", password: "s3cret-b"))
    let client = client(set.address)
    let line = try #require(try await client.send(RedisCommand("CLIENT", "INFO")).text)
    #expect(line.contains(" user=ann ") && line.contains(" name=test "))
    set.servers[0].stop()
    #expect(try await eventually(client, RedisCommand("SET", "k", "w")).text == "OK")
  }

  @Test func wrongPasswordsAndNamesAreReportedApart() async throws {
    let set = try await RedisSentinelSet(
      login: RedisLogin(password: "right"), sentinelLogin: RedisLogin(password: "right"))
    guard case .sentinel(let sentinels) = set.address.deployment else { throw Unexpected() }
    let wrong = RedisLogin(password: "s3cret")
    let master = try await failure { () async throws(RedisError) in
      try await client(RedisAddress(.sentinel(sentinels), login: wrong)).send(RedisCommand("PING"))
    }
    #expect(master.refusal?.code == "WRONGPASS" && !master.description.contains("s3cret"))
    let none = try await failure { () async throws(RedisError) in
      try await client(RedisAddress(.sentinel(sentinels))).send(RedisCommand("PING"))
    }
    #expect(none.refusal?.code == "NOAUTH")
    for (login, code) in [(wrong, "WRONGPASS"), (RedisLogin(), "NOAUTH")] {
      let unauthenticated = RedisSentinels(sentinels.endpoints, masterName: sentinels.masterName, login: login)
      let error = try await failure { () async throws(RedisError) in
        try await client(RedisAddress(.sentinel(unauthenticated), login: set.address.login)).send(RedisCommand("PING"))
      }
      #expect(error.isUnavailable && error.description.contains("sentinel \(sentinels.endpoints[0]) refused: \(code)"))
      #expect(!error.description.contains("s3cret"))
    }
    let unknown = RedisSentinels(sentinels.endpoints, masterName: "nobody", login: sentinels.login)
    let error = try await failure { () async throws(RedisError) in
      try await client(RedisAddress(.sentinel(unknown), login: set.address.login)).send(RedisCommand("PING"))
    }
    #expect(error.isUnavailable && error.description.contains("knows no master nobody"))
  }

  /// A former master that nobody else reaches stays a master to its clients: they find out by asking.
  @Test func clientLeavesAMasterThatIsCutOffFromTheSentinels() async throws {
    let set = try await RedisSentinelSet()
    let client = client(set.address)
    let before = try await client.identity(for: "k")
    // From now on nobody gets in but who is in.
    _ = try await client.send([
      RedisCommand("CONFIG", "SET", "requirepass", "changed"), RedisCommand("CLIENT", "KILL", "TYPE", "normal"),
      RedisCommand("CLIENT", "KILL", "TYPE", "pubsub"), RedisCommand("CLIENT", "KILL", "TYPE", "replica"),
    ])
    var now = before
    while now == before {
      _ = try await eventually(client, RedisCommand("GET", "k"))
      now = try await client.identity(for: "k")
    }
    #expect(now.server == (try await run(of: set.servers[1])))
    #expect(try await eventually(client, RedisCommand("SET", "k", "w")).text == "OK")
  }

  @Test func orderlyFailOverCostsNoCallMoreThanAMoment() async throws {
    let set = try await RedisSentinelSet()
    let client = client(set.address)
    _ = try await client.send([RedisCommand("SET", "k", "v"), RedisCommand("WAIT", "1", "5000")])
    try await set.failOver()
    try await untilMaster(set, is: set.servers[1])
    #expect(try await eventually(client, RedisCommand("GET", "k")).text == "v")
    #expect(try await eventually(client, RedisCommand("SET", "k", "w")).text == "OK")
  }

  @Test func oneSentinelOfThreeIsEnoughAndHungOnesAreBounded() async throws {
    let set = try await RedisSentinelSet()
    let connected = client(set.address)
    _ = try await connected.send(RedisCommand("SET", "k", "v"))
    set.pauseSentinel(0)
    set.stopSentinel(1)
    // Whoever waited for the hung one in full would have no time left for an answer.
    #expect(try await client(set.address, timeout: .seconds(2)).send(RedisCommand("ECHO", "on")).text == "on")
    set.stopSentinel(2)
    let error = try await failure { () async throws(RedisError) in
      try await client(set.address, timeout: .milliseconds(400)).send(RedisCommand("PING"))
    }
    #expect(error.isUnavailable && error.description.contains("no sentinel led to the master"))
    // Who is connected needs no sentinel.
    for _ in 0..<20 {
      #expect(try await connected.send(RedisCommand("GET", "k")).text == "v")
      try await Task.sleep(for: .milliseconds(10))
    }
    #expect(await connected.generation == 1)
  }

  private func untilMaster(_ set: RedisSentinelSet, is server: RedisServer) async throws {
    while try await set.master() !== server { try await Task.sleep(for: .milliseconds(10)) }
  }

  private func run(of server: RedisServer) async throws -> String {
    try await RedisClient(RedisSettings(address: server.tcpAddress)).identity(for: "k").server
  }
}
