internal import CLibCrypto

/// A secret under which messages are authenticated: HMAC-SHA-256 (RFC 2104, FIPS 198-1), of which 128 bits are kept.
///
/// What the key alone decides is computed once, so that a short message costs its own blocks and one more.
public struct HMACKey: Sendable {
  /// Bytes that SHA-256 takes at a time.
  private static let blockBytes = 64
  /// The states behind the key's two blocks.
  private let inner: SHA256_CTX
  private let outer: SHA256_CTX

  /// Takes a secret of any length; more than 64 bytes make it no stronger.
  public init(_ secret: [UInt8]) {
    let short = secret.count > Self.blockBytes ? SHA256Digest(of: secret).bytes : secret
    let key = short + [UInt8](repeating: 0, count: Self.blockBytes - short.count)
    inner = Self.state(behind: key.map { $0 ^ 0x36 })
    outer = Self.state(behind: key.map { $0 ^ 0x5C })
  }

  private static func state(behind block: [UInt8]) -> SHA256_CTX {
    var state = SHA256_CTX()
    SHA256_Init(&state)
    block.withUnsafeBytes { _ = SHA256_Update(&state, $0.baseAddress, $0.count) }
    return state
  }

  /// The tag of a message that comes in two pieces. Where one ends and the other begins is no part of it.
  public func tag(of head: [UInt8], _ body: [UInt8]) -> AuthenticationTag {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: SHA256Digest.byteCount) { digest in
      var state = inner
      head.withUnsafeBytes { _ = SHA256_Update(&state, $0.baseAddress, $0.count) }
      body.withUnsafeBytes { _ = SHA256_Update(&state, $0.baseAddress, $0.count) }
      SHA256_Final(digest.baseAddress, &state)
      state = outer
      SHA256_Update(&state, digest.baseAddress, SHA256Digest.byteCount)
      SHA256_Final(digest.baseAddress, &state)
      return AuthenticationTag(UnsafeRawBufferPointer(digest))
    }
  }

  /// The tag of a message.
  public func tag(of message: [UInt8]) -> AuthenticationTag { tag(of: [], message) }
}

/// The first 128 bits of an HMAC: whoever does not have the key guesses them with a chance of 2⁻¹²⁸.
///
/// Not `Equatable`: tags are compared in constant time, or a forger could find one piece by piece.
public struct AuthenticationTag: Sendable {
  /// Bytes in a tag.
  public static let byteCount = 16
  /// Hexadecimal digits in a tag's text.
  public static let digitCount = 2 * byteCount

  private let high: UInt64
  private let low: UInt64

  /// Takes the first 16 bytes, big-endian.
  fileprivate init(_ bytes: UnsafeRawBufferPointer) {
    high = UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self))
    low = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
  }

  /// Reads 32 hexadecimal digits in lower case; nil for anything else. (Not of any collection: unspecialized in another
  /// module, that costs ten times the tag itself.)
  public init?(hexadecimal text: ArraySlice<UInt8>) {
    guard text.count == Self.digitCount else { return nil }
    var words: (high: UInt64, low: UInt64) = (0, 0)
    for byte in text {
      let digit: UInt8
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
      default: return nil
      }
      words = (words.high << 4 | words.low >> 60, words.low << 4 | UInt64(digit))
    }
    (high, low) = words
  }

  /// Appends 32 hexadecimal digits in lower case.
  public func write(to bytes: inout [UInt8]) {
    for word in [high, low] {
      for shift in stride(from: UInt64(60), through: 0, by: -4) {
        let digit = UInt8(truncatingIfNeeded: word >> shift) & 0xF
        bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
      }
    }
  }

  /// Whether both are equal; the time it takes tells nothing about where they differ.
  public func isEqualInConstantTime(to other: AuthenticationTag) -> Bool {
    (high ^ other.high) | (low ^ other.low) == 0
  }
}
