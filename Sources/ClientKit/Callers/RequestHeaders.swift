/// The header fields that matter here, found in one walk over all of them.
package struct RequestHeaders {
  /// A field that may come once.
  package enum Field: Hashable {
    case absent
    case once(String)
    /// More than once: which is meant cannot be known.
    case repeated

    fileprivate mutating func add(_ value: String) {
      self = self == .absent ? .once(value) : .repeated
    }
  }

  package private(set) var keyID = Field.absent
  package private(set) var secret = Field.absent
  package private(set) var authorization = Field.absent
  package private(set) var idempotencyKey = Field.absent
  package private(set) var requestID = Field.absent

  package init(_ fields: [(name: String, value: String)]) {
    for (name, value) in fields {
      switch name.utf8.count {
      case 12 where Self.matches(name, "x-request-id"): requestID.add(value)
      case 13 where Self.matches(name, "authorization"): authorization.add(value)
      case 15 where Self.matches(name, "apca-api-key-id"): keyID.add(value)
      case 15 where Self.matches(name, "idempotency-key"): idempotencyKey.add(value)
      case 19 where Self.matches(name, "apca-api-secret-key"): secret.add(value)
      default: break
      }
    }
  }

  /// Compares a name of equal length with a lower-case one.
  private static func matches(_ name: String, _ lowercase: StaticString) -> Bool {
    var index = 0
    for byte in name.utf8 {
      let folded = byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
      guard folded == lowercase.utf8Start[index] else { return false }
      index += 1
    }
    return true
  }
}
