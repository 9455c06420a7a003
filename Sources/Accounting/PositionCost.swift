public import Market

/// What the shares of a position cost, by average cost: it follows from the order of the executions alone, never from how
/// they were settled together.
///
/// A position remembers a lot, which is all that was bought since the average last changed, beside the shares that are left
/// of it. A sale takes shares and leaves the lot as it is, so that no number of sales moves the average. A purchase makes a
/// new lot of what is left and what is bought: only there, and only when something has been sold before, is anything rounded,
/// half to even, in units of 10⁻¹² dollar.
///
/// The database does the same in `change_lot`; the audit compares the two.
public struct PositionCost: Hashable, Sendable {
  /// Units of a lot's cost in 1/10000 dollar: a lot's cost is counted in 10⁻¹² dollar.
  public static let unitsPerMoney: Int128 = 100_000_000

  /// What the lot cost, in 10⁻¹² dollar.
  public private(set) var lotCost: Int128 = 0
  /// The shares of the lot.
  public private(set) var lotShares = Quantity.zero
  /// The shares that are left of it: the position's.
  public private(set) var quantity = Quantity.zero

  /// No shares.
  public init() {}

  /// Shares of which nothing is known but what they cost together.
  public init(_ quantity: Quantity, for cost: Money) {
    self.quantity = quantity
    lotShares = quantity
    lotCost = Int128(cost.rawValue) * Self.unitsPerMoney
  }

  /// As it is stored; nil when a lot does not hold as many shares, which nothing that settles leaves behind.
  public init?(lotCost: Int128, lotShares: Quantity, quantity: Quantity) {
    guard quantity >= .zero, quantity <= lotShares else { return nil }
    self.lotCost = lotCost
    self.lotShares = lotShares
    self.quantity = quantity
  }

  /// Shares have come in, for `value` together.
  public mutating func buy(_ shares: Quantity, for value: Money) {
    if quantity != lotShares {
      lotCost = Self.part(of: lotCost, quantity.rawValue, by: lotShares.rawValue)
      lotShares = quantity
    }
    lotCost += Int128(value.rawValue) * Self.unitsPerMoney
    lotShares += shares
    quantity += shares
  }

  /// Shares have gone.
  public mutating func sell(_ shares: Quantity) {
    quantity -= shares
    if quantity == .zero { self = PositionCost() }
  }

  /// Executions have happened, in their order.
  public mutating func apply(_ fills: PositionFills) {
    for run in fills.runs {
      if run.shares > .zero { buy(run.shares, for: run.value) } else { sell(Quantity(rawValue: -run.shares.rawValue)) }
    }
  }

  /// What the position's shares cost: their part of the lot, rounded half to even to 1/10000 dollar.
  public var cost: Money {
    guard lotShares > .zero else { return Money(rawValue: Int64(clamping: Self.rounded(lotCost))) }
    let (whole, rest) = Self.split(lotCost, quantity.rawValue, by: lotShares.rawValue)
    return Money(rawValue: Int64(clamping: Self.rounded(whole, hasRest: rest != 0)))
  }

  /// What a share cost, in 10⁻⁶ dollar, rounded half to even; nil without shares.
  public var averageMicrodollars: Int64? {
    guard lotShares > .zero else { return nil }
    return Int64(exactly: Self.quotient(lotCost, by: Int128(lotShares.rawValue) * (Self.unitsPerMoney / 100)))
  }

  /// `cost * shares / all`, rounded half to even.
  private static func part(of cost: Int128, _ shares: Int64, by all: Int64) -> Int128 {
    guard all > 0 else { return cost }
    let (whole, rest) = split(cost, shares, by: all)
    let twice = rest * 2
    let isUp = twice > Int128(all) || (twice == Int128(all) && whole % 2 != 0)
    return isUp ? whole + 1 : whole
  }

  /// `cost * shares / all` rounded down, and the remainder: without a product that might not fit.
  private static func split(_ cost: Int128, _ shares: Int64, by all: Int64) -> (whole: Int128, rest: Int128) {
    let (each, over) = floored(cost, by: Int128(all))
    let (more, rest) = floored(over * Int128(shares), by: Int128(all))
    return (each * Int128(shares) + more, rest)
  }

  /// Whole units of ``unitsPerMoney``, rounded half to even.
  private static func rounded(_ cost: Int128, hasRest: Bool = false) -> Int128 {
    let (whole, over) = floored(cost, by: unitsPerMoney)
    let twice = over * 2
    let isUp = twice > unitsPerMoney || (twice == unitsPerMoney && (hasRest || whole % 2 != 0))
    return isUp ? whole + 1 : whole
  }

  private static func quotient(_ value: Int128, by divisor: Int128) -> Int128 {
    let (whole, over) = floored(value, by: divisor)
    let twice = over * 2
    return twice > divisor || (twice == divisor && whole % 2 != 0) ? whole + 1 : whole
  }

  /// Rounded down, also below zero; the divisor is above zero.
  private static func floored(_ value: Int128, by divisor: Int128) -> (whole: Int128, over: Int128) {
    let (whole, over) = value.quotientAndRemainder(dividingBy: divisor)
    return over < 0 ? (whole - 1, over + divisor) : (whole, over)
  }
}
