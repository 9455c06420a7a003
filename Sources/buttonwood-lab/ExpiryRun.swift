internal import Accounting
internal import Market
internal import Postgres

/// One run of `bench expiry`, step by step.
struct ExpiryRun {
  private let options: ExpiryBench.Options
  private let run: MarketRun

  init(_ options: ExpiryBench.Options) throws {
    self.options = options
    run = try MarketRun(url: options.url, load: options.load)
  }

  func report() async throws -> ExpiryReport {
    let own = try await run.ownAccounts()
    let fixture = try await ExpiryFixture(options, alsoFor: own, run.ledger)
    try await run.come(to: .open)
    run.report("filling in \(options.orders) orders")
    try await fill(fixture)
    try await run.settleAll()
    run.report("closing")
    let stretch = try await run.measure(.closed, symbols: fixture.symbolOfEachShard)
    let ends = try await ends(since: stretch.begun)
    return ExpiryReport(
      expired: ends.count, left: ends.left, expiryTime: ends.last.microseconds(since: stretch.begun),
      clearingTime: stretch.over.microseconds(since: stretch.begun),
      meanwhile: try await run.settlements(of: own, in: stretch, until: ends.last))
  }

  private func fill(_ fixture: ExpiryFixture) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<ExpiryFixture.parts {
        let part = fixture.part(number)
        let count = options.orders / ExpiryFixture.parts + (number == 0 ? options.orders % ExpiryFixture.parts : 0)
        group.addTask { try await run.fill(count, seed: UInt64(number + 1)) { part.request(&$0) } }
      }
      try await group.waitForAll()
    }
  }

  /// How many orders expired, when the last did, and how many should have and did not.
  private func ends(since begun: Timestamp) async throws -> (count: Int64, last: Timestamp, left: Int64) {
    let rows = try await run.ask(
      "expiry_ends",
      """
      SELECT count(*), coalesce(max(occurred_at), $1::timestamptz),
        (SELECT count(*) FROM orders o JOIN session_steps s USING (instrument_id)
          WHERE o.is_open AND o.time_in_force = \(TimeInForce.day.rawValue) AND o.sequence <= s.closed_sequence)
      FROM order_events WHERE kind = \(OrderEvent.Kind.expired.rawValue) AND occurred_at >= $1::timestamptz
      """, [.timestamp(microseconds: begun.rawValue)])
    return (rows.int8(0, 0), Timestamp(rawValue: rows.timestamp(0, 1)), rows.int8(0, 2))
  }
}
