/// What a client means an order to do to its position. Raw values are the words on the wire.
public enum PositionIntent: String, Hashable, Sendable, CaseIterable {
  /// Buy shares.
  case buyToOpen = "buy_to_open"
  /// Buy back what was sold short.
  case buyToClose = "buy_to_close"
  /// Sell short.
  case sellToOpen = "sell_to_open"
  /// Sell shares that are there.
  case sellToClose = "sell_to_close"

  /// The side of orders that mean it.
  public var side: Side {
    switch self {
    case .buyToOpen, .buyToClose: .buy
    case .sellToOpen, .sellToClose: .sell
    }
  }

  /// What an order does that has been accepted: nobody sells short, so buys open and sells close.
  public init(of side: Side) { self = side == .buy ? .buyToOpen : .sellToClose }
}
