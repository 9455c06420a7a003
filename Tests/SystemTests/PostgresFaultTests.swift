import Glibc
import TestKit
import Testing

extension FaultTests {
  struct PostgresFaults {
    @Test(arguments: [ScratchPostgres.Stop.fast, .immediate])
    func aRestartedDatabaseIsUsedAgainByItself(how: ScratchPostgres.Stop) async throws {
      let trial = try await FaultTrial()
      try await trial.run("PostgreSQL stopped (\(how)), started after 1 s", after: .seconds(4)) {
        try await trial.stack.postgres.stop(how)
        try await Task.sleep(for: .seconds(1))
        try await trial.stack.postgres.start()
      }
    }

    @Test func anAcceptanceCutOffAtItsCommitHappensOnce() async throws {
      let trial = try await FaultTrial(proxy: (role: "gateway", statement: "commit"))
      try await trial.cut("gateway's connection cut at COMMIT")
    }

    @Test func aSettlementCutOffAtItsCommitHappensOnce() async throws {
      let trial = try await FaultTrial(proxy: (role: "worker", statement: "settle_move_cursors"))
      try await trial.cut("worker's connection cut at a settlement")
    }
  }
}

extension FaultTrial {
  /// Cuts ten times, every other time before the server has seen anything.
  fileprivate func cut(_ fault: String) async throws {
    let cutter = try #require(self.cutter)
    defer { cutter.shut() }
    try await run(fault, after: .seconds(3)) {
      for _ in 0..<10 {
        cutter.arm(cuts: 1)
        try await Task.sleep(for: .milliseconds(300))
      }
    }
    #expect(cutter.cuts >= 8)
  }
}
