public import Digest

/// A new API key. The secret exists here alone: what is stored is its digest.
public struct APIKey: Sendable {
  /// Characters of a secret: 238 random bits.
  public static let secretLength = 40
  /// Characters of a key's id.
  public static let idLength = 20

  /// What names the key: `PK` and 18 capitals and digits.
  public let id: String
  /// What proves it: 40 letters and digits.
  public let secret: String

  /// SHA-256 of the secret.
  public var secretDigest: SHA256Digest { SHA256Digest(of: secret) }

  /// Draws a key.
  public static func random() -> APIKey {
    let capitals = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789".utf8)
    let all = capitals + Array("abcdefghijklmnopqrstuvwxyz".utf8)
    return APIKey(id: "PK" + text(idLength - 2, of: capitals), secret: text(secretLength, of: all))
  }

  /// Draws each character evenly: bytes beyond the last whole multiple of the alphabet are passed over.
  private static func text(_ length: Int, of alphabet: [UInt8]) -> String {
    let limit = 256 / alphabet.count * alphabet.count
    var drawn: [UInt8] = []
    while drawn.count < length {
      for byte in SecureRandom.bytes(length) where Int(byte) < limit && drawn.count < length {
        drawn.append(alphabet[Int(byte) % alphabet.count])
      }
    }
    return String(decoding: drawn, as: UTF8.self)
  }
}
