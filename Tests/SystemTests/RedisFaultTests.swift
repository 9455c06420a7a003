import TestKit
import Testing

extension FaultTests {
  struct RedisFaults {
    @Test func aWipedRedisLosesNothing() async throws {
      let trial = try await FaultTrial()
      try await trial.run("FLUSHALL twice", after: .seconds(3)) {
        try await trial.flushRedis()
        try await Task.sleep(for: .milliseconds(300))
        try await trial.flushRedis()
      }
    }

    @Test func aRedisRestartedEmptyLosesNothing() async throws {
      let trial = try await FaultTrial()
      try await trial.run("Redis killed, empty after 1 s", after: .seconds(3)) {
        trial.stack.redis.stop()
        try await Task.sleep(for: .seconds(1))
        try trial.stack.redis.start()
      }
    }

    @Test func acceptingGoesOnWhileRedisHangs() async throws {
      let trial = try await FaultTrial()
      try await trial.run("Redis frozen for 3 s", after: .seconds(3)) {
        trial.stack.redis.pause()
        try await Task.sleep(for: .seconds(3))
        trial.stack.redis.resume()
      }
    }
  }
}

extension FaultTrial {
  fileprivate func flushRedis() async throws {
    let log = "\(stack.postgres.directory)/redis-cli.log"
    let words = ["redis-cli", "-s", stack.redis.socketPath, "FLUSHALL"]
    let (status, text) = try await ChildProcess.run(words, log: log)
    #expect(status == 0, "\(text)")
  }
}
