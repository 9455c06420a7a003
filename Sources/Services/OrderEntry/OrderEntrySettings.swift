/// Bounds of what one request may do with many orders.
package struct OrderEntrySettings: Hashable, Sendable {
  /// Cancels of one "cancel all", and sales of one "close all positions", that are under way at once.
  package var concurrency = 64
  /// How often "close all positions" looks whether canceled orders are gone before it sells what is free.
  package var cancelPolls = 100
  /// The pause between two such looks.
  package var cancelPollPause = Duration.milliseconds(30)
  /// Open sells that are named when shares are lacking, at most.
  package var relatedOrders = 100

  /// The defaults.
  package init() {}
}
