/// Why bytes are not a JSON text that is accepted here.
public struct JSONError: Error, Hashable, Sendable {
  /// What is wrong.
  public enum Kind: String, Hashable, Sendable {
    case unexpectedByte = "unexpected character"
    case unexpectedEnd = "unexpected end"
    case malformedNumber = "malformed number"
    case malformedEscape = "malformed escape sequence"
    case controlCharacter = "control character in a string"
    case invalidUTF8 = "invalid UTF-8"
    case tooDeep = "nested too deeply"
    case tooLong = "too long"
    case trailingBytes = "more after the value"
  }

  /// What is wrong.
  public var kind: Kind
  /// The position of the first byte in question.
  public var offset: Int

  /// Makes an error.
  public init(_ kind: Kind, at offset: Int) {
    self.kind = kind
    self.offset = offset
  }
}

extension JSONError: CustomStringConvertible {
  /// A sentence without any of the bytes.
  public var description: String { "\(kind.rawValue) at byte \(offset)" }
}
