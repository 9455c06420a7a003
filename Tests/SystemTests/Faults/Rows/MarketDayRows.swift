import TestKit
import Testing

/// A manual market is opened and closed while leaders and workers die and Redis is wiped: every instrument comes to every
/// stage once, and what clients were told stays true.
extension FaultRow {
  static let marketDay: [FaultRow] = [
    day("leader killed at market.tell, market.told and market.clear", times: 3) { stand in
      try await stand.market("close")
      let stages = [("market.tell:4", "pre-open"), ("market.told:5", "open"), ("market.clear", "close")]
      for (place, stage) in stages {
        let fragile = try await stand.startFragileLeader(killPoint: place)
        async let change: Void = stand.market(stage)
        try await untilKilled(fragile.process)
        try await stand.addWorker()
        try await change
      }
    },
    day("worker killed in an opening auction") { stand in
      try await stand.market("close")
      try await stand.market("pre-open")
      let fragile = try await stand.addWorkerWithShards(killPoint: "matched.open")
      try await stand.market("open")
      try await untilKilled(fragile.process)
    },
    day("worker killed in the expiry after a close") { stand in
      try await stand.market("open")
      let fragile = try await stand.addWorkerWithShards(killPoint: "matched.expire")
      try await stand.market("close")
      try await untilKilled(fragile.process)
    },
    day("Redis wiped again and again during an opening and a close", times: 10) { stand in
      for stage in ["close", "open", "close"] {
        async let change: Void = stand.market(stage)
        for _ in 0..<5 {
          try await stand.redis("FLUSHALL")
          try await Task.sleep(for: .milliseconds(100))
        }
        try await change
      }
    },
    day("all workers killed and Redis emptied during a close", times: 2) { stand in
      try await stand.market("open")
      async let change: Void = stand.market("close")
      _ = try await eventually("the wish to close") {
        try stand.number("SELECT count(*) FROM market_clock WHERE target_stage = 2") == 1 ? true : nil
      }
      for worker in stand.workers { try await stand.kill(worker) }
      try stand.stack.redis.restartEmpty()
      for _ in 0..<2 { try await stand.addWorker() }
      try await change
    },
  ]

  private static func day(_ name: String, times: Int = 1, _ inject: @escaping Step) -> FaultRow {
    FaultRow(
      number: 35, name: name, topology: .market, load: .trading(.init(timeInForce: "day")), times: times, inject: inject
    ) { stand, _ in
      let (twice, stages) = try (stand.number(FaultStand.stagesInstructedTwice), stand.number(FaultStand.lastStages))
      #expect(twice == 0, "\(name): an instrument was told a stage twice")
      #expect(stages == 1, "\(name): instruments stand at different stages")
    }
  }
}

extension FaultStand {
  /// How many instruments were told a stage more than once.
  static let stagesInstructedTwice = """
    SELECT count(*) FROM (
      SELECT FROM command_log WHERE kind = 3 AND side = 0 GROUP BY instrument_id, price, order_type
      HAVING count(*) > 1) AS twice
    """
  /// How many different stages instruments stand at, and how many have not come to what they were told.
  fileprivate static let lastStages = """
    SELECT count(DISTINCT (s.day, s.stage)) + count(*) FILTER (WHERE s.instrument_id IS NULL
      OR (s.day, s.stage) IS DISTINCT FROM (p.day, p.stage))
    FROM instruments LEFT JOIN session_steps s USING (instrument_id) LEFT JOIN instrument_phases p USING (instrument_id)
    """

  /// Has the market come to a stage, whoever dies meanwhile.
  func market(_ word: String) async throws {
    let (status, text) = try await stack.run(["market", word, "--wait", "60s"], within: 90)
    #expect(status == 0, "market \(word): \(text)")
  }

  /// Replaces all workers: the first of the new ones leads, and dies when it comes to a place.
  fileprivate func startFragileLeader(killPoint: String) async throws -> Worker {
    for worker in workers { try await kill(worker) }
    let fragile = try await addWorker(killPoint: killPoint)
    let leader = try await leader()
    #expect(leader.process.pid == fragile.process.pid)
    return fragile
  }

  /// Adds a worker that dies when it comes to a place, and waits until it works.
  fileprivate func addWorkerWithShards(killPoint: String) async throws -> Worker {
    let fragile = try await addWorker(killPoint: killPoint)
    _ = try await eventually("the shards of a new worker") {
      try self.cursors().contains { $0.owner == fragile.process.pid } ? true : nil
    }
    return fragile
  }
}
