internal import Market

/// A resting order in its slot, linked to its neighbours in the queue of its level. Slot 0 holds no order: it means none.
struct OrderNode {
  /// Its name.
  var key: OrderKey
  var account: AccountNumber
  var leaves: Quantity
  var filled: Quantity
  /// The order before it in the queue, or none.
  var older: UInt32
  /// The order after it in the queue, or none; the next free slot while the slot is free.
  var younger: UInt32
  var level: UInt32
  var selfTradePrevention: SelfTradePrevention

  /// A free slot.
  static func free(next: UInt32) -> OrderNode {
    OrderNode(
      key: 0, account: AccountNumber(rawValue: 0), leaves: .zero, filled: .zero, older: 0, younger: next, level: 0,
      selfTradePrevention: .cancelNewest)
  }
}
