internal import CLibCrypto

/// Random numbers that nobody can predict, from libcrypto's generator.
public enum SecureRandom {
  /// Random bytes; the process stops when the generator has no entropy, for nothing secret could be made then.
  public static func bytes(_ count: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      precondition(RAND_bytes(buffer.baseAddress, Int32(count)) == 1, "the random generator failed")
      initialized = count
    }
  }

  /// 64 random bits.
  public static func word() -> UInt64 {
    var word: UInt64 = 0
    let status = withUnsafeMutableBytes(of: &word) { RAND_bytes($0.baseAddress, Int32($0.count)) }
    precondition(status == 1, "the random generator failed")
    return word
  }
}
