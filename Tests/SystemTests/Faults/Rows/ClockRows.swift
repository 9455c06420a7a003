import TestKit
import Testing

/// Wall clocks jump, and some are wrong for good: nobody may gain or lose a shard by it.
extension FaultRow {
  static let clocks: [FaultRow] = [
    FaultRow(
      number: 27, name: "one worker's clock 1 h ahead, 1 h behind, right again", topology: .clocks, subject: .clocks,
      times: 3, keepsOwners: true
    ) { stand in
      let clock = stand.workers.randomElement()!.place.clock
      for shift: Int64 in [3600, -3600, 0] {
        clock?.set(seconds: shift)
        try await Task.sleep(for: .seconds(1))
      }
    },
    FaultRow(
      number: 27, name: "all clocks 1 h ahead, 1 h behind, right again", topology: .clocks, subject: .clocks, times: 3,
      keepsOwners: true
    ) { stand in
      let places = stand.workers.map(\.place) + stand.gateways.map(\.place)
      for shift: Int64 in [3600, -3600, 0] {
        for place in places { place.clock?.set(seconds: shift) }
        try await Task.sleep(for: .seconds(1))
      }
    },
    FaultRow(
      number: 27, name: "every clock shows another hour", topology: .clocks, subject: .clocks, keepsOwners: true
    ) { stand in
      for (hour, place) in (stand.workers.map(\.place) + stand.gateways.map(\.place)).enumerated() {
        place.clock?.set(seconds: Int64(hour - 1) * 3600)
      }
      try await Task.sleep(for: .seconds(2))
    },
    FaultRow(
      number: 53, name: "one worker's clock 4 days ahead, then behind, then right", topology: .skew, after: .seconds(1)
    ) { stand in
      try await stand.distrustClocks()
    } expect: { stand, _ in
      // What ended while a clock was wrong still says why.
      let unexplained = try stand.number(
        """
        SELECT count(*) FROM orders o WHERE NOT o.is_open AND o.status NOT IN (2) AND NOT EXISTS (
          SELECT FROM order_events e WHERE e.order_id = o.order_id AND e.occurred_at = o.closed_at)
        """)
      #expect(unexplained == 0)
    },
  ]
}

extension FaultStand {
  /// A worker whose clock is days off hands its shards over, says that it is not ready, and takes none before its clock is right.
  fileprivate func distrustClocks() async throws {
    let worker = workers[0]
    for days: Int64 in [4, -4] {
      worker.place.clock?.set(seconds: days * 86_400)
      _ = try await eventually("the worker has given its shards away", seconds: 60) {
        try self.shards(of: worker) == 0 && worker.process.log.contains("clock is off by more than") ? true : nil
      }
      let unowned = try number("SELECT count(*) FROM shard_cursors WHERE owner IS NULL")
      #expect(unowned == 0)
      // It claims nothing, though it lives: all others keep what they have.
      try await Task.sleep(for: .seconds(2))
      let own = try shards(of: worker)
      #expect(own == 0)
      worker.place.clock?.set(seconds: 0)
      _ = try await eventually("the worker has shards again", seconds: 60) {
        try self.shards(of: worker) > 0 ? true : nil
      }
    }
  }

  private func shards(of worker: Worker) throws -> Int64 {
    try number("SELECT count(*) FROM shard_cursors WHERE owner LIKE '%-\(worker.process.pid)-%'")
  }
}
