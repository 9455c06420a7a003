/// How wide an instrument's price bands are. Raw values are stored.
///
/// Source: Plan to Address Extraordinary Market Volatility (17 CFR 242.608), Appendix A: Tier 1 are the stocks of the S&P 500
/// and the Russell 1000 and some exchange-traded products, Tier 2 all others.
@frozen
public enum BandTier: UInt8, Hashable, Sendable, CaseIterable {
  /// Five percent above $3.00.
  case tier1 = 1
  /// Ten percent above $3.00.
  case tier2 = 2
}
