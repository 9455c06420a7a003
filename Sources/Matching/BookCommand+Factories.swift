public import Market

extension BookCommand {
  /// A new order.
  @inlinable
  public static func place(
    _ order: OrderKey, _ side: Side, _ quantity: Quantity, at price: Price, in instrument: InstrumentID,
    type: OrderType = .limit, timeInForce: TimeInForce = .day, postOnly: Bool = false,
    account: AccountNumber = AccountNumber(rawValue: 0), selfTradePrevention: SelfTradePrevention = .cancelNewest
  ) -> BookCommand {
    BookCommand(
      kind: .place, side: side, type: type, timeInForce: timeInForce, postOnly: postOnly,
      selfTradePrevention: selfTradePrevention, instrument: instrument, order: order, account: account, price: price,
      quantity: quantity)
  }

  /// A request to take an order out; `account` 0 asks for no owner.
  @inlinable
  public static func cancel(
    _ order: OrderKey, in instrument: InstrumentID, account: AccountNumber = AccountNumber(rawValue: 0)
  ) -> BookCommand {
    BookCommand(kind: .cancel, instrument: instrument, order: order, account: account)
  }

  /// A request to take `quantity` shares off an order; `account` 0 asks for no owner.
  @inlinable
  public static func reduce(
    _ order: OrderKey, by quantity: Quantity, in instrument: InstrumentID,
    account: AccountNumber = AccountNumber(rawValue: 0)
  ) -> BookCommand {
    BookCommand(kind: .reduce, instrument: instrument, order: order, account: account, quantity: quantity)
  }

  /// A request to put `order` in the place of `target`; `quantity` counts what the target has executed already, and
  /// `account` 0 asks for no owner and leaves the order with the target's.
  @inlinable
  public static func replace(
    _ target: OrderKey, by order: OrderKey, _ side: Side, _ quantity: Quantity, at price: Price,
    in instrument: InstrumentID, type: OrderType = .limit, timeInForce: TimeInForce = .day, postOnly: Bool = false,
    account: AccountNumber = AccountNumber(rawValue: 0), selfTradePrevention: SelfTradePrevention = .cancelNewest
  ) -> BookCommand {
    BookCommand(
      kind: .replace, side: side, type: type, timeInForce: timeInForce, postOnly: postOnly,
      selfTradePrevention: selfTradePrevention, instrument: instrument, order: order, target: target, account: account,
      price: price, quantity: quantity)
  }
}
