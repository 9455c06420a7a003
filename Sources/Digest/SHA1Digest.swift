internal import CLibCrypto

/// SHA-1 (FIPS 180-4), for protocols that prescribe it (RFC 6455); nothing else may rest on it.
public enum SHA1Digest {
  /// Bytes in a digest.
  public static let byteCount = 20

  /// Digests bytes.
  public static func of(_ bytes: [UInt8]) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: byteCount) { output, count in
      bytes.withUnsafeBufferPointer { input in
        _ = CLibCrypto.SHA1(input.baseAddress, input.count, output.baseAddress)
      }
      count = byteCount
    }
  }
}
