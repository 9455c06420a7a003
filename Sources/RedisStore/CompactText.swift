internal import Market

/// Appends words and numbers as ASCII to bytes, without making strings.
extension [UInt8] {
  mutating func write(_ word: StaticString) {
    append(contentsOf: UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount))
  }

  mutating func write(_ number: Int64) {
    if number < 0 { append(UInt8(ascii: "-")) }
    write(number.magnitude)
  }

  mutating func write(_ number: UInt64) {
    let start = count
    var rest = number
    repeat {
      append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
      rest /= 10
    } while rest > 0
    self[start...].reverse()
  }

  mutating func write(_ price: Price) {
    let (whole, fraction) = price.rawValue.magnitude.quotientAndRemainder(dividingBy: UInt64(Decimal4.one))
    if price.rawValue < 0 { append(UInt8(ascii: "-")) }
    write(whole)
    guard fraction > 0 else { return }
    append(UInt8(ascii: "."))
    var unit: UInt64 = 1000
    var rest = fraction
    while rest > 0 {
      append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest / unit))
      rest %= unit
      unit /= 10
    }
  }

  mutating func write(_ id: UniqueID) {
    write(hexadecimal: id.high, dashesAfter: (8, 12))
    append(UInt8(ascii: "-"))
    write(hexadecimal: id.low, dashesAfter: (4, 16))
  }

  private mutating func write(hexadecimal word: UInt64, dashesAfter dashes: (Int, Int)) {
    for digit in 0..<16 {
      if digit == dashes.0 || digit == dashes.1 { append(UInt8(ascii: "-")) }
      let nibble = UInt8(truncatingIfNeeded: word >> UInt64((15 - digit) * 4)) & 0xF
      append(nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10)
    }
  }
}
