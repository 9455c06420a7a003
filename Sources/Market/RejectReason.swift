/// Why a request was refused. Refusals are ordinary answers: they change nothing.
public enum RejectReason: Error, Hashable, Sendable {
  // Fields.
  /// No such instrument.
  case unknownSymbol(String)
  /// The instrument takes no orders at present.
  case notTradable(Symbol)
  /// The price is finer than the grid allows.
  case subPennyPrice(Price)
  /// The price is not positive or above ``Price/maximum``.
  case priceOutOfRange
  /// The quantity is not positive.
  case quantityNotPositive
  /// The quantity is above ``Quantity/maximum``.
  case quantityTooLarge
  /// Price times quantity cannot be held.
  case notionalTooLarge
  /// The order is beyond what an operator allows.
  case beyondBound(ExceededBound)
  /// A market order came where no price is known that could protect it.
  case noProtectionPrice(Symbol)
  /// The order trades at once or not at all, and its instrument's orders are collected at present.
  case marketClosed
  /// The order would do something else to the position than the client means it to.
  case positionIntent(inferred: PositionIntent, specified: PositionIntent)
  /// The client means to sell short.
  case shortSale
  /// The combination of order type, time in force and instructions has no meaning.
  case contradictoryTerms(String)

  // Account.
  /// The account may not trade.
  case accountBlocked
  /// The account's holder has suspended trading.
  case tradingSuspended
  /// One of the account's keys was revoked or changed since the caller proved itself: it must prove itself again.
  case staleCredential
  /// A buy needs more than the account has free.
  case insufficientBuyingPower(available: Money, required: Money)
  /// A sell needs more shares than the account has free.
  case insufficientShares(requested: Quantity, available: Quantity, owned: Quantity, held: Quantity)
  /// The order would meet an open order of the same account.
  case selfCross(existing: OrderID)

  // Identity.
  /// The account has used this client_order_id before.
  case duplicateClientOrderID
  /// The account has used this idempotency key for a different request.
  case idempotencyKeyReused

  // Changes of orders.
  /// The account has no such order.
  case orderNotFound(OrderID)
  /// A cancel of a closed order.
  case orderClosed(OrderStatus)
  /// A replacement of an order that is not in the book or has a change pending.
  case orderNotReplaceable(ShownStatus)
  /// A replacement's quantity is not above what has been executed.
  case quantityNotAboveFilled
  /// A replacement that changes nothing.
  case nothingChanged
}

/// The state of an order as clients see it.
public enum ShownStatus: String, Hashable, Sendable {
  case accepted
  case new
  case partiallyFilled = "partially_filled"
  case filled
  case canceled
  case expired
  case replaced
  case rejected
  case pendingCancel = "pending_cancel"
  case pendingReplace = "pending_replace"
  case held

  /// What a stored state looks like once `processed` tells whether the order's command has been processed.
  ///
  /// A leg is held until its entry is completely filled. A stop that waits for its price is `new`, as on other exchanges.
  public init(_ status: OrderStatus, pending: PendingChange, processed: Bool, phase: OrderPhase = .working) {
    if status == .accepted, pending == .none, phase == .held {
      self = .held
      return
    }
    switch (status, pending) {
    case (.accepted, .cancel), (.partiallyFilled, .cancel): self = .pendingCancel
    case (.accepted, .replace), (.partiallyFilled, .replace): self = .pendingReplace
    case (.accepted, .none): self = processed ? .new : .accepted
    case (.partiallyFilled, .none): self = .partiallyFilled
    case (.filled, _): self = .filled
    case (.canceled, _): self = .canceled
    case (.expired, _): self = .expired
    case (.replaced, _): self = .replaced
    case (.rejected, _): self = .rejected
    }
  }
}
