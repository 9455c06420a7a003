/// Spans as the whole numbers that system calls, SQL and the wire take. Everywhere else they stay what they are.
extension Duration {
  /// Whole nanoseconds, rounded towards zero and clamped to what fits: 292 years.
  package var wholeNanoseconds: Int64 { whole(perSecond: 1_000_000_000) }

  /// Whole microseconds, rounded towards zero and clamped to what fits.
  package var wholeMicroseconds: Int64 { whole(perSecond: 1_000_000) }

  /// Whole milliseconds, rounded towards zero and clamped to what fits.
  package var wholeMilliseconds: Int64 { whole(perSecond: 1_000) }

  private func whole(perSecond units: Int64) -> Int64 {
    let (seconds, attoseconds) = components
    let (product, hasOverflowed) = seconds.multipliedReportingOverflow(by: units)
    let (sum, isTooMuch) = product.addingReportingOverflow(attoseconds / (1_000_000_000_000_000_000 / units))
    return hasOverflowed || isTooMuch ? (seconds < 0 ? .min : .max) : sum
  }
}
