import Accounting
import Market

/// Requests for tests, each with terms that a reader sees and names of its own.
struct TestOrders {
  private var numbers: SeededNumbers

  /// `seed` keeps the names of one test's orders apart.
  init(seed: UInt64) { numbers = SeededNumbers(seed: seed) }

  /// A day limit order of one of ``StoreDatabase``'s accounts, counted from 0.
  mutating func place(
    _ side: Side, _ quantity: Int64, at dollars: Int64, account: Int = 0, instrument: Int32 = 1, client: UInt64? = nil,
    idempotency: (key: UInt64, fingerprint: Int64)? = nil
  ) -> AcceptanceRequest {
    .place(
      PlaceRequest(
        account: StoreDatabase.accounts[account], instrument: InstrumentID(rawValue: instrument),
        shard: StoreDatabase.shard(of: instrument),
        terms: OrderTerms(side, Quantity(rawValue: quantity), at: Price(rawValue: dollars * 10_000)),
        isPreventionChosen: true, clientOrderID: "test", clientKey: key(client),
        idempotencyKey: idempotency.map {
          RequestKey(digest: UniqueID(high: 1, low: $0.key), fingerprint: $0.fingerprint)
        },
        random: numbers.next()))
  }

  /// A replacement of an order of account 0.
  mutating func replace(_ target: OrderID, quantity: Int64? = nil, dollars: Int64? = nil) -> AcceptanceRequest {
    .replace(
      ReplaceRequest(
        account: StoreDatabase.accounts[0], target: target,
        changes: ChangedTerms(
          quantity: quantity.map { Quantity(rawValue: $0) }, price: dollars.map { Price(rawValue: $0 * 10_000) }),
        clientOrderID: "test",
        clientKey: key(nil), idempotencyKey: nil, random: numbers.next()))
  }

  /// A cancel by account 0.
  func cancel(_ order: OrderID) -> AcceptanceRequest {
    .cancel(CancelRequest(account: StoreDatabase.accounts[0], order: order))
  }

  private mutating func key(_ client: UInt64?) -> RequestKey {
    RequestKey(digest: UniqueID(high: 0, low: client ?? numbers.next()), fingerprint: nil)
  }
}
