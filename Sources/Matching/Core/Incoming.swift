internal import Market

/// An order on its way into a book, while it trades.
struct Incoming {
  var command: Int32
  var key: OrderKey
  var account: AccountNumber
  var side: Side
  var book: SideIndex
  var instrument: InstrumentID
  var price: Price
  /// Shares still to trade.
  var leaves: Quantity
  /// Shares executed so far, those of the replaced order included.
  var filled: Quantity
  var mayRest: Bool
  var selfTradePrevention: SelfTradePrevention
  /// The resting order of its own account that stopped it; 0 for none.
  var stoppedBy: OrderKey = 0

  init(_ command: BookCommand, _ number: Int32, _ book: SideIndex) {
    self.command = number
    key = command.order
    account = command.account
    side = command.side
    self.book = book
    instrument = command.instrument
    price = command.price
    leaves = command.quantity
    filled = Quantity(rawValue: 0)
    mayRest = command.mayRest
    selfTradePrevention = command.selfTradePrevention
  }

  /// The worst rank of the other side that it trades with.
  var limit: Rank { Rank(price, side.opposite) }

  /// Whether it may not trade with this resting order.
  func isPrevented(by node: OrderNode) -> Bool { node.account == account && account.rawValue != 0 }
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
