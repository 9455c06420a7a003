public import Market

/// The prices of the exits of a class, each of which has to stand on its side of the others.
public struct ExitPrices: Hashable, Sendable {
  /// Which way the exits trade.
  public var side: Side
  /// The limit price of the take-profit.
  public var takeProfit: Price?
  /// The price that sends the stop-loss to the book.
  public var stop: Price?
  /// The limit price of the stop-loss; nil for a market order.
  public var stopLimit: Price?
  /// What the entry is expected to trade at; nil when that is not known, or past.
  public var base: Price?

  /// Names prices.
  public init(side: Side, takeProfit: Price?, stop: Price?, stopLimit: Price?, base: Price?) {
    self.side = side
    self.takeProfit = takeProfit
    self.stop = stop
    self.stopLimit = stopLimit
    self.base = base
  }

  /// Which of them stands on the wrong side, as a sentence; nil when none does.
  public var contradiction: String? {
    let isSell = side == .sell
    if let takeProfit, let stop, isSell ? takeProfit <= stop : takeProfit >= stop {
      return "take_profit.limit_price must be \(isSell ? ">" : "<") stop_loss.stop_price"
    }
    if let stop, let stopLimit, isSell ? stopLimit > stop : stopLimit < stop {
      return "stop_loss.limit_price must be \(isSell ? "<=" : ">=") stop_loss.stop_price"
    }
    guard let base else { return nil }
    if let takeProfit, isSell ? takeProfit <= base : takeProfit >= base {
      return "take_profit.limit_price must be \(isSell ? ">= base_price + 0.01" : "<= base_price - 0.01")"
    }
    if let stop, isSell ? stop >= base : stop <= base {
      return "stop_loss.stop_price must be \(isSell ? "<= base_price - 0.01" : ">= base_price + 0.01")"
    }
    return nil
  }
}
