import Glibc
import TestKit
import Testing

extension FaultTests {
  struct WorkerFaults {
    @Test func anotherWorkerTakesOverFromOneKilledUnderLoad() async throws {
      let trial = try await FaultTrial()
      try await trial.run("worker killed", after: .seconds(4)) { try await trial.workers[0].stop() }
    }

    @Test func allWorkersKilledAndStartedAgainGoOnWhereTheyWere() async throws {
      var trial = try await FaultTrial()
      let killed = trial
      try await trial.run("all workers killed, two started", after: .seconds(4)) {
        for worker in killed.workers { try await worker.stop() }
        trial.workers = [try await killed.stack.startWorker(), try await killed.stack.startWorker()]
      }
    }

    @Test func aWorkerFrozenBeyondItsLeaseIsRefusedWhenItWakes() async throws {
      let trial = try await FaultTrial()
      try await trial.run("worker frozen for 4 s, then awake", after: .seconds(3)) {
        trial.workers[0].signal(SIGSTOP)
        try await Task.sleep(for: .seconds(4))
        trial.workers[0].signal(SIGCONT)
      }
      let log = trial.workers[0].log
      #expect(log.contains("fenced") || log.contains("lost a lease"))
      #expect(trial.workers[0].exitStatus == nil)
    }

    @Test(arguments: ["settle.matched:5", "settle.committed:5", "settle.untrimmed:5", "handover.claimed"])
    func aWorkerMayDieAnywhereOnTheWayOfASettlement(killPoint: String) async throws {
      let trial = try await FaultTrial(workers: 1)
      let fragile = try await trial.stack.startWorker(killPoint: killPoint)
      try await trial.run("worker killed at \(killPoint)", after: .seconds(3)) { try await fragile.end(within: 20) }
      #expect(fragile.exitStatus == 128 + SIGKILL)
    }

    @Test func aWorkerMayDieWhileItHandsItsShardsOver() async throws {
      let trial = try await FaultTrial(workers: 1, workerKillPoint: "handover.released")
      let successor = try await trial.stack.startWorker()
      try await trial.run("worker killed while handing over", after: .seconds(3)) {
        try await trial.workers[0].end(within: 20)
      }
      #expect(successor.exitStatus == nil)
    }

    @Test(arguments: ["claim.leased", "claim.won"])
    func aWorkerMayDieWhileItClaims(killPoint: String) async throws {
      var trial = try await FaultTrial(workers: 1)
      let first = trial
      try await trial.run("worker killed at \(killPoint)", after: .seconds(3)) {
        try await first.workers[0].stop()
        let fragile = try await first.stack.startWorker(killPoint: killPoint)
        try await fragile.end(within: 20)
        #expect(fragile.exitStatus == 128 + SIGKILL)
        trial.workers.append(try await first.stack.startWorker())
      }
    }

    @Test func aWorkerToldToStopHandsItsShardsOverAndEndsWell() async throws {
      let trial = try await FaultTrial()
      try await trial.run("worker told to stop") {
        let status = try await trial.workers[0].stop(SIGTERM)
        #expect(status == 0)
      }
    }
  }
}
