public import Market

/// The rows that a batch of requests locks, as far as the requests themselves name them.
///
/// The positions of what is to be canceled or replaced are not among them: only the order tells which those are.
public struct AcceptanceLocks: Hashable, Sendable {
  /// Accounts, in order.
  public var accounts: [AccountNumber]
  /// Positions that are to be sold from, in order.
  public var positions: [AcceptanceSnapshot.PositionKey]
  /// Orders that are to be canceled or replaced, in the order of the requests.
  public var orders: [OrderName]

  /// Takes the names out of requests.
  public init(of requests: [AcceptanceRequest]) {
    accounts = Set(requests.map(\.account)).sorted()
    var sells: Set<AcceptanceSnapshot.PositionKey> = []
    var orders: [OrderName] = []
    for request in requests {
      switch request {
      case .place(let place): if place.side == .sell { sells.insert(place.position) }
      case .cancel(let cancel): orders.append(OrderName(account: cancel.account, id: cancel.order))
      case .replace(let replace): orders.append(replace.targetName)
      }
    }
    positions = sells.sorted()
    self.orders = orders
  }
}

extension PlaceRequest {
  /// The position that the order would change.
  var position: AcceptanceSnapshot.PositionKey { .init(account: account, instrument: instrument) }
}

extension ReplaceRequest {
  /// The name of the order that is to be replaced.
  var targetName: OrderName { OrderName(account: account, id: target) }
}
