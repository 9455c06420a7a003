import Accounting
import Market
import Ports
import Testing

@testable import PostgresStore

/// Bounds of single orders, from the operator's words to what acceptance refuses, on a real server.
struct OrderBoundsTests {
  private let url: String
  private let ledger: PostgresAcceptanceLedger
  private let office: BoundsAdministration
  private let symbol: Symbol

  init() throws {
    url = try StoreDatabase.make()
    ledger = PostgresAcceptanceLedger(session: StoreDatabase.session(url))
    office = BoundsAdministration(session: StoreDatabase.session(url))
    symbol = Symbol("SA")!
  }

  private func answers(_ requests: AcceptanceRequest...) async throws -> [AcceptedBatch.Answer] {
    try await ledger.accept(requests, now: StoreDatabase.noon).answers
  }

  private func refusals(_ requests: AcceptanceRequest...) async throws -> [ExceededBound?] {
    try await ledger.accept(requests, now: StoreDatabase.noon).answers.map { answer in
      if case .refused(.beyondBound(let bound)) = answer { bound } else { nil }
    }
  }

  /// What the bounds of an account, a symbol, and an account in a symbol let through is refused by none of them.
  @Test func everyBoundThatHoldsForAnOrderIsHeeded() async throws {
    let account = AccountName.number(StoreDatabase.accounts[0])
    try await office.set(OrderBounds(quantity: Quantity(rawValue: 100)), for: .init(account: nil, symbol: symbol))
    try await office.set(OrderBounds(notional: .dollars(5_000)), for: .init(account: account, symbol: nil))
    try await office.set(OrderBounds(quantity: Quantity(rawValue: 10)), for: .init(account: account, symbol: symbol))
    var orders = TestOrders(seed: 1)
    #expect(
      try await refusals(
        orders.place(.buy, 10, at: 500), orders.place(.buy, 11, at: 1), orders.place(.buy, 10, at: 501),
        orders.place(.buy, 100, at: 1, account: 1), orders.place(.buy, 101, at: 1, account: 1),
        orders.place(.buy, 5_000, at: 1, instrument: 2), orders.place(.buy, 5_001, at: 1, instrument: 2),
        orders.place(.sell, 4_000, at: 2, account: 1, instrument: 2))
        == [
          nil, .quantity(Quantity(rawValue: 10)), .notional(.dollars(5_000)), nil, .quantity(Quantity(rawValue: 100)),
          nil, .notional(.dollars(5_000)), nil,
        ])
    #expect(try await office.clear(.init(account: account, symbol: symbol)))
    #expect(try await !office.clear(.init(account: account, symbol: symbol)))
    #expect(
      try await refusals(orders.place(.buy, 11, at: 1), orders.place(.buy, 101, at: 1)).map { $0 == nil } == [
        true, false,
      ])
  }

  @Test func replacementsAreBoundedToo() async throws {
    var orders = TestOrders(seed: 2)
    guard case .accepted(let order) = try await answers(orders.place(.buy, 10, at: 5))[0] else {
      Issue.record("not accepted")
      return
    }
    _ = try StoreDatabase.text(
      url, "UPDATE shard_cursors SET processed_sequence = 1 WHERE shard = 0 RETURNING 'done'")
    try await office.set(OrderBounds(quantity: Quantity(rawValue: 20)), for: .init(account: nil, symbol: symbol))
    #expect(
      try await refusals(orders.replace(order.id, quantity: 21), orders.replace(order.id, quantity: 20))
        == [.quantity(Quantity(rawValue: 20)), nil])
  }

  /// A buy may not be ready to pay far more than the last price, a sell not to take far less; the other way is nobody's loss.
  @Test func collarsHoldTowardsTheOtherSide() async throws {
    _ = try StoreDatabase.text(
      url, "UPDATE instruments SET reference_price = 1000000 WHERE instrument_id = 1 RETURNING 'done'")
    try await office.set(OrderBounds(collar: 1_000), for: .init(account: nil, symbol: symbol))
    var orders = TestOrders(seed: 3)
    let (high, low) = (Price(rawValue: 1_100_000), Price(rawValue: 900_000))
    #expect(
      try await refusals(
        orders.place(.buy, 1, at: 110), orders.place(.buy, 1, at: 111), orders.place(.buy, 1, at: 1),
        orders.place(.sell, 1, at: 90, account: 1), orders.place(.sell, 1, at: 89, account: 1),
        orders.place(.sell, 1, at: 900, account: 1)) == [nil, .collar(high), nil, nil, .collar(low), nil])
  }

  @Test func boundsWithoutMeaningAreRefused() async throws {
    let account = AccountName.number(StoreDatabase.accounts[0])
    let one = OrderBounds(quantity: Quantity(rawValue: 1))
    for (bounds, scope) in [
      (one, BoundsScope(account: nil, symbol: nil)),
      (OrderBounds(), .init(account: account, symbol: nil)),
      (OrderBounds(collar: 5), .init(account: account, symbol: nil)),
      (one, .init(account: .number(AccountNumber(rawValue: 5)), symbol: nil)),
      (one, .init(account: nil, symbol: Symbol("NOBODY"))),
    ] {
      await #expect(throws: AdministrationError.self) { try await office.set(bounds, for: scope) }
    }
    #expect(try await office.all() == [])
    #expect(try StoreDatabase.integer(url, "SELECT count(*) FROM admin_log WHERE outcome LIKE 'refused:%'") == 5)
  }
}
