internal import Market

/// A resting order in its slot, linked to its neighbours in the queue of its level. Slot 0 holds no order: it means none.
struct OrderNode {
  /// Its name; 0 while the slot is free.
  var key: OrderKey = 0
  var account = AccountNumber(rawValue: 0)
  var leaves = Quantity.zero
  var filled = Quantity.zero
  /// The order before it in the queue, or none.
  var older: UInt32 = 0
  /// The order after it in the queue, or none; the next free slot while the slot is free.
  var younger: UInt32 = 0
  var level: UInt32 = 0
  var selfTradePrevention = SelfTradePrevention.cancelNewest
}
