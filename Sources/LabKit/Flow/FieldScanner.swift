/// Reads comma-separated fields off the front of a line.
struct FieldScanner {
  private var rest: ArraySlice<UInt8>
  private(set) var isAtEnd = false

  init(_ line: ArraySlice<UInt8>) { rest = line }

  /// The next field; nil behind the last.
  mutating func field() -> ArraySlice<UInt8>? {
    guard !isAtEnd else { return nil }
    guard let comma = rest.firstIndex(of: UInt8(ascii: ",")) else {
      isAtEnd = true
      return rest
    }
    defer { rest = rest[(comma + 1)...] }
    return rest[..<comma]
  }

  /// The next field as a whole number; nil when it is none.
  mutating func integer() -> Int64? { field().flatMap(decimal) }
}

/// A whole number in plain digits with an optional minus; nil when it is anything else or does not fit.
func decimal(_ text: ArraySlice<UInt8>) -> Int64? {
  var digits = text
  let isNegative = digits.first == UInt8(ascii: "-")
  if isNegative { digits.removeFirst() }
  guard !digits.isEmpty, digits.count <= 18 else { return nil }
  var value: Int64 = 0
  for byte in digits {
    guard byte >= 0x30, byte <= 0x39 else { return nil }
    value = value * 10 + Int64(byte - 0x30)
  }
  return isNegative ? -value : value
}
