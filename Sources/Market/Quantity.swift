/// A number of whole shares.
@frozen
public struct Quantity: RawRepresentable, Hashable, Comparable, Sendable {
  /// The number of shares.
  public let rawValue: Int64

  /// Makes a quantity from a number of shares.
  @inlinable
  public init(rawValue: Int64) { self.rawValue = rawValue }

  /// No shares.
  public static let zero = Quantity(rawValue: 0)

  /// The largest quantity that one order may carry: ten million shares.
  public static let maximum = Quantity(rawValue: 10_000_000)

  @inlinable
  public static func < (a: Quantity, b: Quantity) -> Bool { a.rawValue < b.rawValue }
  @inlinable
  public static func + (a: Quantity, b: Quantity) -> Quantity { Quantity(rawValue: a.rawValue + b.rawValue) }
  @inlinable
  public static func - (a: Quantity, b: Quantity) -> Quantity { Quantity(rawValue: a.rawValue - b.rawValue) }
  @inlinable
  public static func += (a: inout Quantity, b: Quantity) { a = a + b }
  @inlinable
  public static func -= (a: inout Quantity, b: Quantity) { a = a - b }
}

extension Quantity: CustomStringConvertible {
  /// Parses decimal notation of a whole number exactly (`10`, `10.0`, `1e1`); nil otherwise.
  public init?(_ text: some StringProtocol) {
    guard let value = try? Decimal4.scaled(text, fractionDigits: 0) else { return nil }
    self.init(rawValue: value)
  }

  /// Plain digits.
  public var description: String { String(rawValue) }
}
