/// The best bid and the best ask of an instrument after a command.
public struct Quote: Hashable, Sendable {
  /// When the command was settled.
  public var at: Timestamp
  /// The command.
  public var sequence: Sequence
  /// The best bid with all shares there; nil while nobody bids.
  public var bid: PriceLevelView?
  /// The best ask with all shares there; nil while nobody asks.
  public var ask: PriceLevelView?

  /// Makes a quote.
  public init(at: Timestamp, sequence: Sequence, bid: PriceLevelView?, ask: PriceLevelView?) {
    self.at = at
    self.sequence = sequence
    self.bid = bid
    self.ask = ask
  }

  /// Whether prices and sizes are those of `other`, whenever they came about.
  public func shows(_ other: Quote) -> Bool { bid == other.bid && ask == other.ask }

  /// Its place among the quotes of its instrument.
  public var cursor: MarketCursor { MarketCursor(at: at, sequence: sequence, ordinal: 0) }
}

/// A price of one side of a book and all shares there.
public struct PriceLevelView: Hashable, Sendable {
  /// The price.
  public var price: Price
  /// Open shares of all orders there.
  public var size: Quantity

  /// Makes a level.
  public init(price: Price, size: Quantity) {
    self.price = price
    self.size = size
  }
}

/// A place in the history of an instrument: what comes in order of time, command and event.
public struct MarketCursor: Hashable, Comparable, Sendable {
  /// The moment at which it happened.
  public var at: Timestamp
  /// Which command.
  public var sequence: Sequence
  /// Which of the command's events.
  public var ordinal: Int32

  /// Names a place.
  public init(at: Timestamp, sequence: Sequence, ordinal: Int32) {
    self.at = at
    self.sequence = sequence
    self.ordinal = ordinal
  }

  public static func < (a: MarketCursor, b: MarketCursor) -> Bool {
    (a.at, a.sequence, a.ordinal) < (b.at, b.sequence, b.ordinal)
  }
}
