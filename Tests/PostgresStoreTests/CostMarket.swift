import Accounting
import Engine
import Market
import Ports
import Postgres
import Services
import Sharding
import Testing

@testable import PostgresStore

/// A market of instrument 1 in which every pair of orders trades at once: trades in words, settled in whatever batches.
///
/// The first three of ``StoreDatabase``'s accounts begin without shares of it.
struct CostMarket {
  let url: String
  let ledger: PostgresSettlementLedger
  let instrument = InstrumentID(rawValue: 1)
  private let entry: PostgresAcceptanceLedger
  private var orders = TestOrders(seed: 24)
  private var engine: ShardEngine
  private var ownership: Ownership
  private var waiting: [LogEntry] = []
  /// What has been settled, in order.
  private(set) var trades: [Trade] = []
  /// The time of the next settlement.
  var now = StoreDatabase.noon

  init(_ url: String) async throws {
    self.url = url
    ledger = PostgresSettlementLedger(session: StoreDatabase.session(url))
    entry = PostgresAcceptanceLedger(session: StoreDatabase.session(url))
    var connection = try PostgresConnection(PostgresOptions(url: url, applicationName: "tests"))
    let numbers = StoreDatabase.accounts.prefix(3).map { "\($0)" }.joined(separator: ", ")
    try connection.execute(
      """
      UPDATE positions SET quantity = 0 WHERE instrument_id = 1 AND account_id IN (\(numbers));
      DELETE FROM journal_lines WHERE journal_id IN (
        SELECT journal_id FROM journal_lines WHERE asset = 1 AND account_id IN (\(numbers)));
      DELETE FROM journals WHERE journal_id NOT IN (SELECT journal_id FROM journal_lines)
      """)
    ownership = try await SettlementLedgerTests.claim(ledger, Shard(rawValue: 0))
    engine = try ShardEngine(try #require(try await ledger.books(of: [Shard(rawValue: 0)]).first))
  }

  /// Takes the shard over, as a new owner does.
  mutating func takeOver(nonce: UInt64) async throws {
    ownership = try await SettlementLedgerTests.claim(ledger, Shard(rawValue: 0), nonce: nonce)
    engine = try ShardEngine(try #require(try await ledger.books(of: [Shard(rawValue: 0)]).first))
  }

  /// Accepts two orders that trade with each other.
  mutating func trade(_ quantity: Int64, at dollars: Int64, from seller: Int, to buyer: Int) async throws {
    let batch = try await entry.accept(
      [
        orders.place(.sell, quantity, at: dollars, account: seller),
        orders.place(.buy, quantity, at: dollars, account: buyer),
      ], now: now)
    for answer in batch.answers {
      guard case .accepted = answer else { throw Refused(answer: "\(answer)") }
    }
    waiting += batch.entries
  }

  struct Refused: Error { var answer: String }

  /// Settles what waits in batches of so many commands; nil for all in one.
  mutating func settle(by sizes: () -> Int? = { nil }) async throws {
    while !waiting.isEmpty {
      let batch = waiting.prefix(sizes() ?? waiting.count)
      waiting.removeFirst(batch.count)
      now = now.advanced(byMicroseconds: 1_000)
      let settlement = engine.apply(batch)
      trades += settlement.trades
      let outcome = try await ledger.settle([ShardCommit(ownership: ownership, settlement: settlement)], at: now)
      #expect(outcome == .committed)
    }
  }

  /// How positions in the instrument are stored.
  func positions() throws -> String? {
    try StoreDatabase.text(
      url,
      """
      SELECT string_agg(concat_ws(' ', account_id, quantity, cost, coalesce(lot_cost::text, '-'), coalesce(lot_shares, -1)), ', '
        ORDER BY account_id) FROM positions WHERE instrument_id = 1
      """)
  }

  /// How they ought to be: each trade after the other.
  func counted() -> String {
    var counted: [AccountNumber: PositionCost] = [:]
    for (index, account) in StoreDatabase.accounts.enumerated() {
      counted[account] = PositionCost(index < 3 ? .zero : StoreDatabase.shares, for: .zero)
    }
    var touched: Set<AccountNumber> = []
    for trade in trades {
      counted[trade.buyer]!.buy(trade.quantity, for: trade.price * trade.quantity)
      counted[trade.seller]!.sell(trade.quantity)
      touched.formUnion([trade.buyer, trade.seller])
    }
    return StoreDatabase.accounts.map { account in
      let cost = counted[account]!
      let lot = touched.contains(account) ? "\(cost.lotCost) \(cost.lotShares)" : "- -1"
      return "\(account) \(cost.quantity) \(cost.cost.rawValue) \(lot)"
    }.joined(separator: ", ")
  }

  /// A position as a gateway reads it.
  func position(_ account: Int) async throws -> PositionRecord? {
    let reader = PostgresAccountReader(pool: PostgresPool([StoreDatabase.session(url)]))
    return try await reader.snapshot(of: StoreDatabase.accounts[account])?.positions
      .first { $0.instrument == instrument }
  }
}
