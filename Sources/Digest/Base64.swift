internal import CLibCrypto

/// Base 64 as RFC 4648, section 4, writes it: padded, in one line.
public enum Base64 {
  /// Reads padded base 64; nil when it is not.
  public static func decode(_ text: some StringProtocol) -> [UInt8]? { decode(text.utf8) }

  /// Reads padded base 64 from its characters; nil when it is not.
  public static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
    let digits = Array(text)
    let padding = digits.suffix(2).reversed().prefix { $0 == UInt8(ascii: "=") }.count
    // libcrypto takes padding for zeros wherever it stands, and passes over white space: what it must not see is refused here.
    guard digits.count % 4 == 0, Int32(exactly: digits.count) != nil, digits.dropLast(padding).allSatisfy(isDigit)
    else {
      return nil
    }
    var isRead = true
    let bytes = [UInt8](unsafeUninitializedCapacity: digits.count / 4 * 3) { output, count in
      let written = digits.withUnsafeBufferPointer {
        EVP_DecodeBlock(output.baseAddress, $0.baseAddress, Int32($0.count))
      }
      isRead = written == digits.count / 4 * 3
      count = isRead ? Int(written) - padding : 0
    }
    return isRead ? bytes : nil
  }

  /// Writes padded base 64.
  public static func encode(_ bytes: [UInt8]) -> String {
    // One byte more than the text: libcrypto ends it with a zero.
    let capacity = (bytes.count + 2) / 3 * 4
    return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: capacity + 1) { text in
      let written = bytes.withUnsafeBufferPointer {
        EVP_EncodeBlock(text.baseAddress, $0.baseAddress, Int32($0.count))
      }
      precondition(written == capacity, "libcrypto wrote \(written) characters for \(bytes.count) bytes")
      return String(decoding: text[..<capacity], as: UTF8.self)
    }
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"):
      return true
    default: return false
    }
  }
}
