import Accounting
import Market
import Ports
import Postgres
import PostgresAudit
import PostgresStore
import Testing

/// Accounts' events as streams: what a reader sees is what was committed, in order, once.
struct AccountEventTests {
  /// A reader of one account's stream, as any client is.
  private struct Follower {
    var cursor = Timestamp(rawValue: 0)
    var seen: [AccountEvent] = []

    mutating func follow(_ reader: PostgresAccountEventReader, _ account: AccountNumber, limit: Int) async throws {
      while true {
        let answer = try #require(
          try await reader.events([EventQuestion(account: account, after: cursor)], limit: limit).first)
        seen += answer.events
        cursor = answer.end
        if !answer.hasMore { break }
      }
    }
  }

  @Test(arguments: [11, 12, 13] as [UInt64])
  func followersSeeEveryEventOnceInOrderWhateverTheirPortions(seed: UInt64) async throws {
    let url = try StoreDatabase.make()
    let session = StoreDatabase.session(url)
    let reader = PostgresAccountEventReader(session: session)
    // The market's noon may be over already: what came from outside came before it.
    var connection = try PostgresConnection(PostgresOptions(url: url, applicationName: "tests"))
    try connection.execute("UPDATE journals SET created_at = 'epoch'")
    var market = try await RandomMarket(url, seed: seed)
    var followers = Dictionary(uniqueKeysWithValues: StoreDatabase.accounts.map { ($0, Follower()) })
    for round in 0..<12 {
      try await market.trade(batches: 4)
      if round % 3 == 0 { try await market.settle() }
      for (index, account) in StoreDatabase.accounts.enumerated() where (round + index) % 2 == 0 {
        try await followers[account]!.follow(reader, account, limit: 1 + (index * 7 + round) % 20)
      }
    }
    try await market.settle()
    for account in StoreDatabase.accounts {
      try await followers[account]!.follow(reader, account, limit: 50)
      let seen = followers[account]!.seen
      let places = seen.map { "\($0.event.shard) \($0.event.sequence) \($0.event.ordinal)" }.joined(separator: ",")
      let stored = try StoreDatabase.text(
        url,
        """
        SELECT string_agg(concat(shard, ' ', sequence, ' ', ordinal), ',' ORDER BY event_at) FROM order_events
        WHERE account_id = \(account)
        """)
      #expect(places == stored, "seed \(seed)")
      #expect(zip(seen, seen.dropFirst()).allSatisfy { $0.at < $1.at && $0.id < $1.id }, "seed \(seed)")
      try await checkStory(of: account, seen, url, seed)
    }
  }

  /// Positions follow from executions, and the last event of each order shows the order as it is.
  private func checkStory(
    of account: AccountNumber, _ events: [AccountEvent], _ url: String, _ seed: UInt64
  ) async throws {
    var positions: [InstrumentID: Quantity] = [:]
    var last: [OrderID: AccountEvent] = [:]
    for event in events {
      if event.event.kind == .fill || event.event.kind == .partialFill {
        let quantity = event.event.quantity
        positions[event.event.instrument, default: StoreDatabase.shares] +=
          event.event.side == .buy
          ? quantity : .zero - quantity
        #expect(event.position == positions[event.event.instrument], "seed \(seed): \(event.id)")
        #expect(event.order.filledValue.rawValue > 0)
      } else {
        #expect(event.position == nil)
      }
      #expect(event.order.closedAt == nil || !event.order.status.isOpen)
      last[event.order.id] = event
    }
    let reader = PostgresAccountReader(pool: PostgresPool([StoreDatabase.session(url)]))
    for event in last.values {
      let order = try #require(try await reader.order(event.order.id, of: account))
      #expect(event.order.filled == order.record.filled, "seed \(seed): \(event)")
      #expect(event.order.filledValue == order.record.filledValue, "seed \(seed): \(event)")
      #expect(event.order.status == order.record.status, "seed \(seed): \(event)")
      #expect(event.order.closedAt == order.record.closedAt, "seed \(seed): \(event)")
      #expect(event.order.replacedBy == order.record.replacedBy, "seed \(seed): \(event)")
    }
  }

  @Test func answersManyAccountsAtOnceAndReportsWhoHasNews() async throws {
    let url = try StoreDatabase.make()
    let reader = PostgresAccountEventReader(session: StoreDatabase.session(url))
    let start = StoreDatabase.accounts.map { EventQuestion(account: $0, after: Timestamp(rawValue: 0)) }
    #expect(try await reader.accountsWithNews(start).isEmpty)
    #expect(try await reader.events(start, limit: 5).allSatisfy { $0.events.isEmpty && !$0.hasMore })
    var market = try await RandomMarket(url, seed: 5)
    try await market.trade(batches: 30)
    try await market.settle()
    let nobody = EventQuestion(account: AccountNumber(rawValue: 1), after: Timestamp(rawValue: 0))
    let answers = try await reader.events([nobody] + start, limit: 1_000)
    #expect(answers.map(\.question) == start)
    #expect(Set(try await reader.accountsWithNews(start)) == Set(StoreDatabase.accounts))
    let ends = answers.map { EventQuestion(account: $0.question.account, after: $0.end) }
    #expect(try await reader.accountsWithNews(ends).isEmpty)
    #expect(answers.allSatisfy { $0.events.last?.at == $0.last && !$0.hasMore })
  }

  @Test func timesOfAnAccountGrowWhenAWorkersClockIsBehind() async throws {
    let url = try StoreDatabase.make()
    var ahead = try await RandomMarket(url, seed: 7, from: StoreDatabase.noon)
    try await ahead.trade(batches: 20)
    try await ahead.settle()
    await ahead.close()
    var behind = try await RandomMarket(url, seed: 8, from: StoreDatabase.noon.advanced(byMicroseconds: -3_600_000_000))
    try await behind.trade(batches: 20)
    try await behind.settle()
    let report = try await AuditTests.audit(url)
    #expect(
      report.results.filter { $0.id == "G4" || $0.id == "G5" }.allSatisfy { $0.violations == 0 && $0.checked > 0 })
  }

  @Test func knowsValidKeys() async throws {
    let url = try StoreDatabase.make()
    var connection = try PostgresConnection(PostgresOptions(url: url, applicationName: "tests"))
    try connection.execute(
      """
      INSERT INTO api_keys SELECT k, 100000001, decode(repeat('00', 32), 'hex'), now(), CASE WHEN k = 'B' THEN now() END
      FROM unnest(ARRAY['A', 'B', 'C']) AS k
      """)
    let reader = PostgresAccountEventReader(session: StoreDatabase.session(url))
    #expect(try await reader.keyStates(of: ["A", "B", "X"]) == ["A": .valid])
  }
}
