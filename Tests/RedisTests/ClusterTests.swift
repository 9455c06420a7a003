import Redis
import TestKit
import Testing

@Suite(.serialized) struct ClusterTests {
  /// One cluster for all tests that leave it as it was.
  private static let shared = Task { try await RedisCluster() }

  private func client(_ address: RedisAddress, timeout: Duration = .seconds(10)) -> RedisClient {
    var settings = RedisSettings(address: address, name: "test")
    settings.commandTimeout = timeout
    settings.connectTimeout = timeout
    return RedisClient(settings)
  }

  /// A key of each master's, in their order.
  private func keys(_ cluster: RedisCluster) async throws -> [String] {
    var keys: [String] = []
    for master in cluster.masters {
      var number = 0
      while try await cluster.owner(of: cluster.slot(of: "k\(number)")) !== master { number += 1 }
      keys.append("k\(number)")
    }
    return keys
  }

  @Test func pipelineGoesToAllNodesAndRepliesComeInOrder() async throws {
    let cluster = try await Self.shared.value
    try await cluster.flush()
    let client = client(cluster.address)
    let writes = (0..<3000).map { RedisCommand("SET", "key-\($0)", "\($0)") }
    #expect(try await client.send(writes).allSatisfy { $0.text == "OK" })
    let reads = (0..<3000).shuffled()
    let replies = try await client.send(reads.map { RedisCommand("GET", "key-\($0)") })
    #expect(replies.map(\.integer) == reads.map(Int64.init))
    for master in cluster.masters {
      let size = try await cluster.send(RedisCommand("DBSIZE"), to: master).integer ?? 0
      #expect(size > 500)
    }
    // One connection a node.
    #expect(await client.generation == 3)
  }

  @Test func refusedCommandKeepsItsPlace() async throws {
    let cluster = try await Self.shared.value
    try await cluster.flush()
    let replies = try await client(cluster.address).send([
      RedisCommand("SET", "{a}1", "v"), RedisCommand("MSET", "a", "1", "b", "2"), RedisCommand("LPUSH", "{a}1", "x"),
      RedisCommand("SET", "b", "w"),
    ])
    let codes = replies.map { reply -> String in
      guard case .refusal(let refusal) = reply else { return "" }
      return refusal.code
    }
    #expect(codes == ["", "CROSSSLOT", "WRONGTYPE", ""])
  }

  @Test func scriptsReachEveryNodeWhenTheyAreNeededThere() async throws {
    let cluster = try await Self.shared.value
    try await cluster.flush()
    let client = client(cluster.address)
    let add = RedisScript(name: "add", source: "#!lua\nreturn redis.call('INCRBY', KEYS[1], ARGV[1])")
    let keys = try await keys(cluster)
    for round in 1...3 {
      let replies = try await client.run(keys.enumerated().map { .init(add, key: $1, ["\($0 + 1)"]) })
      #expect(replies == (1...3).map { .integer(Int64($0 * round)) })
      try await cluster.send(RedisCommand("SCRIPT", "FLUSH"), to: cluster.masters[round - 1])
    }
  }

  @Test func identityIsThatOfTheKeysNode() async throws {
    let cluster = try await Self.shared.value
    let client = client(cluster.address)
    let identities = try await keys(cluster).asyncMap { try await client.identity(for: $0) }
    #expect(Set(identities.map(\.server)).count == 3)
    for (key, identity) in zip(try await keys(cluster), identities) {
      #expect(try await client.send(RedisCommand("CLIENT", "ID").near(key)) == .integer(identity.client))
    }
  }

  /// Every increment is executed exactly once, before, during and after the move.
  @Test func slotMovesWhileItIsWrittenTo() async throws {
    let cluster = try await Self.shared.value
    try await cluster.flush()
    let source = cluster.masters[0]
    let target = cluster.masters[1]
    let tag = try await keys(cluster)[0]
    let slot = try await cluster.slot(of: tag)
    let client = client(cluster.address)
    let isMoving = Flag()
    async let written = { () async throws -> Int64 in
      var rounds: Int64 = 0
      while await !isMoving.isOver {
        let replies = try await client.send(
          (0..<20).map { RedisCommand("INCR", "{\(tag)}\($0)") }, repeatable: false)
        rounds += 1
        #expect(replies == replies.map { _ in .integer(rounds) })
      }
      return rounds
    }()
    for (from, to) in [(source, target), (target, source)] {
      try await cluster.beginMove(of: slot, from: from, to: to)
      // Keys that are not there are the target's already.
      #expect(try await client.send(RedisCommand("INCR", "{\(tag)}new-\(to.port!)")) == .integer(1))
      try await cluster.moveKeys(of: slot, from: from, to: to)
      #expect(try await client.send(RedisCommand("GET", "{\(tag)}new-\(to.port!)")).text == "1")
      try await cluster.endMove(of: slot, to: to)
    }
    await isMoving.end()
    #expect(try await written > 0)
    #expect(try await client.send(RedisCommand("GET", "{\(tag)}new-\(target.port!)")).integer == 1)
  }

