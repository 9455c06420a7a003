internal import Digest
internal import Market
internal import Services

extension RequestKeys {
  /// Keys as they are stored: digests are the first 128 bits of SHA-256.
  static let sha256 = RequestKeys { bytes in
    let prefix = SHA256Digest(of: bytes).prefix
    return UniqueID(high: prefix.high, low: prefix.low)
  }
}
