package import JSON
package import Market

extension JSONWriter {
  /// Money, price: a decimal string.
  package mutating func money(_ money: Money) { decimal(money.rawValue, fractionDigits: 4) }

  /// A price.
  package mutating func price(_ price: Price) { decimal(price.rawValue, fractionDigits: 4) }

  /// Shares: a string of digits.
  package mutating func quantity(_ quantity: Quantity) { decimal(quantity.rawValue, fractionDigits: 0) }

  /// An identifier, or null.
  package mutating func id(_ id: UniqueID?) {
    guard let id else { return null() }
    string(ascii: { bytes in
      for index in 0..<32 {
        if index == 8 || index == 12 || index == 16 || index == 20 { bytes.append(UInt8(ascii: "-")) }
        let nibble = UInt8(truncatingIfNeeded: (index < 16 ? id.high : id.low) >> UInt64((15 - index % 16) * 4)) & 0xF
        bytes.append(nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10)
      }
    })
  }

  /// A moment in UTC with six fraction digits, or null.
  package mutating func time(_ time: Timestamp?) {
    guard let time else { return null() }
    string(ascii: { $0.append(time: time, offsetMinutes: 0, fraction: true) })
  }

  /// A moment in UTC with nine fraction digits, or none for whole seconds: as market data has it.
  package mutating func marketTime(_ time: Timestamp) {
    let isWhole = time.rawValue % 1_000_000 == 0
    string(ascii: { bytes in
      bytes.append(time: time, offsetMinutes: 0, fraction: !isWhole)
      guard !isWhole else { return }
      bytes.removeLast()
      bytes.append(contentsOf: "000Z".utf8)
    })
  }

  /// A moment on New York's clocks, with its offset.
  package mutating func newYorkTime(_ time: Timestamp, fraction: Bool) {
    let offset = NewYorkTime.offsetMinutes(at: time)
    string(ascii: { $0.append(time: time, offsetMinutes: offset, fraction: fraction) })
  }
}

extension [UInt8] {
  /// Appends RFC 3339: six fraction digits or none; `Z` for no offset.
  fileprivate mutating func append(time: Timestamp, offsetMinutes: Int64, fraction: Bool) {
    let local = time.advanced(byMicroseconds: offsetMinutes * 60_000_000)
    let (year, month, day) = local.day.civil
    let micros = local.microseconds(since: local.day.start)
    let seconds = micros / 1_000_000
    append(digits: year, 4)
    append(UInt8(ascii: "-"))
    append(digits: month, 2)
    append(UInt8(ascii: "-"))
    append(digits: day, 2)
    append(UInt8(ascii: "T"))
    append(digits: seconds / 3600, 2)
    append(UInt8(ascii: ":"))
    append(digits: seconds / 60 % 60, 2)
    append(UInt8(ascii: ":"))
    append(digits: seconds % 60, 2)
    if fraction {
      append(UInt8(ascii: "."))
      append(digits: micros % 1_000_000, 6)
    }
    guard offsetMinutes != 0 else { return append(UInt8(ascii: "Z")) }
    append(offsetMinutes < 0 ? UInt8(ascii: "-") : UInt8(ascii: "+"))
    append(digits: abs(offsetMinutes) / 60, 2)
    append(UInt8(ascii: ":"))
    append(digits: abs(offsetMinutes) % 60, 2)
  }

  /// Appends the last `count` decimal digits of a number that is not negative.
  fileprivate mutating func append(digits value: Int64, _ count: Int) {
    var divisor: Int64 = 1
    for _ in 1..<count { divisor *= 10 }
    while divisor > 0 {
      append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value / divisor % 10))
      divisor /= 10
    }
  }
}
