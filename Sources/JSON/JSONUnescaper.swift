/// Resolves the escapes of a string that the scanner has checked.
struct JSONUnescaper {
  private var rest: ArraySlice<UInt8>

  init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

  mutating func read() -> String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(rest.count)
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "\\") { escape(into: &bytes) } else { bytes.append(byte) }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private mutating func escape(into bytes: inout [UInt8]) {
    switch rest.popFirst() {
    case UInt8(ascii: "b"): bytes.append(0x08)
    case UInt8(ascii: "f"): bytes.append(0x0C)
    case UInt8(ascii: "n"): bytes.append(0x0A)
    case UInt8(ascii: "r"): bytes.append(0x0D)
    case UInt8(ascii: "t"): bytes.append(0x09)
    case UInt8(ascii: "u"):
      var scalar = unit()
      if scalar & 0xFC00 == 0xD800 {
        rest.removeFirst(2)
        scalar = 0x10000 + (scalar & 0x3FF) << 10 + unit() & 0x3FF
      }
      bytes.append(contentsOf: UTF8.encode(Unicode.Scalar(scalar)!)!)
    case let other: bytes.append(other!)
    }
  }

  private mutating func unit() -> UInt32 {
    var unit: UInt32 = 0
    for _ in 0..<4 { unit = unit << 4 | UInt32(hexDigit(rest.removeFirst())!) }
    return unit
  }
}
