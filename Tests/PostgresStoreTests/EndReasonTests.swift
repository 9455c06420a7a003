import Accounting
import Market
import Ports
import Postgres
import Testing

@testable import PostgresStore

/// Why an order ended is told whatever clock its account's events have followed.
struct EndReasonTests {
  private let url: String
  private let shard = StoreDatabase.shard(of: 1)

  init() throws { url = try StoreDatabase.make() }

  /// The reason that is shown of an immediate-or-cancel order that finds nobody.
  private func reasonOfALonelyOrder(_ orders: inout TestOrders) async throws -> UInt8? {
    guard case .place(var place) = orders.place(.buy, 1, at: 100) else { return nil }
    place.timeInForce = .ioc
    let entry = PostgresAcceptanceLedger(session: StoreDatabase.session(url))
    let accepted = try await entry.accept([.place(place)], now: StoreDatabase.noon)
    guard case .accepted(let record)? = accepted.answers.first else {
      Issue.record("\(accepted.answers)")
      return nil
    }
    let ledger = PostgresSettlementLedger(session: StoreDatabase.session(url))
    try await SettlementLedgerTests.settle(ledger, SettlementLedgerTests.claim(ledger, shard))
    let reader = PostgresAccountReader(pool: PostgresPool([StoreDatabase.session(url)]))
    let shown = try #require(try await reader.order(record.id, of: place.account))
    #expect(!shown.record.status.isOpen)
    return shown.reason
  }

  @Test func aReasonIsFoundThoughAClockHasBeenDaysAhead() async throws {
    var orders = TestOrders(seed: 11)
    let reason = try #require(try await reasonOfALonelyOrder(&orders))
    for ahead in ["11 seconds", "4 days", "400 days"] {
      _ = try StoreDatabase.text(
        url,
        "WITH u AS (UPDATE accounts SET last_event = last_event + interval '\(ahead)' RETURNING 1) SELECT count(*)::text FROM u"
      )
      #expect(try await reasonOfALonelyOrder(&orders) == reason, "\(ahead)")
    }
  }
}
