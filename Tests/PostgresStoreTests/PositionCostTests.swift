import Accounting
import Market
import Ports
import Postgres
import PostgresAudit
import Services
import Testing

@testable import PostgresStore

/// What positions cost, on a real server: by the order of trades, whatever the batches.
struct PositionCostTests {
  private static func findings(_ url: String, _ check: String) async throws -> [AuditViolation] {
    try await AuditTests.audit(url).results.first { $0.id == check }?.samples ?? []
  }

  @Test(arguments: [nil, 1, 2, 3])
  func whatIsSoldBeforeAPurchaseHasNoPartInIt(size: Int?) async throws {
    var market = try await CostMarket(StoreDatabase.make())
    try await market.trade(100, at: 10, from: 3, to: 0)
    try await market.settle()
    try await market.trade(100, at: 12, from: 0, to: 4)
    try await market.trade(100, at: 15, from: 3, to: 0)
    try await market.settle(by: { size })
    let position = try #require(try await market.position(0))
    #expect(position.basis.averageMicrodollars == 15_000_000)
    #expect(position.cost == .dollars(1_500))
    #expect(try market.positions() == market.counted())
  }

  @Test func salesLeaveTheAverageAsItIs() async throws {
    var market = try await CostMarket(StoreDatabase.make())
    try await market.trade(2, at: 10, from: 3, to: 0)
    try await market.trade(1, at: 11, from: 3, to: 0)
    try await market.settle()
    for left in [3, 2, 1] as [Int64] {
      let position = try #require(try await market.position(0))
      #expect(position.quantity == Quantity(rawValue: left))
      #expect(position.basis.averageMicrodollars == 10_333_333)
      try await market.trade(1, at: 9, from: 0, to: 4)
      try await market.settle()
    }
    #expect(try await market.position(0) == nil)
    #expect(try await Self.findings(market.url, "C6").isEmpty)
  }

  /// The same trades in one batch, one by one and cut at random: the same rows, and those of one trade after the other.
  @Test(arguments: [1, 2, 3] as [UInt64])
  func everyCutGivesTheSameRows(seed: UInt64) async throws {
    var rows: Set<String> = []
    for cut in 0..<3 {
      var numbers = SeededNumbers(seed: seed)
      var market = try await CostMarket(StoreDatabase.make())
      var shares: [Int64] = [0, 0, 0, 5_000, 5_000]
      var cutter = SeededNumbers(seed: seed &* 31 &+ UInt64(cut))
      // What has been bought and is not settled cannot be sold.
      var free = shares
      for round in 0..<120 {
        let seller = (0..<5).filter { free[$0] > 0 }.randomElement(using: &numbers)!
        let buyer = (0..<3).filter { $0 != seller }.randomElement(using: &numbers)!
        // Mostly some of what there is, sometimes all.
        let most = min(free[seller], 300)
        let isAll = free[seller] <= 300 && Int.random(in: 0..<3, using: &numbers) == 0
        let quantity = isAll ? most : Int64.random(in: 1...most, using: &numbers)
        try await market.trade(quantity, at: Int64.random(in: 1...40, using: &numbers), from: seller, to: buyer)
        shares[seller] -= quantity
        shares[buyer] += quantity
        free[seller] -= quantity
        guard round % 6 == 5 else { continue }
        try await market.settle(by: { cut == 0 ? nil : cut == 1 ? 1 : Int.random(in: 1...9, using: &cutter) })
        free = shares
      }
      try await market.settle()
      #expect(try market.positions() == market.counted(), "seed \(seed), cut \(cut)")
      rows.insert(market.counted())
      let report = try await AuditTests.audit(market.url)
      #expect(report.isClean, "\(AuditPrinter.text(report))")
    }
    #expect(rows.count == 1, "seed \(seed)")
  }

