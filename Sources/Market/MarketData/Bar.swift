/// The trades of an instrument in a span of time, summed up.
public struct Bar: Hashable, Sendable {
  /// When the span begins.
  public var start: Timestamp
  /// The price of the first trade.
  public var open: Price
  /// The highest price.
  public var high: Price
  /// The lowest price.
  public var low: Price
  /// The price of the last trade.
  public var close: Price
  /// All shares traded.
  public var volume: Quantity
  /// The mean price by shares, in 1/1,000,000 dollar, rounded half up.
  public var meanMicrodollars: Int64
  /// How many trades.
  public var trades: Int64

  /// Makes a bar.
  public init(
    start: Timestamp, open: Price, high: Price, low: Price, close: Price, volume: Quantity, meanMicrodollars: Int64,
    trades: Int64
  ) {
    self.start = start
    self.open = open
    self.high = high
    self.low = low
    self.close = close
    self.volume = volume
    self.meanMicrodollars = meanMicrodollars
    self.trades = trades
  }

  /// Its place among the bars of its instrument.
  public var cursor: MarketCursor { MarketCursor(at: start, sequence: .zero, ordinal: 0) }
}
