/// What the auctions of an instrument traded on one trading day.
public struct DailyAuctions: Hashable, Sendable {
  /// What auctions traded at one price.
  public struct Print: Hashable, Sendable {
    /// When the first of it was settled.
    public var at: Timestamp
    /// The price.
    public var price: Price
    /// The shares that crossed.
    public var size: Quantity

    /// Makes a print.
    public init(at: Timestamp, price: Price, size: Quantity) {
      self.at = at
      self.price = price
      self.size = size
    }
  }

  /// The trading day.
  public var day: Day
  /// Auctions that opened trading, or opened it again after a halt or a pause, the first first.
  public var opening: [Print]
  /// Auctions at the close.
  public var closing: [Print]

  /// Makes a day.
  public init(day: Day, opening: [Print] = [], closing: [Print] = []) {
    self.day = day
    self.opening = opening
    self.closing = closing
  }

  /// Its place among the days of its instrument.
  public var cursor: MarketCursor { MarketCursor(at: day.start, sequence: .zero, ordinal: 0) }
}
