public import Market

/// A price of one side of a book and what stands there.
public struct DepthLevel: Hashable, Sendable {
  /// The price.
  public var price: Price
  /// Open shares of all orders at it.
  public var quantity: Quantity

  /// Names a level.
  public init(price: Price, quantity: Quantity) {
    self.price = price
    self.quantity = quantity
  }
}
