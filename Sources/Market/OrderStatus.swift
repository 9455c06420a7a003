/// The state of an order (FIX tag 39) as it is stored. Raw values are stored.
///
/// What a client sees adds two things: an order whose command has been processed shows as `new`, and a pending cancel or
/// replacement shows as such (see ``PendingChange``).
@frozen
public enum OrderStatus: UInt8, Hashable, Sendable, CaseIterable {
  /// Acknowledged; open. In the book once its command has been processed.
  case accepted = 0
  /// Open, with executions.
  case partiallyFilled = 1
  /// Closed: fully executed.
  case filled = 2
  /// Closed: what was left has been canceled.
  case canceled = 3
  /// Closed: the day ended.
  case expired = 4
  /// Closed: another order took its place.
  case replaced = 5
  /// Closed: refused by the engine after acceptance.
  case rejected = 6

  /// Whether the order can still trade.
  public var isOpen: Bool { self == .accepted || self == .partiallyFilled }

  /// Whether an order in this state may move to `next`. Closed states are final.
  public func mayBecome(_ next: OrderStatus) -> Bool {
    switch self {
    case .accepted: return next != .accepted
    case .partiallyFilled: return next != .accepted && next != .rejected
    case .filled, .canceled, .expired, .replaced, .rejected: return false
    }
  }
}

/// A change of an open order that has been acknowledged and not yet carried out. Raw values are stored.
@frozen
public enum PendingChange: UInt8, Hashable, Sendable, CaseIterable {
  /// Nothing is pending.
  case none = 0
  /// A cancel.
  case cancel = 1
  /// A replacement.
  case replace = 2
}
