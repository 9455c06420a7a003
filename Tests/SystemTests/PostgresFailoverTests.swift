import Glibc
import TestKit
import Testing

extension FaultTests {
  /// The primary is lost and its synchronous standby promoted: whatever was acknowledged is there.
  struct PostgresFailover {
    @Test func nothingAcknowledgedIsLostWhenTheStandbyTakesOver() async throws {
      let trial = try await FaultTrial(gateways: 2, withStandby: true)
      let standby = try #require(trial.stack.standby)
      try await trial.run("PostgreSQL primary lost, standby promoted", before: .seconds(2), after: .seconds(4)) {
        try await trial.stack.postgres.stop(.immediate)
        try await standby.promote()
      }
    }

    @Test func aWorkerThatSleptThroughTheFailoverIsRefused() async throws {
      let trial = try await FaultTrial(withStandby: true)
      let standby = try #require(trial.stack.standby)
      try await trial.run("fail-over while a worker is frozen", after: .seconds(4)) {
        trial.workers[0].signal(SIGSTOP)
        try await Task.sleep(for: .seconds(2))
        try await trial.stack.postgres.stop(.immediate)
        try await standby.promote()
        try await Task.sleep(for: .seconds(1))
        trial.workers[0].signal(SIGCONT)
      }
      #expect(trial.workers[0].exitStatus == nil)
    }

    @Test func nothingIsAcknowledgedWhileTheStandbyHangs() async throws {
      let trial = try await FaultTrial(withStandby: true)
      let standby = try #require(trial.stack.standby)
      try await trial.run("standby frozen for 3 s", after: .seconds(4)) {
        try standby.signalAll(SIGSTOP)
        try await Task.sleep(for: .seconds(3))
        try standby.signalAll(SIGCONT)
      }
    }
  }
}
