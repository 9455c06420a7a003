import Lifecycle
import Postgres
import TestKit
import Testing

/// What waits becomes old: no worker for days, nothing left in Redis, and the one that comes back dies on the way.
extension FaultRow {
  static let age: [FaultRow] = [
    FaultRow(
      number: 41,
      name: "2,300 commands of one symbol wait for 3 days, Redis empty, worker killed after its first batch",
      topology: .fleet, load: .none
    ) { stand in
      for worker in stand.workers { try await stand.kill(worker) }
      try await stand.placeUnsettled(2_300)
      try stand.age(days: 3)
      try stand.stack.redis.restartEmpty()
      let fragile = try await stand.addWorker(killPoint: "settle.committed")
      try await untilKilled(fragile.process)
    }
  ]
}

extension FaultStand {
  /// Has so many orders of one symbol accepted while nobody works.
  fileprivate func placeUnsettled(_ wanted: Int) async throws {
    let run = UInt32.random(in: 0 ... .max)
    let gateway = gateways[0].server
    let accepted = Lock(0)
    _ = await atOnce(ScratchStack.accounts) { account in
      let caller = gateway.caller(account: account)
      for number in 0..<wanted where accepted.withLock({ $0 < wanted }) {
        // Sides of their own, so that neither money nor shares run out.
        let side = account % 2 == 0 ? "buy" : "sell"
        let body = order("old-\(run)-\(account)-\(number)", side: side, quantity: 1)
        guard caller.call("POST", "/v2/orders", body)?.status == 200 else { continue }
        accepted.withLock { $0 += 1 }
      }
    }
    #expect(accepted.withLock { $0 } >= wanted)
  }

  /// Makes everything that is not processed older, by the product's own functions and an update.
  fileprivate func age(days: Int) throws {
    var connection = try stack.postgres.connect()
    try connection.execute(
      """
      SELECT ensure_partitions((now() AT TIME ZONE 'UTC')::date - \(days + 1), \(days + 2));
      UPDATE command_log g SET accepted_at = accepted_at - interval '\(days) days' FROM shard_cursors c
      WHERE c.shard = g.shard AND g.sequence > c.processed_sequence
      """)
  }
}
