import Accounting
import Market

/// A snapshot in words, and requests against it: what the tests of entry share.
struct AcceptanceFixture {
  static let now = Timestamp("2026-01-02T14:30:00Z")!
  static let shard = Shard(rawValue: 3)
  static let apple = InstrumentID(rawValue: 1)
  static let alice = AccountNumber(rawValue: 1)
  static let bob = AccountNumber(rawValue: 2)

  var snapshot = AcceptanceSnapshot()

  /// Alice and Bob with $1000 and 100 shares each.
  init() {
    for account in [Self.alice, Self.bob] {
      snapshot.accounts[account] = .init(
        status: .active, cash: .dollars(1000), held: .zero,
        lastSubmitted: Self.now.advanced(byMicroseconds: -60_000_000))
      snapshot.positions[.init(account: account, instrument: Self.apple)] = .init(
        quantity: Quantity(rawValue: 100), held: .zero)
    }
    snapshot.processed[Self.shard] = Sequence(rawValue: 100)
  }

  func plan(_ requests: [AcceptanceRequest], at now: Timestamp = AcceptanceFixture.now) -> AcceptancePlan {
    AcceptancePlan(requests: requests, snapshot: snapshot, now: now)
  }

  static func key(_ text: String, content: Int64? = nil) -> RequestKey {
    let digest = text.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    return RequestKey(digest: UniqueID(high: digest, low: content == nil ? 1 : 2), fingerprint: content)
  }

  static func place(
    by account: AccountNumber = alice, _ side: Side, _ quantity: Int64, at price: String, name: String,
    idempotency: RequestKey? = nil, prevention: SelfTradePrevention? = nil, type: OrderType = .limit,
    timeInForce: TimeInForce = .day
  ) -> AcceptanceRequest {
    .place(
      PlaceRequest(
        account: account, instrument: apple, shard: shard,
        terms: OrderTerms(
          side, Quantity(rawValue: quantity), at: Price(price)!, type: type, timeInForce: timeInForce,
          selfTradePrevention: prevention ?? .cancelNewest),
        isPreventionChosen: prevention != nil,
        clientOrderID: name, clientKey: key(name), idempotencyKey: idempotency, random: 7))
  }

  static func cancel(_ order: OrderRecord, by account: AccountNumber = alice) -> AcceptanceRequest {
    .cancel(CancelRequest(account: account, order: order.id))
  }

  static func replace(
    _ order: OrderRecord, by account: AccountNumber = alice, quantity: Int64? = nil, price: String? = nil,
    timeInForce: TimeInForce? = nil, name: String = "new", idempotency: RequestKey? = nil
  ) -> AcceptanceRequest {
    .replace(
      ReplaceRequest(
        account: account, target: order.id,
        changes: ChangedTerms(
          quantity: quantity.map { Quantity(rawValue: $0) }, price: price.map { Price($0)! }, timeInForce: timeInForce),
        clientOrderID: name, clientKey: key(name),
        idempotencyKey: idempotency, random: 9))
  }

  /// Stores an order of Alice's as a target; its hold is counted.
  mutating func store(
    _ side: Side, _ quantity: Int64, at price: String, filled: Int64 = 0, status: OrderStatus = .accepted,
    pending: PendingChange = .none, sequence: Int64 = 50
  ) -> OrderRecord {
    let order = OrderRecord(
      id: .order(submittedAt: Self.now.advanced(byMicroseconds: -90_000_000 + sequence), shard: Self.shard, random: 1),
      account: Self.alice, clientOrderID: "stored", instrument: Self.apple, shard: Self.shard,
      sequence: Sequence(rawValue: sequence), priority: Sequence(rawValue: sequence),
      terms: OrderTerms(side, Quantity(rawValue: quantity), at: Price(price)!), filled: Quantity(rawValue: filled),
      status: status, pending: pending,
      updatedAt: Self.now)
    snapshot.targets[order.id] = order
    let hold = Hold.amount(side, price: order.price, leaves: order.leaves)
    switch side {
    case .buy: snapshot.accounts[Self.alice]!.held += Money(rawValue: hold)
    case .sell:
      snapshot.positions[.init(account: Self.alice, instrument: Self.apple)]!.held += Quantity(rawValue: hold)
    }
    return order
  }
}
