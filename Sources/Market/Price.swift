/// A price of one share in units of 1/10000 US dollar.
@frozen
public struct Price: RawRepresentable, Hashable, Comparable, Sendable {
  /// The price in 1/10000 dollar.
  public let rawValue: Int64

  /// Makes a price from 1/10000 dollars.
  @inlinable
  public init(rawValue: Int64) { self.rawValue = rawValue }

  @inlinable
  public static func < (a: Price, b: Price) -> Bool { a.rawValue < b.rawValue }

  /// The highest price that an order may carry: $1,000,000.
  public static let maximum = Price(rawValue: 1_000_000 * Decimal4.one)

  /// The price grid of US equities: one cent at or above one dollar, 1/10000 dollar below.
  ///
  /// Source: SEC Regulation NMS, Rule 612 (minimum pricing increment).
  public var increment: Price { Price(rawValue: rawValue >= Decimal4.one ? 100 : 1) }

  /// Whether the price lies on the grid of ``increment``.
  public var isOnGrid: Bool { rawValue % increment.rawValue == 0 }

  /// The nearest price on the grid that is not lower.
  public var roundedUpToGrid: Price {
    let step = increment.rawValue
    return Price(rawValue: (rawValue + step - 1) / step * step)
  }

  /// The nearest price on the grid that is not higher.
  public var roundedDownToGrid: Price {
    let step = increment.rawValue
    return Price(rawValue: rawValue / step * step)
  }

  /// What `quantity` shares cost at this price; traps on overflow.
  @inlinable
  public static func * (price: Price, quantity: Quantity) -> Money {
    Money(rawValue: price.rawValue * quantity.rawValue)
  }

  /// What `quantity` shares cost at this price, or nil when the product cannot be represented.
  @inlinable
  public func cost(of quantity: Quantity) -> Money? {
    let (product, overflow) = rawValue.multipliedReportingOverflow(by: quantity.rawValue)
    return overflow ? nil : Money(rawValue: product)
  }
}

extension Price: CustomStringConvertible {
  /// Parses decimal notation exactly; nil when it is malformed, out of range or finer than 1/10000.
  public init?(_ text: some StringProtocol) {
    guard let value = Decimal4.parse(text) else { return nil }
    self.init(rawValue: value)
  }

  /// Plain decimal notation without trailing zeros: `100.05`.
  public var description: String { Decimal4.format(rawValue) }
}
