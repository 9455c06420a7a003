public import Accounting
internal import Digest
internal import Market

extension RequestKey {
  /// What a key names; part of its digest, so that equal texts of different kinds never meet.
  private enum Kind: UInt8 {
    case clientOrderID = 1
    case idempotency = 2
  }

  /// The key of a client order id.
  public static func clientOrderID(_ text: String) -> RequestKey {
    RequestKey(digest: digest(.clientOrderID, text), fingerprint: nil)
  }

  /// The key of an `Idempotency-Key` header.
  /// - Parameter request: The request's content in a form that is equal for equal requests.
  static func idempotency(_ text: String, request: [UInt8]) -> RequestKey {
    let content = SHA256Digest(of: request).prefix.high
    return RequestKey(digest: digest(.idempotency, text), fingerprint: Int64(bitPattern: content))
  }

  private static func digest(_ kind: Kind, _ text: String) -> UniqueID {
    var bytes: [UInt8] = [kind.rawValue]
    bytes.reserveCapacity(1 + text.utf8.count)
    bytes.append(contentsOf: text.utf8)
    let prefix = SHA256Digest(of: bytes).prefix
    return UniqueID(high: prefix.high, low: prefix.low)
  }
}
