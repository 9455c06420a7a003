package import Accounting
package import Market

/// Makes what requests are known by: keys of client order ids and of idempotency keys.
package struct RequestKeys: Sendable {
  /// What a key names; part of its digest, so that equal texts of different kinds never meet.
  private enum Kind: UInt8 {
    case clientOrderID = 1
    case idempotency = 2
  }

  private let digest: @Sendable ([UInt8]) -> UniqueID

  /// - Parameter digest: The first 128 bits of SHA-256.
  package init(digest: @escaping @Sendable ([UInt8]) -> UniqueID) { self.digest = digest }

  /// The key of a client order id.
  package func clientOrderID(_ text: String) -> RequestKey {
    RequestKey(digest: digest(.clientOrderID, text), fingerprint: nil)
  }

  /// The key of an `Idempotency-Key` header.
  /// - Parameter request: The request's content in a form that is equal for equal requests.
  package func idempotency(_ text: String, request: [UInt8]) -> RequestKey {
    RequestKey(digest: digest(.idempotency, text), fingerprint: Int64(bitPattern: digest(request).high))
  }

  private func digest(_ kind: Kind, _ text: String) -> UniqueID {
    var bytes: [UInt8] = [kind.rawValue]
    bytes.reserveCapacity(1 + text.utf8.count)
    bytes.append(contentsOf: text.utf8)
    return digest(bytes)
  }
}
