/// An amount of money in units of 1/10000 US dollar.
///
/// Balances never leave ±900 trillion dollars; sums that would are a broken invariant and trap.
@frozen
public struct Money: RawRepresentable, Hashable, Comparable, Sendable {
  /// The amount in 1/10000 dollar.
  public let rawValue: Int64

  /// Makes an amount from 1/10000 dollars.
  @inlinable
  public init(rawValue: Int64) { self.rawValue = rawValue }

  /// No money.
  public static let zero = Money(rawValue: 0)

  /// Whole dollars; traps beyond ±922 trillion.
  @inlinable
  public static func dollars(_ dollars: Int64) -> Money { Money(rawValue: dollars * Decimal4.one) }

  @inlinable
  public static func < (a: Money, b: Money) -> Bool { a.rawValue < b.rawValue }
  @inlinable
  public static func + (a: Money, b: Money) -> Money { Money(rawValue: a.rawValue + b.rawValue) }
  @inlinable
  public static func - (a: Money, b: Money) -> Money { Money(rawValue: a.rawValue - b.rawValue) }
  @inlinable
  public static prefix func - (a: Money) -> Money { Money(rawValue: -a.rawValue) }
  @inlinable
  public static func += (a: inout Money, b: Money) { a = a + b }
  @inlinable
  public static func -= (a: inout Money, b: Money) { a = a - b }

  /// The sum, or nil when it cannot be represented.
  @inlinable
  public func adding(_ other: Money) -> Money? {
    let (sum, overflow) = rawValue.addingReportingOverflow(other.rawValue)
    return overflow ? nil : Money(rawValue: sum)
  }
}

extension Money: CustomStringConvertible {
  /// Parses plain or exponent decimal notation exactly; nil when it is malformed, out of range or finer than 1/10000.
  public init?(_ text: some StringProtocol) {
    guard let value = Decimal4.parse(text) else { return nil }
    self.init(rawValue: value)
  }

  /// Plain decimal notation without trailing zeros: `100000`, `0.5`, `-12.3456`.
  public var description: String { Decimal4.format(rawValue) }
}
