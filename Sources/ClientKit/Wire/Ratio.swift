/// Quotients as decimals of six digits, made without binary floating point.
package enum Ratio {
  /// Digits after the point.
  package static let fractionDigits = 6

  /// `numerator / denominator` in units of `10^-6 / scale`, rounded half to even; nil when the denominator is 0 or the
  /// quotient does not fit.
  /// - Parameter scale: What the numerator is multiplied by to come to units of 10⁻⁶: 100 for 1/10000 units.
  package static func quotient(_ numerator: Int64, by denominator: Int64, scale: Int64) -> Int64? {
    guard denominator > 0 else { return nil }
    let (quotient, remainder) = (Int128(numerator) * Int128(scale)).quotientAndRemainder(
      dividingBy: Int128(denominator))
    let twice = remainder.magnitude * 2
    let isUp = twice > denominator.magnitude || (twice == denominator.magnitude && quotient % 2 != 0)
    let rounded = isUp ? quotient + (numerator < 0 ? -1 : 1) : quotient
    return Int64(exactly: rounded)
  }
}
