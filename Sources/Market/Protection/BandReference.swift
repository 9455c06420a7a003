/// When the price that an instrument's band stands around moves: to the mean price of the trades of the last five minutes,
/// when that is one percent or more away and the present one has stood for half a minute.
///
/// Source: Plan to Address Extraordinary Market Volatility, section V(A).
public struct BandReference: Hashable, Sendable {
  /// How far back trades count: five minutes.
  public static let window = Duration.seconds(300)
  /// How long a reference price stands at least: half a minute.
  public static let minimumLife = Duration.seconds(30)

  /// The price in effect.
  public var price: Price
  /// Since when.
  public var since: Timestamp

  /// Names a reference price.
  public init(_ price: Price, since: Timestamp) {
    self.price = price
    self.since = since
  }

  /// The price that takes its place now; nil while it stands.
  /// - Parameter trades: Those of the last five minutes; they count alike, whatever their size.
  public func successor(_ trades: TradeMean, at now: Timestamp) -> Price? {
    guard now.span(since: since) >= Self.minimumLife, let mean = trades.price, isFar(mean) else { return nil }
    return mean
  }

  /// Whether a mean is one percent or more away.
  private func isFar(_ mean: Price) -> Bool {
    (mean.rawValue - price.rawValue).magnitude * 100 >= price.rawValue.magnitude
  }
}

/// The arithmetic mean of prices of trades, as their sum and number.
public struct TradeMean: Hashable, Sendable {
  /// The sum of the prices, in 1/10000 dollar.
  public var sum: Int64
  /// How many trades.
  public var count: Int64

  /// Gathers trades; none when nothing is given.
  public init(sum: Int64 = 0, count: Int64 = 0) {
    self.sum = sum
    self.count = count
  }

  /// The mean, to the nearest 1/10000 dollar; nil without trades.
  public var price: Price? { count == 0 ? nil : Price(rawValue: (sum + count / 2) / count) }
}
