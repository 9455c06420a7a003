public import Accounting
public import Market

/// An event of an account's stream, with its order as it was after the event.
public struct AccountEvent: Hashable, Sendable {
  /// When it was told: unique and increasing in its account.
  public var at: Timestamp
  /// The account's public identifier.
  public var accountID: UniqueID
  /// What happened.
  public var event: OrderEvent
  /// The order after it.
  public var order: OrderRecord
  /// The order's state after it, as clients see it.
  public var status: ShownStatus
  /// The account's shares of the instrument after an execution; nil for other events.
  public var position: Quantity?

  /// Its public name.
  public var id: EventID { EventID(at: at, account: event.account) }

  /// Tells an event of an order whose row is `row` by now.
  public init(at: Timestamp, accountID: UniqueID, event: OrderEvent, row: OrderRecord, position: Quantity?) {
    self.at = at
    self.accountID = accountID
    self.event = event
    self.position = position
    (order, status) = row.after(event, at: at)
  }
}

extension OrderRecord {
  /// The order as it was after one of its events. Its terms never change; what does is told by the event, and, once the
  /// order is closed, by the row.
  fileprivate func after(_ event: OrderEvent, at: Timestamp) -> (OrderRecord, ShownStatus) {
    var order = self
    order.pending = .none
    switch event.kind {
    case .canceled, .expired, .rejected, .replaced, .fill:
      // This event closed the order: the row has stood still since.
      return (order, ShownStatus(order.status, pending: .none, processed: true))
    case .cancelRejected where !status.isOpen && event.leaves == .zero,
      .replaceRejected where !status.isOpen && event.leaves == .zero:
      // The order had closed before.
      return (order, ShownStatus(order.status, pending: .none, processed: true))
    case .new, .partialFill, .cancelRejected, .replaceRejected, .triggered, .held, .reduced:
      // An exit of a class may have lost shares since.
      order.quantity = event.filled + event.leaves
      order.filled = event.filled
      order.filledValue = event.filledValue
      order.status = event.filled > .zero ? .partiallyFilled : .accepted
      order.replacedBy = nil
      order.closedAt = nil
      order.updatedAt = at
      let phase: OrderPhase = event.kind == .held ? .held : .working
      return (order, ShownStatus(order.status, pending: .none, processed: true, phase: phase))
    }
  }
}
