/// Base 64 as RFC 4648, section 4, writes it.
package enum Base64 {
  /// Reads padded base 64; nil when it is not.
  package static func decode(_ text: some StringProtocol) -> [UInt8]? { decode(text.utf8) }

  /// Reads padded base 64 from its characters; nil when it is not.
  package static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
    guard text.count % 4 == 0 else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count / 4 * 3)
    var group: UInt32 = 0
    var digits = 0
    var padding = 0
    for byte in text {
      if byte == UInt8(ascii: "=") { padding += 1 }
      guard let digit = padding > 0 ? (byte == UInt8(ascii: "=") ? 0 : nil) : value(byte), padding <= 2 else {
        return nil
      }
      group = group << 6 | digit
      digits += 1
      guard digits == 4 else { continue }
      for index in 0..<(3 - padding) { bytes.append(UInt8(truncatingIfNeeded: group >> UInt32(16 - 8 * index))) }
      group = 0
      digits = 0
      if padding > 0 { padding = 3 }
    }
    return bytes
  }

  /// Writes padded base 64.
  package static func encode(_ bytes: [UInt8]) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var text: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = (0..<3).reduce(UInt32(0)) { $0 << 8 | UInt32(start + $1 < bytes.count ? bytes[start + $1] : 0) }
      for digit in 0..<4 {
        let isThere = start + digit - 1 < bytes.count
        text.append(isThere ? alphabet[Int(group >> UInt32(18 - 6 * digit) & 63)] : UInt8(ascii: "="))
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  private static func value(_ byte: UInt8) -> UInt32? {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): return UInt32(byte - UInt8(ascii: "A"))
    case UInt8(ascii: "a")...UInt8(ascii: "z"): return UInt32(byte - UInt8(ascii: "a")) + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): return UInt32(byte - UInt8(ascii: "0")) + 52
    case UInt8(ascii: "+"): return 62
    case UInt8(ascii: "/"): return 63
    default: return nil
    }
  }
}
