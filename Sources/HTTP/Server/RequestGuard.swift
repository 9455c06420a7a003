/// Refuses at the door what would let two readers of one byte stream see different requests (RFC 9112, section 6.3).
struct RequestGuard {
  /// Why a request is refused.
  struct Refusal: Error, Equatable {
    var status: Int
    var message: String
  }

  private var hosts = 0
  private var contentLengths = 0
  private var transferEncodings = 0
  /// The body comes in chunks.
  private(set) var isChunked = false
  private var hasBadName = false
  private var hasBadValue = false
  private var hasBadLength = false
  /// The announced length of the body, 0 when there is none or it is chunked.
  private(set) var contentLength = 0

  /// Takes note of one header field; blanks before its value are gone, those behind it are not.
  mutating func see(name: UnsafeBufferPointer<UInt8>, value: UnsafeBufferPointer<UInt8>) {
    switch name.count {
    case 4 where equals(name, "host"): hosts += 1
    case 14 where equals(name, "content-length"):
      contentLengths += 1
      // One that is longer than any body could be, or padded, is read in other ways by others.
      if let length = decimal(value) { contentLength = length } else { hasBadLength = true }
    case 17 where equals(name, "transfer-encoding"):
      transferEncodings += 1
      isChunked = equals(value, "chunked")
    default: break
    }
    if name.isEmpty || !name.allSatisfy(isTokenByte) { hasBadName = true }
    if value.contains(where: { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F }) { hasBadValue = true }
  }

  /// Judges the head as a whole.
  func judge(isHTTP10: Bool, headSize: Int, headLimit: Int) throws(Refusal) {
    if headSize > headLimit { throw Refusal(status: 431, message: "the request's head is too large") }
    if hasBadName { throw Refusal(status: 400, message: "a header name has a character that is not allowed") }
    if hasBadValue { throw Refusal(status: 400, message: "a header value has a control character") }
    if hosts > 1 { throw Refusal(status: 400, message: "the Host header is repeated") }
    if hosts == 0 && !isHTTP10 { throw Refusal(status: 400, message: "the Host header is missing") }
    if contentLengths > 1 { throw Refusal(status: 400, message: "the Content-Length header is repeated") }
    if hasBadLength { throw Refusal(status: 400, message: "the Content-Length header is malformed") }
    guard transferEncodings > 0 else { return }
    if contentLengths > 0 {
      throw Refusal(status: 400, message: "Content-Length and Transfer-Encoding exclude each other")
    }
    if isHTTP10 { throw Refusal(status: 400, message: "HTTP/1.0 has no Transfer-Encoding") }
    if transferEncodings > 1 || !isChunked {
      throw Refusal(status: 501, message: "the only Transfer-Encoding understood is chunked")
    }
  }
}

/// ASCII bytes equal to a lower-case word in any case.
package func equals(_ bytes: UnsafeBufferPointer<UInt8>, _ lowercased: StaticString) -> Bool {
  guard bytes.count == lowercased.utf8CodeUnitCount else { return false }
  for index in bytes.indices where lowercaseASCII(bytes[index]) != lowercased.utf8Start[index] { return false }
  return true
}

/// The byte, or its lower-case form if it is one of A to Z.
@inline(__always)
func lowercaseASCII(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }

/// A number of up to 18 decimal digits.
package func decimal(_ digits: UnsafeBufferPointer<UInt8>) -> Int? {
  guard (1...18).contains(digits.count) else { return nil }
  var value = 0
  for digit in digits {
    guard digit &- 0x30 < 10 else { return nil }
    value = value * 10 + Int(digit &- 0x30)
  }
  return value
}

/// A byte of an RFC 9110 token.
func isTokenByte(_ byte: UInt8) -> Bool {
  switch byte {
  case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
  case 0x21, 0x23...0x27, 0x2A, 0x2B, 0x2D, 0x2E, 0x5E, 0x5F, 0x60, 0x7C, 0x7E: true
  default: false
  }
}
