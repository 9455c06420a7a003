import Accounting
import Market
import Ports

/// Events of no particular order.
enum EventFixture {
  static func event(_ account: AccountNumber, at: Timestamp) -> AccountEvent {
    let id = UniqueID(high: 1, low: UInt64(at.rawValue))
    let row = OrderRecord(
      id: id, account: account, clientOrderID: "c", instrument: InstrumentID(rawValue: 1), shard: Shard(rawValue: 0),
      sequence: Sequence(rawValue: 1), priority: Sequence(rawValue: 1),
      terms: OrderTerms(.buy, Quantity(rawValue: 1), at: Price(rawValue: 10_000)), updatedAt: at)
    let event = OrderEvent(
      shard: row.shard, sequence: row.sequence, ordinal: 0, kind: .new, reason: 0, order: id, account: account,
      instrument: row.instrument, side: .buy, price: row.price, quantity: row.quantity, filled: .zero,
      filledValue: .zero, leaves: row.quantity)
    return AccountEvent(
      at: at, accountID: UniqueID(high: 0, low: UInt64(account.rawValue)), event: event, row: row, position: nil)
  }
}
