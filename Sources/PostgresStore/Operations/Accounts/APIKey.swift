internal import Digest
internal import Ports

/// A new API key. The secret exists here alone: what is stored is its digest.
struct APIKey: Sendable {
  /// Characters of a secret: 238 random bits.
  static let secretLength = 40
  /// Characters of a key's id.
  static let idLength = 20

  /// What names the key: `PK` and 18 capitals and digits.
  let id: String
  /// What proves it: 40 letters and digits.
  let secret: String

  /// SHA-256 of the secret.
  var secretDigest: SHA256Digest { SHA256Digest(of: secret) }

  /// What its holder is shown, once.
  var issued: IssuedKey { IssuedKey(id: id, secret: secret) }

  /// Draws a key.
  static func random() -> APIKey {
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
