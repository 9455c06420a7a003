public import Market

/// Names an order with its account: how it is found.
public struct OrderName: Hashable, Sendable {
  /// The account that it belongs to.
  public var account: AccountNumber
  /// The order's identifier.
  public var id: OrderID

  /// Makes a name.
  public init(account: AccountNumber, id: OrderID) {
    self.account = account
    self.id = id
  }
}

extension Collection<OrderName> {
  /// The days that the names tell (UTC): an identifier bears the time at which its order was submitted.
  public var days: Set<Day> { Set(compactMap { $0.id.time?.day }) }
}
