import Glibc
import Lifecycle
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
        try await trial.stack.postgres.killAll()
        try await standby.promote()
      }
    }

    /// What was lost is in the streams and in the workers' books all the same; none of it may come back.
    @Test func whatAnAsynchronousStandbyLacksDoesNotComeBack() async throws {
      let trial = try await FaultTrial(gateways: 2, withStandby: true)
      let records = try await trial.run(
        "primary lost, standby promoted that lacks the last second", after: .seconds(3), mayLose: true
      ) {
        try await trial.failOverLosing(.seconds(1))
      }
      var connection = try trial.stack.postgres.connect()
      let stored = try StoredOrders(&connection)
      #expect(records.flatMap(\.acknowledged.keys).contains { stored.named[$0] == nil }, "nothing was at stake")
    }

    @Test func aWorkerThatSleptWhileItsBooksWereLostIsRefused() async throws {
      let trial = try await FaultTrial(withStandby: true)
      try await trial.run("fail-over that loses while a worker is frozen", after: .seconds(3), mayLose: true) {
        trial.workers[0].signal(SIGSTOP)
        try await trial.failOverLosing(.milliseconds(500))
        try await Task.sleep(for: .seconds(3))
        trial.workers[0].signal(SIGCONT)
      }
      #expect(trial.workers[0].exitStatus == nil)
    }

    /// Each wait that is broken off sends the gateway to look for its order, and looking waits for the standby as well.
    @Test func anOrderIsNotAcknowledgedBeforeTheStandbyHasIt() async throws {
      let trial = try await FaultTrial(workers: 1, withStandby: true)
      let standby = try #require(trial.stack.standby)
      try standby.signalAll(SIGSTOP)
      let answer = Lock<Int?>(nil)
      let gateway = trial.gateways[0]
      async let status = onThread {
        let body = order("waits", side: "buy", quantity: 1)
        let status = gateway.caller(account: 0).call("POST", "/v2/orders", body)?.status
        answer.withLock { $0 = status }
        return status
      }
      for _ in 0..<3 {
        try await trial.stack.postgres.cancelWait(of: "buttonwood-gateway")
        #expect(answer.withLock { $0 } == nil, "acknowledged, but not on the standby")
      }
      try await trial.stack.postgres.killAll()
      try standby.signalAll(SIGCONT)
      try await standby.promote()
      #expect(await status == 200)
      try await trial.settle()
      var connection = try trial.stack.postgres.connect()
      #expect(try StoredOrders(&connection).named["waits"]?.count == 1)
      try await trial.audit()
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

extension FaultTrial {
  /// Takes the standby off its primary, and promotes it some time later, when the primary is lost.
  fileprivate func failOverLosing(_ span: Duration) async throws {
    let standby = try #require(stack.standby)
    try stack.postgres.setSynchronous(false)
    try await standby.detach()
    try await Task.sleep(for: span)
    try await stack.postgres.killAll()
    try await standby.promote()
  }
}