  @Test func scriptRunsInASlotOnTheMove() async throws {
    let cluster = try await Self.shared.value
    try await cluster.flush()
    let tag = try await keys(cluster)[0]
    let slot = try await cluster.slot(of: tag)
    let add = RedisScript(name: "add", source: "#!lua\nreturn redis.call('INCRBY', KEYS[1], ARGV[1]) + 0")
    let client = client(cluster.address)
    #expect(try await client.run([.init(add, key: tag, ["1"])]) == [.integer(1)])
    try await cluster.beginMove(of: slot, from: cluster.masters[0], to: cluster.masters[2])
    try await cluster.moveKeys(of: slot, from: cluster.masters[0], to: cluster.masters[2])
    #expect(try await client.run([.init(add, key: tag, ["1"])]) == [.integer(2)])
    #expect(try await client.run([.init(add, key: tag, ["1"])]) == [.integer(3)])
    try await cluster.endMove(of: slot, to: cluster.masters[2])
    #expect(try await client.run([.init(add, key: tag, ["1"])]) == [.integer(4)])
    try await cluster.beginMove(of: slot, from: cluster.masters[2], to: cluster.masters[0])
    try await cluster.moveKeys(of: slot, from: cluster.masters[2], to: cluster.masters[0])
    try await cluster.endMove(of: slot, to: cluster.masters[0])
    #expect(try await client.run([.init(add, key: tag, ["1"])]) == [.integer(5)])
  }

  @Test func otherServersAndWrongLoginsAreRefusedClearly() async throws {
    let single = try RedisServer(tcp: true)
    let address = RedisAddress(.cluster(seeds: [single.tcpEndpoint]))
    let error = try await failure { () async throws(RedisError) in try await client(address).send(RedisCommand("PING"))
    }
    #expect(!error.isRetriable && error.description.contains("cluster support disabled"))
    let cluster = try await Self.shared.value
    let wrong = RedisAddress(cluster.address.deployment, login: RedisLogin(user: "u", password: "s3cret"))
    let refused = try await failure { () async throws(RedisError) in try await client(wrong).send(RedisCommand("PING"))
    }
    #expect(refused.refusal?.code == "WRONGPASS" && !refused.description.contains("s3cret"))
  }

  @Test func anySeedThatAnswersWill() async throws {
    let cluster = try await Self.shared.value
    let nobody = RedisEndpoint.tcp(host: "127.0.0.1", port: Int(FreePort.choose()))
    for seeds in [[nobody, cluster.masters[1].tcpEndpoint], [cluster.masters[2].tcpEndpoint, nobody]] {
      #expect(try await client(RedisAddress(.cluster(seeds: seeds))).send(RedisCommand("ECHO", "on")).text == "on")
    }
    let lost = client(RedisAddress(.cluster(seeds: [nobody])))
    for _ in 0..<3 {
      let error = try await failure { () async throws(RedisError) in try await lost.send(RedisCommand("PING")) }
      #expect(error.isUnavailable && error.description.contains("\(nobody)"))
    }
    #expect(await lost.restRemaining > .zero)
  }

  @Test func downClusterIsWaitedForUntilTheDeadline() async throws {
    let cluster = try await RedisCluster(masters: 1)
    let node = cluster.masters[0]
    let slot = try await cluster.slot(of: "k")
    let patient = client(cluster.address)
    let hasty = client(cluster.address, timeout: .milliseconds(500))
    for client in [patient, hasty] { _ = try await client.send(RedisCommand("SET", "k", "v")) }
    try await cluster.send(RedisCommand("CLUSTER", "DELSLOTS", "\(slot)"), to: node)
    let error = try await failure { () async throws(RedisError) in try await hasty.send(RedisCommand("GET", "k")) }
    #expect(error.refusal?.code == "CLUSTERDOWN" && error.isRetriable, "\(error)")
    async let waiting = patient.send(RedisCommand("SET", "k", "w"))
    try await Task.sleep(for: .milliseconds(100))
    try await cluster.send(RedisCommand("CLUSTER", "ADDSLOTS", "\(slot)"), to: node)
    #expect(try await waiting.text == "OK")
    #expect(try await eventually(hasty, RedisCommand("GET", "k")).text == "w")
  }

  @Test func nodesThatHangOrDieHoldUpTheirOwnSlotsOnly() async throws {
    let cluster = try await RedisCluster(
      replicas: 1, nodeTimeout: .seconds(1), options: ["--cluster-require-full-coverage", "no"])
    let keys = try await keys(cluster)
    let client = client(cluster.address, timeout: .milliseconds(500))
    let all = keys.map { RedisCommand("APPEND", $0, "x") }
    _ = try await client.send(all)
    let onlooker = self.client(cluster.address, timeout: .milliseconds(500))
    let before = try await onlooker.identity(for: keys[0])
    cluster.masters[0].pause()
    let error = try await failure { () async throws(RedisError) in try await client.send(all, repeatable: false) }
    #expect(error.isTimeout && error.description.contains("\(cluster.masters[0].tcpEndpoint)"))
    for key in keys[1...] { #expect(try await client.send(RedisCommand("GET", key)).text == "xx") }
    cluster.masters[0].stop()
    try await cluster.untilPromoted(cluster.replicas[0])
    #expect(try await eventually(client, RedisCommand("SET", keys[0], "new")).text == "OK")
    #expect(try await cluster.send(RedisCommand("GET", keys[0]), to: cluster.replicas[0]).text == "new")
    // One that only asks for identities notices as well.
    await onlooker.disconnect()
    #expect(try await eventually { () async throws(RedisError) in try await onlooker.identity(for: keys[0]) } != before)
    for key in keys[1...] { #expect(try await client.send(RedisCommand("GET", key)).text == "xx") }
  }
}

private actor Flag {
  private(set) var isOver = false
  func end() { isOver = true }
}

extension Array {
  fileprivate func asyncMap<Result>(_ transform: (Element) async throws -> Result) async rethrows -> [Result] {
    var results: [Result] = []
    for element in self { results.append(try await transform(element)) }
    return results
  }
}
