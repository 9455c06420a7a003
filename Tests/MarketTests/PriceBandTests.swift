import Market
import TestKit
import Testing

/// Price bands as the plan describes them.
@Suite struct PriceBandTests {
  private func band(
    _ reference: String, _ tier: BandTier, close: String? = nil, isNearClose: Bool = false
  ) -> PriceBand {
    PriceBand(
      around: Price(reference)!, tier: tier, previousClose: Price(close ?? reference)!, isNearClose: isNearClose)
  }

  @Test(arguments: [
    ("100", BandTier.tier1, "100", false, "95", "105"), ("100", .tier2, "100", false, "90", "110"),
    ("100", .tier1, "100", true, "90", "110"), ("100", .tier2, "100", true, "90", "110"),
    ("3.00", .tier1, "3.00", false, "2.40", "3.60"), ("3.00", .tier2, "3.00", true, "1.80", "4.20"),
    ("3.01", .tier1, "3.01", false, "2.86", "3.16"), ("0.75", .tier1, "0.75", false, "0.60", "0.90"),
    ("0.74", .tier2, "0.74", false, "0.59", "0.89"), ("0.10", .tier1, "0.10", false, "0.03", "0.18"),
    ("0.50", .tier1, "0.50", true, "0.20", "0.80"), ("0.04", .tier1, "0.04", true, "0.01", "0.10"),
    // The day's percentage goes by the previous close, the doubling by the reference price.
    ("2.90", .tier2, "3.10", false, "2.61", "3.19"), ("3.10", .tier2, "2.90", true, "2.48", "3.72"),
  ])
  func bandsAreThePlans(
    _ reference: String, _ tier: BandTier, _ close: String, _ isNearClose: Bool, _ lower: String, _ upper: String
  ) {
    let band = band(reference, tier, close: close, isNearClose: isNearClose)
    #expect(band.lower == Price(lower)! && band.upper == Price(upper)!)
  }

  /// Down to the smallest: the reference is within, and there is room to either side wherever prices have a step to go.
  @Test func everyReferenceIsWithinItsBand() {
    for raw in Array(1...2_000) + [7_499, 7_500, 30_000, 30_001, 99_999] as [Int64] {
      for (tier, isNearClose) in [(BandTier.tier1, false), (.tier2, true)] {
        let reference = Price(rawValue: raw)
        let band = PriceBand(around: reference, tier: tier, previousClose: reference, isNearClose: isNearClose)
        #expect(band.contains(reference) && band.lower.rawValue >= 1, "\(reference)")
        #expect(raw < 2 || band.upper > reference, "\(reference)")
      }
    }
  }

  @Test func noPriceIsTooLargeForABand() {
    let band = PriceBand(around: .maximum, tier: .tier1, previousClose: .maximum, isNearClose: true)
    #expect(band.upper == .maximum && band.lower < band.upper)
    #expect(band.contains(.maximum) && band.working(Price("1")!, .sell) == band.lower)
  }

  @Test func aReferenceMovesByOnePercentAfterHalfAMinute() {
    let start = Timestamp(rawValue: 1_800_000_000_000_000)
    let reference = BandReference(Price("100")!, since: start)
    func successor(_ trades: [String], after seconds: Int64) -> Price? {
      let mean = TradeMean(sum: trades.reduce(0) { $0 + Price($1)!.rawValue }, count: Int64(trades.count))
      return reference.successor(mean, at: start.advanced(byMicroseconds: seconds * 1_000_000))
    }
    #expect(successor(["101"], after: 29) == nil && successor(["101"], after: 30) == Price("101")!)
    #expect(successor(["99.01"], after: 90) == nil && successor(["99"], after: 90) == Price("99")!)
    #expect(successor([], after: 90) == nil)
    // The mean counts trades, not shares, and is rounded to the nearest.
    #expect(successor(["102", "102", "101.0001"], after: 90) == Price("101.6667")!)
  }

  @Test func theBestPriceAtAnEndIsALimitState() {
    let band = PriceBand(lower: Price("95")!, upper: Price("105")!)
    func edge(_ bid: String?, _ ask: String?) -> LimitState.Edge? {
      LimitState.Edge(bid: bid.flatMap { Price($0) }, ask: ask.flatMap { Price($0) }, band: band)
    }
    #expect(edge("104.99", "105") == nil && edge("95", "95.01") == nil && edge(nil, nil) == nil)
    #expect(edge("105", "106") == .upper && edge("105", nil) == .upper)
    #expect(edge("94", "95") == .lower && edge(nil, "95") == .lower)
    let start = Timestamp(rawValue: 1_800_000_000_000_000)
    let state = LimitState(.upper, since: start)
    #expect(!state.hasToPause(at: start.advanced(byMicroseconds: 14_999_999)))
    #expect(state.hasToPause(at: start.advanced(byMicroseconds: 15_000_000)))
  }
}
