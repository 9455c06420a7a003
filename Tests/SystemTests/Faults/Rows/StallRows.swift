import Lifecycle
import Postgres
import TestKit
import Testing

/// Clients of the database stop in the middle of a conversation, ours and others.
extension FaultRow {
  static let stalls: [FaultRow] = [
    FaultRow(
      number: 43, name: "settlements that stop at random bytes", topology: .stalls, times: 4, after: .seconds(1)
    ) { try await $0.stall($0.workerStaller!, mark: "settle_move_cursors", bytes: 1...1_500) },
    FaultRow(
      number: 43, name: "acceptances that stop at random bytes", topology: .stalls, times: 4, after: .seconds(1)
    ) { try await $0.stall($0.gatewayStaller!, mark: "entry_lock_accounts", bytes: 1...1_500) },
    FaultRow(
      number: 54, name: "an account's row locked by a stranger", topology: .gateways, load: .none
    ) { try await $0.holdAnAccount() },
  ]
}

extension FaultStand {
  /// Lets conversations fall silent, one after the other, each when the locks of the one before are gone.
  fileprivate func stall(_ staller: StallingProxy, mark: String, bytes: ClosedRange<Int>) async throws {
    let seed = UInt64.random(in: 0..<1_000_000)
    print("fault 43: seed \(seed)")
    var random = SeededRandom(seed: seed)
    for _ in 0..<4 {
      let stalls = staller.stalls
      staller.arm(after: random.number(bytes), random.pick(StallingProxy.Way.allCases), mark: mark)
      _ = try await eventually("a stall") { staller.stalls > stalls ? true : nil }
      // Whoever holds locks and waits for its client in the middle of a pipeline stays so until it is ended: no time-out of
      // the server does that.
      _ = try await eventually("the end of sessions that have stopped") { try self.stalledSessions() == 0 ? true : nil }
      // Where nothing was held yet, the server may wait for ever, and so does the client of a link that hides it.
      staller.release()
    }
    let reports = workers.map(\.process.log) + gateways.map(\.server.process.log)
    let ended = reports.reduce(0) {
      $0 + $1.ranges(of: "ended a session of the database whose client had stopped").count
    }
    print("fault 43: \(ended) sessions ended")
    #expect(!reports.contains { $0.contains("cannot be looked for") || $0.contains("could not be ended") })
  }

  private func stalledSessions() throws -> Int64 {
    try number(
      """
      SELECT count(*) FROM pg_stat_activity a
      WHERE application_name LIKE 'buttonwood-%' AND wait_event = 'ClientRead' AND state <> 'idle'
        AND state_change < clock_timestamp() - interval '2 seconds' AND EXISTS (
          SELECT FROM pg_locks l WHERE l.pid = a.pid AND l.locktype = 'transactionid')
      """)
  }

  /// While somebody holds an account's row, all others' orders are answered, through the same lanes; then the account's is.
  fileprivate func holdAnAccount() async throws {
    let gateway = gateways[0].server
    let run = UInt32.random(in: 0 ... .max)
    var stranger = try stack.postgres.connect()
    try stranger.execute("BEGIN; SELECT FROM accounts WHERE name = 'A0' FOR UPDATE")
    let answered = Lock(false)
    async let held: Int? = onThread {
      let caller = gateway.caller(account: 0)
      let body = order("held-\(run)", side: "buy", quantity: 1)
      // 503 says that nothing is stored and to come again.
      var status = caller.call("POST", "/v2/orders", body)?.status
      while status == 503 { status = caller.call("POST", "/v2/orders", body)?.status }
      answered.withLock { $0 = true }
      return status
    }
    // The first ones of its lane may have waited for the row together with it.
    for round in 0..<3 {
      let statuses = await atOnce(ScratchStack.accounts - 1) { index in
        gateway.caller(account: index + 1).call(
          "POST", "/v2/orders", order("free-\(run)-\(round)-\(index)", side: "buy", quantity: 1))?.status
      }
      #expect(statuses.allSatisfy { $0 == 200 }, "\(statuses) while another account is held")
    }
    #expect(!answered.withLock { $0 }, "an order of the held account was answered")
    try stranger.execute("ROLLBACK")
    #expect(await held == 200)
  }
}
