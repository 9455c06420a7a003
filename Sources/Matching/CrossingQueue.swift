/// The orders of an auction whose price is fixed, in the order in which they trade: what its parts take from.
///
/// It is found once and saves time; nothing depends on it. Orders that are gone from the book are passed over.
public struct CrossingQueue: Sendable {
  /// Bids and asks, the next to trade at the end.
  var bids: [OrderKey]
  var asks: [OrderKey]
  /// Orders that others have taken the place of.
  private(set) var successors: [OrderKey: OrderKey] = [:]

  init(bids: [OrderKey], asks: [OrderKey]) {
    self.bids = bids
    self.asks = asks
  }

  /// How many orders may trade, those included that are gone.
  public var count: Int { bids.count + asks.count }

  /// Takes note that an order has taken another's place in its queue.
  public mutating func replaced(_ old: OrderKey, by new: OrderKey) { successors[old] = new }
}
