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

  init(_ command: BookCommand, at position: Int32, book: SideIndex) {
    self.command = position
    key = command.order
    account = command.account
    side = command.side
    self.book = book
    instrument = command.instrument
    price = command.price
    leaves = command.quantity
    filled = .zero
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
  var mayRest: Bool { type == .limit && (timeInForce == .day || timeInForce == .gtc) }

  /// Whether key, price and quantity are in range.
  var isEnterable: Bool {
    order != 0 && price.rawValue > 0 && quantity.rawValue > 0
      && quantity.rawValue <= MatchingEngine.maximumQuantity.rawValue
  }
}
