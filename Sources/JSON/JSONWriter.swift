/// Appends JSON to a buffer; commas are put where they belong.
public struct JSONWriter: Sendable {
  /// What has been written.
  public private(set) var bytes: [UInt8]
  private var needsComma = false

  /// Begins an empty text with room for `capacity` bytes.
  public init(capacity: Int = 1024) {
    bytes = []
    bytes.reserveCapacity(capacity)
  }

  /// Begins an object; its members follow as ``key(_:)-swift.method`` and a value each.
  public mutating func beginObject() { open(UInt8(ascii: "{")) }
  /// Ends an object.
  public mutating func endObject() { close(UInt8(ascii: "}")) }
  /// Begins an array; its elements follow as values.
  public mutating func beginArray() { open(UInt8(ascii: "[")) }
  /// Ends an array.
  public mutating func endArray() { close(UInt8(ascii: "]")) }

  /// The name of the next member. It must need no escapes.
  @inline(__always)
  public mutating func key(_ name: StaticString) {
    separate()
    bytes.append(UInt8(ascii: "\""))
    bytes.append(contentsOf: UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
    bytes.append(UInt8(ascii: "\""))
    bytes.append(UInt8(ascii: ":"))
    needsComma = false
  }

  /// The name of the next member, any text.
  public mutating func key(dynamic name: String) {
    separate()
    Self.appendQuoted(name, to: &bytes)
    bytes.append(UInt8(ascii: ":"))
    needsComma = false
  }

  /// A string.
  public mutating func string(_ text: String) {
    separate()
    Self.appendQuoted(text, to: &bytes)
    needsComma = true
  }

  /// A string that needs no escapes.
  public mutating func string(plain text: StaticString) {
    separate()
    bytes.append(UInt8(ascii: "\""))
    bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    bytes.append(UInt8(ascii: "\""))
    needsComma = true
  }

  /// A string of ASCII bytes that need no escapes, appended by `body`.
  public mutating func string(ascii body: (inout [UInt8]) -> Void) {
    separate()
    bytes.append(UInt8(ascii: "\""))
    body(&bytes)
    bytes.append(UInt8(ascii: "\""))
    needsComma = true
  }

  /// `true` or `false`.
  public mutating func bool(_ value: Bool) { raw(value ? "true" : "false") }

  /// `null`.
  public mutating func null() { raw("null") }

  /// A whole number.
  public mutating func integer(_ value: Int64) {
    separate()
    Self.appendDecimal(value, fractionDigits: 0, to: &bytes)
    needsComma = true
  }

  /// A decimal as a string, in plain notation without trailing zeros: `value` counts `10^-fractionDigits` units.
  public mutating func decimal(_ value: Int64, fractionDigits: Int) {
    string(ascii: { Self.appendDecimal(value, fractionDigits: fractionDigits, to: &$0) })
  }

  /// A decimal as a JSON number, in plain notation without trailing zeros: `value` counts `10^-fractionDigits` units.
  public mutating func number(_ value: Int64, fractionDigits: Int) {
    separate()
    Self.appendDecimal(value, fractionDigits: fractionDigits, to: &bytes)
    needsComma = true
  }

  /// Text that is JSON already.
  public mutating func verbatim(_ json: [UInt8]) {
    separate()
    bytes.append(contentsOf: json)
    needsComma = true
  }

  private mutating func raw(_ text: StaticString) {
    separate()
    bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    needsComma = true
  }

  private mutating func open(_ byte: UInt8) {
    separate()
    bytes.append(byte)
    needsComma = false
  }

  private mutating func close(_ byte: UInt8) {
    bytes.append(byte)
    needsComma = true
  }

  @inline(__always)
  private mutating func separate() {
    if needsComma { bytes.append(UInt8(ascii: ",")) }
  }

  /// Appends a text as a JSON string, quotes included: the one place that escapes.
  public static func appendQuoted(_ text: String, to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "\""))
    let isPlain = text.utf8.allSatisfy { $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
    if isPlain {
      bytes.append(contentsOf: text.utf8)
    } else {
      for byte in text.utf8 { appendEscaped(byte, to: &bytes) }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  private static func appendEscaped(_ byte: UInt8, to bytes: inout [UInt8]) {
    switch byte {
    case UInt8(ascii: "\""): bytes.append(contentsOf: #"\""#.utf8)
    case UInt8(ascii: "\\"): bytes.append(contentsOf: #"\\"#.utf8)
    case 0x0A: bytes.append(contentsOf: #"\n"#.utf8)
    case 0x0D: bytes.append(contentsOf: #"\r"#.utf8)
    case 0x09: bytes.append(contentsOf: #"\t"#.utf8)
    case 0..<0x20:
      let digits: StaticString = "0123456789abcdef"
      bytes.append(contentsOf: #"\u00"#.utf8)
      bytes.append(digits.utf8Start[Int(byte >> 4)])
      bytes.append(digits.utf8Start[Int(byte & 0xF)])
    default: bytes.append(byte)
    }
  }

  /// Appends `value` × `10^-fractionDigits` (0 to 18 digits) in plain decimal notation without trailing zeros.
  public static func appendDecimal(_ value: Int64, fractionDigits: Int, to bytes: inout [UInt8]) {
    if value < 0 { bytes.append(UInt8(ascii: "-")) }
    var rest = value.magnitude
    var places = fractionDigits
    while places > 0, rest % 10 == 0 {
      rest /= 10
      places -= 1
    }
    // The digits are made from the last to the first and put in place at the end of a small buffer.
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 24) { buffer in
      var at = 24
      var written = 0
      repeat {
        if written == places, places > 0 {
          at -= 1
          buffer[at] = UInt8(ascii: ".")
        }
        at -= 1
        buffer[at] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
        rest /= 10
        written += 1
      } while rest > 0 || written <= places
      bytes.append(contentsOf: UnsafeBufferPointer(rebasing: buffer[at..<24]))
    }
  }
}
