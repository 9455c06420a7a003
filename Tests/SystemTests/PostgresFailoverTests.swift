import Glibc
import Postgres
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

    @Test func aBrokenOffWaitForTheStandbyIsNoAcknowledgement() async throws {
      let trial = try await FaultTrial(withStandby: true)
      let standby = try #require(trial.stack.standby)
      try await trial.run("waits for a stopped standby broken off, then fail-over", after: .seconds(4)) {
        try await standby.stop(.fast)
        var connection = try trial.stack.postgres.connect()
        for _ in 0..<20 {
          // What is waiting for the standby is told to stop waiting: its commit is there, and on no other server.
          try connection.execute("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
          try await Task.sleep(for: .milliseconds(100))
        }
        // The primary is lost before the standby has seen any of it.
        try await trial.stack.postgres.stop(.immediate)
        try await standby.start()
        try await standby.promote()
      }
    }
  }
}
