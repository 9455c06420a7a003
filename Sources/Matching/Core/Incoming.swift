internal import Market

/// An order on its way into a book, while it trades.
struct Incoming {
  /// The command's position in the batch.
  let command: Int32
  let key: OrderKey
  let account: AccountNumber
  let side: SideIndex
  let instrument: InstrumentID
  let price: Price
  /// The worst rank of the other side that it trades with.
  let limit: Rank
  /// The whole order, with the executions of the order it replaces.
  let quantity: Quantity
  /// Shares still to trade.
  var leaves: Quantity
  let mayRest: Bool
  let selfTradePrevention: SelfTradePrevention
  /// The resting order of its own account that stopped it; 0 for none.
  var stoppedBy: OrderKey = 0

  /// The order of a command in the place of one with `filled` executions.
  @inline(__always)
  init(
    _ command: borrowing BookCommand, _ number: Int32, _ side: SideIndex, account: AccountNumber,
    filled: Quantity = Quantity(rawValue: 0)
  ) {
    self.command = number
    self.account = account
    self.side = side
    key = command.order
    instrument = command.instrument
    price = command.price
    limit = Rank(command.price, side.side).mirrored
    quantity = command.quantity
    leaves = command.quantity - filled
    mayRest = command.mayRest
    selfTradePrevention = command.selfTradePrevention
  }

  /// Whether it may not trade with a resting order of this account.
  func isPrevented(_ other: AccountNumber) -> Bool { other == account && account.rawValue != 0 }
}

extension BookCommand {
  /// Whether what does not trade at once stays in the book.
  @inline(__always)
  var mayRest: Bool { type == .limit && (timeInForce == .day || timeInForce == .gtc) }

  /// Whether key, price and quantity are in range.
  @inline(__always)
  var isEnterable: Bool {
    // One branch for all of it: a number that is out of range leaves bits behind.
    let price = UInt64(bitPattern: price.rawValue &- 1) &>> 63
    let quantity = UInt64(bitPattern: quantity.rawValue &- 1) &>> MatchingEngine.quantityBits
    return order != 0 && price | quantity == 0
  }
}
