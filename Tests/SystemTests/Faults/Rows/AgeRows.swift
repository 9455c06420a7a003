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
    },
    FaultRow(
      number: 45, name: "\(restingOrders) orders open in one symbol, its owner killed", topology: .depth
    ) { stand in
      try await stand.placeResting(restingOrders)
      let shard = try #require(try stand.cursors().first { $0.shard == 0 })
      try await stand.kill(try #require(stand.workers.first { $0.process.pid == shard.owner }))
      // Whoever takes it over has read all of them, and trades.
      _ = try await eventually("the deep shard's next owner") {
        let now = try stand.cursors().first { $0.shard == 0 }
        return now.map { $0.epoch > shard.epoch && $0.settled > shard.settled } ?? false ? true : nil
      }
    },
    FaultRow(
      number: 46, name: "tables of \(days) days, worker killed", topology: .fleet, after: .seconds(1)
    ) { stand in
      try stand.makeOldDays(FaultRow.days)
      let before = try await stand.manyLocks(looks: 100)
      try await stand.kill(try await stand.leader())
      let after = try await stand.manyLocks(looks: 100)
      #expect(before + after == [], "transactions lock more relations than they have reason to")
    },
  ]

  /// How many orders rest in one book: more than are read over the connection that all claims go over.
  fileprivate static let restingOrders = variable("BUTTONWOOD_FAULT_DEEP") == nil ? 22_000 : 1_000_000

  /// How many days have tables; what a transaction locks must not depend on it.
  fileprivate static let days = variable("BUTTONWOOD_FAULT_DEEP") == nil ? 120 : 400
}

extension FaultStand {
  /// Has so many bids of one symbol rest far below its price.
  fileprivate func placeResting(_ wanted: Int) async throws {
    let run = UInt32.random(in: 0 ... .max)
    let servers = gateways.map(\.server)
    let accepted = Lock(0)
    let share = (wanted + ScratchStack.accounts - 1) / ScratchStack.accounts
    _ = await atOnce(ScratchStack.accounts) { account in
      let caller = servers[account % servers.count].caller(account: account)
      for number in 0..<share {
        let body = """
          {"symbol":"S0","qty":"1","side":"buy","type":"limit","time_in_force":"gtc",\
          "limit_price":"\(1 + number % 7)","client_order_id":"deep-\(run)-\(account)-\(number)"}
          """
        guard caller.call("POST", "/v2/orders", body)?.status == 200 else { continue }
        accepted.withLock { $0 += 1 }
      }
    }
    #expect(accepted.withLock { $0 } >= wanted)
  }

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

  /// Makes the tables of the days before, by the product's own function.
  fileprivate func makeOldDays(_ days: Int) throws {
    var connection = try stack.postgres.connect()
    // Each call is one transaction, and locks what it makes.
    for first in stride(from: -days, to: 0, by: 20) {
      try connection.execute(
        "SELECT ensure_partitions((now() AT TIME ZONE 'UTC')::date + \(first), \(min(20, -first)))")
    }
  }

  /// Sessions of gateways and workers that were seen to lock very many relations at once, with what they were doing.
  fileprivate func manyLocks(looks: Int) async throws -> [String] {
    var found: Set<String> = []
    var connection = try stack.postgres.connect()
    let look = PostgresCall(
      .init(
        "many_locks",
        """
        SELECT a.application_name || ', ' || count(DISTINCT l.relation) || ' relations: ' || left(a.query, 200)
        FROM pg_locks l JOIN pg_stat_activity a USING (pid)
        WHERE a.application_name LIKE 'buttonwood-%' AND a.application_name NOT IN ('buttonwood-migrate', 'buttonwood-audit')
          AND l.locktype = 'relation' AND l.relation >= 16384
        GROUP BY a.pid, a.application_name, a.query HAVING count(DISTINCT l.relation) > 64
        """))
    for _ in 0..<looks {
      let rows = try connection.query(look)
      for row in 0..<rows.count { found.insert(rows.text(row, 0)) }
      try await Task.sleep(for: .milliseconds(20))
    }
    return found.sorted()
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
