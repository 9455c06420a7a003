/// Exact decimal text of integers that count 1/10000 units: the notation of prices and money on the wire.
public enum Decimal4 {
  /// One whole unit.
  public static let one: Int64 = 10_000

  /// Why a text is not a number of 1/10000 units.
  public enum Refusal: Error, Hashable, Sendable {
    /// Not a decimal number at all.
    case malformed
    /// A decimal number with digits finer than 1/10000.
    case tooFine
    /// A decimal number whose magnitude does not fit.
    case outOfRange
  }

  /// Longest text that is read; longer ones are malformed.
  public static let maximumLength = 64

  /// Reads JSON number notation (sign, digits, fraction, exponent) exactly; nil when it cannot be represented.
  public static func parse(_ text: some StringProtocol) -> Int64? {
    try? scaled(text, fractionDigits: 4)
  }

  /// Reads a decimal number exactly as a count of `10^-fractionDigits` units.
  ///
  /// Accepts a leading sign, digits with an optional point, and an exponent: `10`, `10.0`, `5e0`, `1e-05`, `.5` is refused.
  /// The digits are never taken through binary floating point. Cost is bounded by ``maximumLength``.
  /// - Throws: ``Refusal``.
  public static func scaled(_ text: some StringProtocol, fractionDigits: Int) throws(Refusal) -> Int64 {
    var bytes = Array(text.utf8)[...]
    guard bytes.count <= maximumLength else { throw .malformed }
    var negative = false
    if bytes.first == UInt8(ascii: "-") || bytes.first == UInt8(ascii: "+") {
      negative = bytes.removeFirst() == UInt8(ascii: "-")
    }
    var digits: [UInt8] = []
    var exponent = 0
    let whole = takeDigits(&bytes)
    guard !whole.isEmpty else { throw .malformed }
    digits += whole
    if bytes.first == UInt8(ascii: ".") {
      bytes.removeFirst()
      let fraction = takeDigits(&bytes)
      guard !fraction.isEmpty else { throw .malformed }
      digits += fraction
      exponent -= fraction.count
    }
    if bytes.first == UInt8(ascii: "e") || bytes.first == UInt8(ascii: "E") {
      bytes.removeFirst()
      var down = false
      if bytes.first == UInt8(ascii: "-") || bytes.first == UInt8(ascii: "+") {
        down = bytes.removeFirst() == UInt8(ascii: "-")
      }
      let power = takeDigits(&bytes)
      guard !power.isEmpty else { throw .malformed }
      let magnitude = power.reduce(0) { min($0 * 10 + Int($1), 100_000) }
      exponent += down ? -magnitude : magnitude
    }
    guard bytes.isEmpty else { throw .malformed }
    return try assemble(digits: digits, exponent: exponent + fractionDigits, negative: negative)
  }

  private static func takeDigits(_ bytes: inout ArraySlice<UInt8>) -> [UInt8] {
    var digits: [UInt8] = []
    while let byte = bytes.first, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") {
      digits.append(byte - UInt8(ascii: "0"))
      bytes.removeFirst()
    }
    return digits
  }

  /// The integer `digits × 10^exponent`, which must come out whole.
  private static func assemble(digits: [UInt8], exponent: Int, negative: Bool) throws(Refusal) -> Int64 {
    var digits = digits[...]
    var exponent = exponent
    while digits.first == 0 { digits.removeFirst() }
    while let last = digits.last, last == 0 {
      digits.removeLast()
      exponent += 1
    }
    guard !digits.isEmpty else { return 0 }
    guard exponent >= 0 else { throw .tooFine }
    guard digits.count + exponent <= 19 else { throw .outOfRange }
    var value: Int64 = 0
    for position in 0..<(digits.count + exponent) {
      let digit = position < digits.count ? Int64(digits[digits.startIndex + position]) : 0
      let (shifted, overflow1) = value.multipliedReportingOverflow(by: 10)
      let (sum, overflow2) =
        negative ? shifted.subtractingReportingOverflow(digit) : shifted.addingReportingOverflow(digit)
      guard !overflow1, !overflow2 else { throw .outOfRange }
      value = sum
    }
    return value
  }

  /// Plain decimal notation of `value` 1/10000 units, without an exponent and without trailing zeros.
  public static func format(_ value: Int64) -> String {
    let magnitude = value.magnitude
    let whole = magnitude / UInt64(one)
    var fraction = magnitude % UInt64(one)
    var text = value < 0 ? "-" : ""
    text += String(whole)
    guard fraction != 0 else { return text }
    var places = 4
    while fraction % 10 == 0 {
      fraction /= 10
      places -= 1
    }
    let digits = String(fraction)
    text += "." + String(repeating: "0", count: places - digits.utf8.count) + digits
    return text
  }
}
