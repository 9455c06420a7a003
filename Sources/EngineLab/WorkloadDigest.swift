internal import Market
package import Matching

/// What a workload led to, in the terms of MEWL: equal for every right engine.
package struct WorkloadDigest: Equatable, Sendable {
  package private(set) var commands: UInt64 = 0
  package private(set) var trades: UInt64 = 0
  /// Shares traded.
  package private(set) var quantity: UInt64 = 0
  /// Sum of quantity times price.
  package private(set) var notional: UInt64 = 0
  /// FNV-1a over the trades in order: u32 maker, u32 taker, i32 price, u32 quantity of each, lowest byte first.
  package private(set) var tradeHash = Fingerprint()
  /// Cancels that found their order.
  package private(set) var cancelsDone: UInt64 = 0
  /// Cancels that did not.
  package private(set) var cancelsMissed: UInt64 = 0
  /// Shares canceled.
  package private(set) var quantityCanceled: UInt64 = 0
  /// Orders left in the books.
  package private(set) var resting = 0
  /// FNV-1a over the orders left: u16 symbol, u8 side, u8 0, u32 order, i32 price, u32 quantity of each, by symbol, bids first,
  /// in order of priority.
  package private(set) var restingHash = Fingerprint()

  package init() {}

  /// Counts a batch and what it gave.
  package mutating func add(_ events: [BookEvent], of commands: Int) {
    self.commands += UInt64(commands)
    for event in events {
      switch event.kind {
      case .trade: addTrade(event)
      case .canceled where event.reason == .requested:
        cancelsDone += 1
        quantityCanceled &+= UInt64(event.quantity.rawValue)
      case .cancelRejected: cancelsMissed += 1
      case .accepted, .rejected, .canceled, .reduced, .replaced, .replaceRejected: break
      }
    }
  }

  private mutating func addTrade(_ event: BookEvent) {
    trades += 1
    quantity &+= UInt64(event.quantity.rawValue)
    notional &+= UInt64(event.quantity.rawValue) &* UInt64(event.price.rawValue)
    tradeHash.add(UInt32(truncatingIfNeeded: event.counterpart))
    tradeHash.add(UInt32(truncatingIfNeeded: event.order))
    tradeHash.add(Int32(truncatingIfNeeded: event.price.rawValue))
    tradeHash.add(UInt32(truncatingIfNeeded: event.quantity.rawValue))
  }

  /// Counts what is left in the end.
  package mutating func finish(_ engine: MatchingEngine) {
    resting = engine.restingCount
    for instrument in engine.instruments.sorted() {
      for order in engine.restingOrders(instrument) {
        restingHash.add(UInt16(truncatingIfNeeded: instrument.rawValue))
        restingHash.add(order.side.rawValue)
        restingHash.add(UInt8(0))
        restingHash.add(UInt32(truncatingIfNeeded: order.order))
        restingHash.add(Int32(truncatingIfNeeded: order.price.rawValue))
        restingHash.add(UInt32(truncatingIfNeeded: order.leaves.rawValue))
      }
    }
  }
}
