import Glibc
import Lifecycle
import Redis
import TestKit
import Testing

extension FaultTests {
  /// Redis as it is run for real: it fails over, moves slots and loses nodes under load, and nothing acknowledged is lost.
  struct RedisDeployments {
    @Test func aSentinelFailOverLosesNothing() async throws {
      let set = try await RedisSentinelSet()
      let trial = try await FaultTrial(gateways: 2, redisURL: set.url)
      let streams = Streams(set.address)
      let before = try await streams.added()
      try await trial.run("Redis master killed, replica promoted by its sentinels", after: .seconds(3)) {
        #expect(try await streams.added() > before)
        set.servers[0].stop()
        while try await set.master() !== set.servers[1] { try await Task.sleep(for: .milliseconds(10)) }
      }
      try await streams.untilUsed(by: trial)
      try await streams.untilBothBeat()
    }

    @Test func aClusterThatMovesASlotAndLosesANodeLosesNothing() async throws {
      let cluster = try await RedisCluster(replicas: 1, nodeTimeout: .seconds(1))
      let trial = try await FaultTrial(gateways: 2, redisURL: cluster.url)
      let streams = Streams(cluster.address)
      try await trial.run("Redis Cluster: a slot moved, a master killed", after: .seconds(3)) {
        #expect(try await streams.added() > 0)
        let slot = try await cluster.slot(of: Streams.key(3))
        let (source, target) = (cluster.masters[1], cluster.masters[2])
        #expect(try await cluster.owner(of: slot) === source)
        try await cluster.beginMove(of: slot, from: source, to: target)
        try await Task.sleep(for: .milliseconds(100))
        try await cluster.moveKeys(of: slot, from: source, to: target)
        try await Task.sleep(for: .milliseconds(100))
        try await cluster.endMove(of: slot, to: target)
        try await Task.sleep(for: .milliseconds(500))
        // The node with two shards, the leader's lease and the list of workers.
        cluster.masters[0].stop()
        try await cluster.untilPromoted(cluster.replicas[0])
      }
      try await streams.untilUsed(by: trial)
      try await streams.untilBothBeat()
    }
  }
}

/// The shards' streams as an operator sees them.
private struct Streams {
  private let client: RedisClient

  init(_ address: RedisAddress) {
    var settings = RedisSettings(address: address, name: "operator")
    settings.commandTimeout = .seconds(10)
    client = RedisClient(settings)
  }

  static func key(_ shard: Int) -> String { "bw:{s\(shard)}:orders" }

  /// Entries that were ever added, over all shards.
  func added() async throws -> Int64 {
    let replies = try await client.send(
      (0..<ScratchStack.instruments).map { RedisCommand("XINFO", "STREAM", Self.key($0)) })
    return replies.reduce(0) { $0 + ($1["entries-added"]?.integer ?? 0) }
  }

  /// Waits until orders go over every shard's stream and are trimmed by their owner: Redis is not only survived but used.
  func untilUsed(by trial: FaultTrial) async throws {
    for shard in 0..<ScratchStack.instruments {
      let before = try await state(of: shard)
      var attempt = 0
      while try await !isTrimmed(shard, above: before.added) {
        let now = try await state(of: shard)
        try #require(attempt < 100, "the stream of shard \(shard) is not used: \(now)")
        // Below what anybody sells at.
        let body = order("used-\(shard)-\(attempt)", side: "buy", quantity: 1)
          .replacing("\"S0\"", with: "\"S\(shard)\"").replacing("\"100\"", with: "\"90\"")
        let status = await onThread {
          trial.gateways[0].caller(account: 0).call("POST", "/v2/orders", body)?.status
        }
        #expect(status == 200)
        attempt += 1
      }
    }
  }

  /// Whether more entries were added than `count` and all are settled, now or within a moment: an order is answered before
  /// it is settled.
  private func isTrimmed(_ shard: Int, above count: Int64) async throws -> Bool {
    for _ in 0..<10 {
      let now = try await state(of: shard)
      if now.added > count, now.lag == 0 { return true }
      try await Task.sleep(for: .milliseconds(20))
    }
    return false
  }

  /// Waits until both workers' heartbeats stand.
  func untilBothBeat() async throws {
    for _ in 0..<500 {
      let workers = try await client.send(RedisCommand("ZRANGE", "bw:workers", "0", "-1")).array ?? []
      let beats = try await client.send(workers.compactMap(\.text).map { RedisCommand("EXISTS", "bw:worker:\($0)") })
      if beats.filter({ $0 == .integer(1) }).count == 2 { return }
      try await Task.sleep(for: .milliseconds(20))
    }
    Issue.record("the workers' heartbeats are missing")
  }

  /// Entries that were ever added to a shard's stream, and those that are not settled.
  private func state(of shard: Int) async throws -> (added: Int64, lag: Int64?) {
    let replies = try await client.send([
      RedisCommand("XINFO", "STREAM", Self.key(shard)), RedisCommand("XINFO", "GROUPS", Self.key(shard)),
    ])
    return (replies[0]["entries-added"]?.integer ?? 0, replies[1].array?.first?["lag"]?.integer)
  }
}
