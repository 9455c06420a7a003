internal import Market

/// Appends words and numbers as ASCII to bytes, without making strings: every log row that is published passes here.
extension [UInt8] {
  mutating func write(_ word: StaticString) {
    append(contentsOf: UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount))
  }

  mutating func write(_ number: Int64) {
    if number < 0 { append(UInt8(ascii: "-")) }
    write(number.magnitude)
  }

  mutating func write(_ number: UInt64) {
    // 20 digits hold the greatest number; they come out last one first.
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
      var start = 20
      var rest = number
      repeat {
        start -= 1
        let (tens, unit) = rest.quotientAndRemainder(dividingBy: 10)
        digits.initializeElement(at: start, to: UInt8(ascii: "0") + UInt8(truncatingIfNeeded: unit))
        rest = tens
      } while rest > 0
      append(contentsOf: UnsafeBufferPointer(rebasing: digits[start...]))
    }
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
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 36) { text in
      var position = 0
      for digit in 0..<32 {
        if digit == 8 || digit == 12 || digit == 16 || digit == 20 {
          text.initializeElement(at: position, to: UInt8(ascii: "-"))
          position += 1
        }
        let word = digit < 16 ? id.high : id.low
        let nibble = UInt8(truncatingIfNeeded: word >> UInt64((15 - digit & 15) * 4)) & 0xF
        let character = nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10
        text.initializeElement(at: position, to: character)
        position += 1
      }
      append(contentsOf: UnsafeBufferPointer(text))
    }
  }
}
