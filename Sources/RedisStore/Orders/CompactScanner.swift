internal import Market

/// Reads back what `[UInt8].write` writes, and nothing else: every value has exactly one text.
struct CompactScanner {
  private let bytes: [UInt8]
  private var index = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var isAtEnd: Bool { index == bytes.count }

  /// Takes a word if it comes next.
  mutating func take(_ word: StaticString) -> Bool {
    let length = word.utf8CodeUnitCount
    guard bytes.count - index >= length else { return false }
    for offset in 0..<length where bytes[index + offset] != word.utf8Start[offset] { return false }
    index += length
    return true
  }

  /// Takes the first of several words that comes next, and says what it stands for.
  mutating func take<Meaning>(_ words: (StaticString, Meaning)...) -> Meaning? {
    for (word, meaning) in words where take(word) { return meaning }
    return nil
  }

  /// Takes a whole number without leading zeros, if it lies in `range`.
  mutating func number(in range: ClosedRange<Int64>) -> Int64? {
    let negative = take("-")
    guard let magnitude = magnitude(), !(negative && magnitude == 0) else { return nil }
    guard let value = negative ? Int64(exactly: -Int128(magnitude)) : Int64(exactly: magnitude), range.contains(value)
    else { return nil }
    return value
  }

  /// Takes a price without trailing zeros, if it lies in `range` of 1/10000 dollars.
  mutating func price(in range: ClosedRange<Int64>) -> Price? {
    guard let whole = magnitude(), whole <= UInt64(range.upperBound) / UInt64(Decimal4.one) else { return nil }
    var value = Int64(whole) * Decimal4.one
    if take(".") {
      guard let fraction = fraction() else { return nil }
      value += fraction
    }
    return range.contains(value) ? Price(rawValue: value) : nil
  }

  /// Takes a day such as 2026-11-27.
  mutating func day() -> Day? {
    guard bytes.count - index >= 10 else { return nil }
    let text = String(decoding: bytes[index..<index + 10], as: UTF8.self)
    guard let day = Day(text), day.description == text else { return nil }
    index += 10
    return day
  }

  /// Takes an identifier in lower case with dashes.
  mutating func identifier() -> UniqueID? {
    guard let a = hexadecimal(8), take("-"), let b = hexadecimal(4), take("-"), let c = hexadecimal(4), take("-"),
      let d = hexadecimal(4), take("-"), let e = hexadecimal(12)
    else { return nil }
    return UniqueID(high: a << 32 | b << 16 | c, low: d << 48 | e)
  }

  private mutating func magnitude() -> UInt64? {
    let start = index
    var value: UInt64 = 0
    while let digit = digit() {
      let (shifted, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = shifted.addingReportingOverflow(UInt64(digit))
      guard !overflow, !carry else { return nil }
      value = sum
    }
    let length = index - start
    guard length == 1 || length > 1 && bytes[start] != UInt8(ascii: "0") else { return nil }
    return value
  }

  /// One to four digits behind a point, the last not zero, in 1/10000.
  private mutating func fraction() -> Int64? {
    var value: Int64 = 0
    var unit: Int64 = 1000
    var last: UInt8 = 0
    while let digit = digit() {
      guard unit > 0 else { return nil }
      value += Int64(digit) * unit
      unit /= 10
      last = digit
    }
    return last == 0 ? nil : value
  }

  private mutating func digit() -> UInt8? {
    guard index < bytes.count else { return nil }
    let digit = bytes[index] &- UInt8(ascii: "0")
    guard digit <= 9 else { return nil }
    index += 1
    return digit
  }

  private mutating func hexadecimal(_ digits: Int) -> UInt64? {
    guard bytes.count - index >= digits else { return nil }
    var value: UInt64 = 0
    for byte in bytes[index..<index + digits] {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt64(byte - UInt8(ascii: "0"))
      case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt64(byte - UInt8(ascii: "a") + 10)
      default: return nil
      }
    }
    index += digits
    return value
  }
}
