import Redis
import TestKit
import Testing

extension FaultTests {
  /// Redis as it is run in earnest: with sentinels that replace a master, or as a cluster.
  struct RedisDeployments {
    @Test func aMasterThatDiesIsReplacedAndNothingIsLost() async throws {
      let redis = try await RedisSentinelSet()
      let trial = try await FaultTrial(redisURL: redis.url)
      let master = try #require(await redis.master())
      try await trial.run("Redis master killed, sentinels promote a replica", after: .seconds(5)) {
        master.stop()
        while try await redis.master() === master { try await Task.sleep(for: .milliseconds(50)) }
      }
    }

    @Test func aClusterWorksAndFollowsMovedSlotsAndPromotedReplicas() async throws {
      let redis = try await RedisCluster(replicas: 3)
      let trial = try await FaultTrial(redisURL: redis.url)
      try await trial.run("Redis Cluster: a slot moved, a node killed", after: .seconds(5)) {
        let slot = try await redis.slot(of: "bw:{s0}:orders")
        let source = try await redis.owner(of: slot)
        let target = try #require(redis.masters.first { $0 !== source })
        try await redis.beginMove(of: slot, from: source, to: target)
        try await Task.sleep(for: .milliseconds(300))
        try await redis.moveKeys(of: slot, from: source, to: target)
        try await redis.endMove(of: slot, to: target)
        try await Task.sleep(for: .seconds(1))
        let index = try #require(redis.masters.firstIndex { $0 === target })
        target.stop()
        try await redis.untilPromoted(redis.replicas[index])
      }
    }
  }
}
