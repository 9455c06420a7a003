/// The prices between which an instrument may trade for now: limit down and limit up.
///
/// Source: Plan to Address Extraordinary Market Volatility, section V and Appendix A, as amended by Amendment 18 (2019), which
/// ended the doubling after the opening for all stocks, and before the close for Tier 2 stocks above $3.00.
public struct PriceBand: Hashable, Sendable {
  /// Limit down: no trade is below it.
  public var lower: Price
  /// Limit up: no trade is above it.
  public var upper: Price

  /// Makes a band.
  public init(lower: Price, upper: Price) {
    self.lower = lower
    self.upper = upper
  }

  /// How long before the close bands may be doubled: 25 minutes.
  public static let doubledSpan = Duration.seconds(25 * 60)

  /// The band around a reference price, rounded to the nearest cent (half a cent up); the lower end is one cent at least. One
  /// that is narrower than a cent to either side is not rounded.
  /// - Parameters:
  ///   - previousClose: Decides which percentage applies for the whole day.
  ///   - isNearClose: Whether the session ends within ``doubledSpan``.
  public init(around reference: Price, tier: BandTier, previousClose: Price, isNearClose: Bool) {
    let width = Self.width(reference, tier, previousClose)
    let isDoubled = isNearClose && (tier == .tier1 || reference.rawValue <= Self.threeDollars)
    let half = isDoubled ? width.multipliedReportingOverflow(by: 2).partialValue : width
    guard width >= Self.cent else {
      upper = Price(rawValue: reference.rawValue + half)
      lower = Price(rawValue: max(1, reference.rawValue - half))
      return
    }
    let (top, overflows) = reference.rawValue.addingReportingOverflow(half)
    upper = overflows ? .maximum : min(.maximum, Self.rounded(top))
    lower = max(Price(rawValue: Self.cent), Self.rounded(reference.rawValue - half))
  }

  /// Whether an instrument may trade at a price.
  public func contains(_ price: Price) -> Bool { lower <= price && price <= upper }

  /// The price at which an order with a limit works: its own, or the end of the band beyond which it could trade.
  public func working(_ limit: Price, _ side: Side) -> Price {
    switch side {
    case .buy: min(limit, upper)
    case .sell: max(limit, lower)
    }
  }

  private static let cent: Int64 = 100
  private static let seventyFiveCents: Int64 = 7_500
  private static let threeDollars: Int64 = 30_000
  private static let fifteenCents: Int64 = 1_500

  /// The distance of the ends from the reference, in 1/10000 dollar.
  private static func width(_ reference: Price, _ tier: BandTier, _ previousClose: Price) -> Int64 {
    switch previousClose.rawValue {
    case ..<seventyFiveCents: return min(fifteenCents, share(of: reference, percent: 75))
    case ...threeDollars: return share(of: reference, percent: 20)
    default: return share(of: reference, percent: tier == .tier1 ? 5 : 10)
    }
  }

  /// Percent of a price, rounded down; prices are bounded, so that this cannot overflow.
  private static func share(of price: Price, percent: Int64) -> Int64 {
    let (whole, rest) = price.rawValue.quotientAndRemainder(dividingBy: 100)
    return whole * percent + rest * percent / 100
  }

  private static func rounded(_ value: Int64) -> Price {
    let (cents, rest) = value.quotientAndRemainder(dividingBy: cent)
    return Price(rawValue: (cents + (rest >= cent / 2 ? 1 : 0)) * cent)
  }
}