  @Test func grantsAreCountedAmongTrades() async throws {
    var market = try await CostMarket(StoreDatabase.make())
    let office = AccountAdministration(session: StoreDatabase.session(market.url))
    let account = AccountName.number(StoreDatabase.accounts[0])
    try await market.trade(3, at: 10, from: 3, to: 0)
    try await market.settle()
    _ = try await office.grant(
      Quantity(rawValue: 2), of: Symbol("SA")!, to: account, cost: Price("20.01"), reference: "first")
    try await market.trade(4, at: 30, from: 0, to: 1)
    try await market.trade(2, at: 31, from: 3, to: 0)
    try await market.settle()
    _ = try await office.grant(
      Quantity(rawValue: 7), of: Symbol("SA")!, to: account, cost: Price("5"), reference: "second")
    var expected = PositionCost()
    expected.buy(Quantity(rawValue: 3), for: .dollars(30))
    expected.buy(Quantity(rawValue: 2), for: Money("40.02")!)
    expected.sell(Quantity(rawValue: 4))
    expected.buy(Quantity(rawValue: 2), for: .dollars(62))
    expected.buy(Quantity(rawValue: 7), for: .dollars(35))
    #expect(try await market.position(0)?.basis == expected)
    #expect(try await office.show(account).positions.first?.basis == expected)
    let report = try await AuditTests.audit(market.url)
    #expect(report.isClean, "\(AuditPrinter.text(report))")
    _ = try StoreDatabase.text(
      market.url, "UPDATE journal_lines SET cost = cost + 1 WHERE cost IS NOT NULL RETURNING 'x'")
    #expect(try await Self.findings(market.url, "C6").map(\.name) == ["account 100000001 instrument 1"])
  }

  /// A worker of the version before settles a purchase as it always did; what it leaves is taken over as it stands.
  @Test func whatAnOlderProgramLeavesIsTakenOver() async throws {
    var market = try await CostMarket(StoreDatabase.make())
    try await market.trade(3, at: 10, from: 3, to: 0)
    try await market.settle()
    try await market.trade(1, at: 11, from: 0, to: 1)
    try await market.settle()
    var connection = try PostgresConnection(PostgresOptions(url: market.url, applicationName: "tests"))
    try connection.execute(
      """
      BEGIN;
      UPDATE accounts a SET cash = a.cash + c.cash, held = a.held + c.held
        FROM unnest(ARRAY[(100000001, -140000, 0, 0)::account_change, (100000002, 140000, 0, 0)::account_change]) AS c
        WHERE a.account_id = ANY (ARRAY[c.account_id]);
      UPDATE positions p SET
        quantity = p.quantity + c.bought - c.sold,
        held = p.held + c.held,
        cost = CASE WHEN c.sold = 0 THEN p.cost + c.cost
          ELSE floor((p.cost + c.cost)::numeric * (p.quantity + c.bought - c.sold) / (p.quantity + c.bought))::bigint END
        FROM unnest(ARRAY[(100000001, 1, 1, 140000, 0, 0)::position_change, (100000002, 1, 0, 0, 1, 0)::position_change]) AS c
        WHERE p.account_id = ANY (ARRAY[c.account_id]) AND p.instrument_id = c.instrument_id;
      COMMIT
      """)
    let left = try #require(try await market.position(0))
    #expect(left.basis == PositionCost(Quantity(rawValue: 3), for: .dollars(34)))
    #expect(
      try StoreDatabase.integer(
        market.url,
        "SELECT count(*) FROM positions WHERE instrument_id = 1 AND account_id <= 100000002 AND lot_shares IS NULL")
        == 2)
    try await market.trade(1, at: 20, from: 0, to: 1)
    try await market.trade(2, at: 13, from: 3, to: 0)
    try await market.settle()
    var expected = PositionCost(Quantity(rawValue: 3), for: .dollars(34))
    expected.sell(Quantity(rawValue: 1))
    expected.buy(Quantity(rawValue: 2), for: .dollars(26))
    #expect(try await market.position(0)?.basis == expected)
    #expect(try await Self.findings(market.url, "C6").isEmpty)
  }

  @Test func whatOtherHandsChangeIsFound() async throws {
    var market = try await CostMarket(StoreDatabase.make())
    try await market.trade(3, at: 10, from: 3, to: 0)
    try await market.settle()
    #expect(try await Self.findings(market.url, "C6").isEmpty)
    _ = try StoreDatabase.text(
      market.url,
      "UPDATE positions SET cost = cost + 1 WHERE account_id = 100000001 AND instrument_id = 1 RETURNING 'x'")
    #expect(try await Self.findings(market.url, "C6").map(\.name) == ["account 100000001 instrument 1"])
    // A settlement puts the cost right by the lot.
    try await market.trade(1, at: 10, from: 3, to: 0)
    try await market.settle()
    #expect(try await Self.findings(market.url, "C6").isEmpty)
    _ = try StoreDatabase.text(
      market.url,
      "UPDATE positions SET lot_shares = lot_shares + 1 WHERE account_id = 100000001 AND instrument_id = 1 RETURNING 'x'"
    )
    #expect(try await Self.findings(market.url, "C6").map(\.name) == ["account 100000001 instrument 1"])
  }
}
