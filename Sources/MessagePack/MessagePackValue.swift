/// A value read from MessagePack.
public enum MessagePackValue: Hashable, Sendable {
  case null
  case bool(Bool)
  case integer(Int64)
  case double(Double)
  case string(String)
  case binary([UInt8])
  case array([MessagePackValue])
  /// Pairs in order.
  case map([Pair])
  /// An extension: its type and its bytes.
  case other(Int8, [UInt8])

  /// A key and its value.
  public struct Pair: Hashable, Sendable {
    /// The key.
    public var key: MessagePackValue
    /// The value.
    public var value: MessagePackValue

    /// Makes a pair.
    public init(key: MessagePackValue, value: MessagePackValue) {
      self.key = key
      self.value = value
    }
  }

  /// Deepest nesting of arrays and maps that is read.
  public static let maximumDepth = 32

  /// Reads one value that takes up all bytes; nil for anything else.
  ///
  /// Read here and not by the library, which takes memory for as many elements as a header claims before any of them has
  /// come: a message of five bytes could claim 2^32.
  public init?(_ bytes: [UInt8]) {
    var reader = Reader(bytes: bytes)
    guard let value = reader.value(depth: 0), reader.isAtEnd else { return nil }
    self = value
  }

  /// The text; nil for anything else.
  public var string: String? { if case .string(let text) = self { text } else { nil } }

  /// The elements; nil for anything but an array.
  public var array: [MessagePackValue]? { if case .array(let elements) = self { elements } else { nil } }

  /// The value of a key in a map; of equal keys the last counts.
  public subscript(name: String) -> MessagePackValue? {
    guard case .map(let pairs) = self else { return nil }
    return pairs.last { $0.key == .string(name) }?.value
  }
}

extension MessagePackValue {
  private struct Reader {
    let bytes: [UInt8]
    var position = 0

    var isAtEnd: Bool { position == bytes.count }

    mutating func value(depth: Int) -> MessagePackValue? {
      guard let first: UInt8 = number() else { return nil }
      switch first {
      case 0x00...0x7F: return .integer(Int64(first))
      case 0x80...0x8F: return map(Int(first & 0x0F), depth: depth)
      case 0x90...0x9F: return array(Int(first & 0x0F), depth: depth)
      case 0xA0...0xBF: return string(Int(first & 0x1F))
      case 0xC0: return .null
      case 0xC2, 0xC3: return .bool(first == 0xC3)
      case 0xC4...0xC6: return count(first - 0xC4).flatMap { take($0) }.map { .binary(Array($0)) }
      case 0xC7...0xC9: return count(first - 0xC7).flatMap { other($0) }
      case 0xCA: return (number() as UInt32?).map { .double(Double(Float(bitPattern: $0))) }
      case 0xCB: return (number() as UInt64?).map { .double(Double(bitPattern: $0)) }
      case 0xCC: return (number() as UInt8?).map { .integer(Int64($0)) }
      case 0xCD: return (number() as UInt16?).map { .integer(Int64($0)) }
      case 0xCE: return (number() as UInt32?).map { .integer(Int64($0)) }
      case 0xCF: return (number() as UInt64?).flatMap { Int64(exactly: $0) }.map { .integer($0) }
      case 0xD0: return (number() as Int8?).map { .integer(Int64($0)) }
      case 0xD1: return (number() as Int16?).map { .integer(Int64($0)) }
      case 0xD2: return (number() as Int32?).map { .integer(Int64($0)) }
      case 0xD3: return (number() as Int64?).map { .integer($0) }
      case 0xD4...0xD8: return other(1 << Int(first - 0xD4))
      case 0xD9...0xDB: return count(first - 0xD9).flatMap { string($0) }
      case 0xDC, 0xDD: return count(first - 0xDC + 1).flatMap { array($0, depth: depth) }
      case 0xDE, 0xDF: return count(first - 0xDE + 1).flatMap { map($0, depth: depth) }
      case 0xE0...0xFF: return .integer(Int64(Int8(bitPattern: first)))
      default: return nil
      }
    }

    private mutating func number<Number: FixedWidthInteger>() -> Number? {
      guard let digits = take(Number.bitWidth / 8) else { return nil }
      return digits.reduce(Number.zero) { $0 << 8 | Number(truncatingIfNeeded: $1) }
    }

    /// A count of 1, 2 or 4 bytes.
    private mutating func count(_ size: UInt8) -> Int? {
      switch size {
      case 0: return (number() as UInt8?).map { Int($0) }
      case 1: return (number() as UInt16?).map { Int($0) }
      default: return (number() as UInt32?).map { Int($0) }
      }
    }

    private mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
      guard count <= bytes.count - position else { return nil }
      defer { position += count }
      return bytes[position..<position + count]
    }

    private mutating func string(_ count: Int) -> MessagePackValue? {
      guard let utf8 = take(count), let text = String(validating: utf8, as: UTF8.self) else { return nil }
      return .string(text)
    }

    private mutating func other(_ count: Int) -> MessagePackValue? {
      guard let type: Int8 = number(), let content = take(count) else { return nil }
      return .other(type, Array(content))
    }

    private mutating func array(_ count: Int, depth: Int) -> MessagePackValue? {
      guard depth < MessagePackValue.maximumDepth, count <= bytes.count - position else { return nil }
      var elements: [MessagePackValue] = []
      for _ in 0..<count {
        guard let element = value(depth: depth + 1) else { return nil }
        elements.append(element)
      }
      return .array(elements)
    }

    private mutating func map(_ count: Int, depth: Int) -> MessagePackValue? {
      guard depth < MessagePackValue.maximumDepth, count <= (bytes.count - position) / 2 else { return nil }
      var pairs: [Pair] = []
      for _ in 0..<count {
        guard let key = value(depth: depth + 1), let value = value(depth: depth + 1) else { return nil }
        pairs.append(Pair(key: key, value: value))
      }
      return .map(pairs)
    }
  }
}
