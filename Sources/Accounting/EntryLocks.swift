public import Market

/// The rows that a batch of requests locks, as far as the requests themselves name them.
///
/// The positions of what is to be cancelled or replaced are not among them: only the order tells which those are.
public struct EntryLocks: Hashable, Sendable {
  /// Accounts, in order.
  public var accounts: [AccountNumber]
  /// Positions that are to be sold from, in order.
  public var positions: [EntrySnapshot.PositionKey]
  /// Orders that are to be cancelled or replaced, in the order of the requests.
  public var orders: [OrderName]

  /// Takes the names out of requests.
  public init(of requests: [EntryRequest]) {
    accounts = Set(requests.map(\.account)).sorted()
    var sells: Set<EntrySnapshot.PositionKey> = []
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
  var position: EntrySnapshot.PositionKey { .init(account: account, instrument: instrument) }
}

extension ReplaceRequest {
  /// The name of the order that is to be replaced.
  var targetName: OrderName { OrderName(account: account, id: target) }
}
