/// Reads comma-separated fields off the front of a line.
struct Fields {
  private var rest: ArraySlice<UInt8>?

  init(_ line: ArraySlice<UInt8>) { rest = line }

  /// Whether all fields have been read.
  var isAtEnd: Bool { rest == nil }

  /// The next field; nil behind the last.
  mutating func next(separator: UInt8 = UInt8(ascii: ",")) -> ArraySlice<UInt8>? {
    guard let line = rest else { return nil }
    guard let end = line.firstIndex(of: separator) else {
      rest = nil
      return line
    }
    rest = line[(end + 1)...]
    return line[..<end]
  }

  /// The next field as a whole number of plain digits, at most 18; nil when it is anything else.
  mutating func number(separator: UInt8 = UInt8(ascii: ",")) -> Int64? {
    guard let digits = next(separator: separator), (1...18).contains(digits.count) else { return nil }
    var value: Int64 = 0
    for byte in digits {
      guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
      value = value * 10 + Int64(byte - UInt8(ascii: "0"))
    }
    return value
  }
}
