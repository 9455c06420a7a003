internal import Accounting
package import Market
package import Ports

/// Who asks for something to be traded, as its key has proved.
package struct OrderSender: Hashable, Sendable {
  /// The account.
  package var account: AccountNumber
  /// The version of the account's keys under which the sender's key was valid; nil for operators.
  package var keysVersion: Int64?

  /// Names a sender.
  package init(account: AccountNumber, keysVersion: Int64?) {
    self.account = account
    self.keysVersion = keysVersion
  }
}

/// What became of a new order or a replacement.
package enum OrderEntryOutcome: Hashable, Sendable {
  /// It is stored: as it was accepted, or of a repeated request as it stands now.
  case order(ShownOrder, Instrument)
  /// Refused; nothing is stored.
  case refused(OrderRefusal)
  /// Nothing is stored: the queue or the shard is over its bound. Try again after about this many seconds.
  case busy(retryAfter: Duration)
  /// Nothing is stored: the database is away.
  case unavailable
  /// Nothing is stored: somebody else holds the account for too long.
  case accountHeld
  /// Stored once or not at all, or stored and not to be shown.
  case unknown
}

/// Why nothing is stored of what a client asked for.
package enum OrderRefusal: Hashable, Sendable {
  /// Its terms are not well-formed.
  case ticket(TicketRefusal)
  /// It was judged; with what else is told of a lack of shares.
  case rejected(RejectReason, ShareContext?)
  /// There is no such position to close.
  case noPosition
  /// The part of a position that is to be closed is less than a share.
  case portionBelowOneShare
}

/// What is told of a lack of shares beside the numbers.
package struct ShareContext: Hashable, Sendable {
  /// The instrument's symbol.
  package var symbol: String
  /// Open sells of the instrument that hold shares.
  package var relatedOrders: [OrderID]
}

/// What became of each of many.
package enum OrderEntryOutcomes<Element: Sendable>: Sendable {
  /// The sender's key is out of date; what was not handed in before that was noticed is left alone.
  case staleCredential
  /// One a thing, in order.
  case each([Element])
}

/// What became of one open order of many that are canceled.
package struct CanceledOrder: Hashable, Sendable {
  /// The order.
  package var order: OrderID
  /// What acceptance said of its cancel.
  package var reply: AcceptanceReply
}

/// What became of one position of many that are closed.
package struct ClosedPosition: Sendable {
  /// The instrument's symbol; empty when nobody knows the instrument.
  package var symbol: String
  /// Its sale, or why nobody can tell.
  package var sale: Result<OrderEntryOutcome, StoreError>
}

extension ShownOrder {
  /// An order as it is answered when it has just been accepted.
  init(accepted record: OrderRecord) {
    self.init(
      record: record,
      status: ShownStatus(record.status, pending: record.pending, processed: false, phase: record.phase),
      legs: record.legs.isEmpty ? nil : record.legs.map { ShownOrder(accepted: $0) })
  }
}
