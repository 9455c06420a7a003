internal import CLibCrypto

/// A SHA-256 (FIPS 180-4) of some bytes.
public struct SHA256Digest: Hashable, Sendable {
  /// Bytes in a digest.
  public static let byteCount = 32

  /// The 32 bytes, eight to a word, big-endian.
  private let words: (UInt64, UInt64, UInt64, UInt64)

  /// Digests bytes.
  public init(of bytes: [UInt8]) {
    words = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.byteCount) { output in
      bytes.withUnsafeBufferPointer { input in
        _ = CLibCrypto.SHA256(input.baseAddress, input.count, output.baseAddress)
      }
      return Self.load(UnsafeBufferPointer(output))
    }
  }

  /// Digests the UTF-8 form of a text.
  public init(of text: String) { self.init(of: Array(text.utf8)) }

  /// Takes a digest from its 32 bytes; nil for any other number.
  public init?(bytes: [UInt8]) {
    guard bytes.count == Self.byteCount else { return nil }
    words = bytes.withUnsafeBufferPointer(Self.load)
  }

  /// The 32 bytes.
  public var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Self.byteCount)
    for word in [words.0, words.1, words.2, words.3] {
      for shift in stride(from: 56, through: 0, by: -8) {
        bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
      }
    }
    return bytes
  }

  /// The first 16 bytes as two words.
  public var prefix: (high: UInt64, low: UInt64) { (words.0, words.1) }

  /// Whether both are equal; the time it takes tells nothing about where they differ.
  public func isEqualInConstantTime(to other: SHA256Digest) -> Bool {
    withUnsafeBytes(of: words) { mine in
      withUnsafeBytes(of: other.words) { theirs in
        CRYPTO_memcmp(mine.baseAddress, theirs.baseAddress, Self.byteCount) == 0
      }
    }
  }

  /// Ordinary equality, for tables; secrets are compared by ``isEqualInConstantTime(to:)``.
  public static func == (a: SHA256Digest, b: SHA256Digest) -> Bool { a.words == b.words }

  /// Hashes a part: digests differ everywhere.
  public func hash(into hasher: inout Hasher) { hasher.combine(words.0) }

  private static func load(_ bytes: UnsafeBufferPointer<UInt8>) -> (UInt64, UInt64, UInt64, UInt64) {
    func word(_ index: Int) -> UInt64 {
      var word: UInt64 = 0
      for offset in 0..<8 { word = word << 8 | UInt64(bytes[index * 8 + offset]) }
      return word
    }
    return (word(0), word(1), word(2), word(3))
  }
}

extension SHA256Digest: CustomStringConvertible {
  /// 64 hexadecimal digits in lower case.
  public var description: String {
    let digits = Array("0123456789abcdef")
    return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 0xF)]] })
  }
}
