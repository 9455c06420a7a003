/// A reply, copied out of the library's memory.
public enum RedisValue: Hashable, Sendable {
  /// Nothing: a missing key, an empty blocking read.
  case null
  /// A whole number.
  case integer(Int64)
  /// A text or any bytes; also the one-word status of a command.
  case bytes([UInt8])
  /// Values in order.
  case array([RedisValue])
  /// The refusal of one command of several.
  case refusal(RedisRefusal)

  /// The number, also when it came as decimal text; nil otherwise.
  public var integer: Int64? {
    switch self {
    case .integer(let number): return number
    case .bytes(let bytes): return Int64(String(decoding: bytes, as: UTF8.self))
    case .null, .array, .refusal: return nil
    }
  }

  /// The bytes; nil for anything else.
  public var bytes: [UInt8]? {
    guard case .bytes(let bytes) = self else { return nil }
    return bytes
  }

  /// The bytes as text, malformed UTF-8 repaired; nil for anything but bytes.
  public var text: String? { bytes.map { String(decoding: $0, as: UTF8.self) } }

  /// The elements; nil for anything but an array.
  public var array: [RedisValue]? {
    guard case .array(let elements) = self else { return nil }
    return elements
  }

  /// The value under a name in a reply that lists names and values in turn.
  public subscript(name: String) -> RedisValue? {
    guard case .array(let elements) = self else { return nil }
    for index in stride(from: 0, to: elements.count - 1, by: 2) where elements[index].isText(name) {
      return elements[index + 1]
    }
    return nil
  }

  private func isText(_ text: String) -> Bool {
    guard case .bytes(let bytes) = self else { return false }
    return bytes.elementsEqual(text.utf8)
  }

  /// The value, or its refusal as an error.
  public func accepted() throws(RedisError) -> RedisValue {
    guard case .refusal(let refusal) = self else { return self }
    throw .refused(refusal)
  }
}
