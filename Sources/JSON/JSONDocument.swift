/// A checked JSON text (RFC 8259), read where it lies.
///
/// Nesting is bounded, UTF-8 must be valid, trailing commas and other extensions are refused. Numbers stay the text that
/// was sent, so that digits never pass through binary floating point.
public struct JSONDocument: Sendable {
  /// Deepest nesting of arrays and objects that is accepted by default.
  public static let defaultMaximumDepth = 64

  let bytes: [UInt8]
  let tokens: [JSONToken]

  /// Checks a text. Cost is linear in its length; nothing but a table of positions is stored.
  /// - Throws: ``JSONError`` with the position of what is wrong.
  public init(_ bytes: [UInt8], maximumDepth: Int = defaultMaximumDepth) throws(JSONError) {
    self.bytes = bytes
    let scanned = bytes.withUnsafeBufferPointer { buffer -> Result<[JSONToken], JSONError> in
      var scanner = JSONScanner(buffer, maximumDepth: maximumDepth)
      do throws(JSONError) {
        try scanner.scan()
        return .success(scanner.tokens)
      } catch {
        return .failure(error)
      }
    }
    tokens = try scanned.get()
  }

  /// The outermost value.
  public var root: JSONValue { JSONValue(document: self, index: 0) }
}

/// A value in a ``JSONDocument``.
public struct JSONValue: Sendable {
  /// What a value can be.
  public enum Kind: Hashable, Sendable {
    case null, bool, number, string, array, object
  }

  let document: JSONDocument
  let index: Int

  private var token: JSONToken { document.tokens[index] }

  /// What it is.
  public var kind: Kind {
    switch token.kind {
    case .null: return .null
    case .yes, .no: return .bool
    case .number: return .number
    case .string, .escapedString: return .string
    case .array: return .array
    case .object: return .object
    }
  }

  /// Whether it is `null`.
  public var isNull: Bool { token.kind == .null }

  /// A truth value; nil for other kinds.
  public var bool: Bool? {
    switch token.kind {
    case .yes: return true
    case .no: return false
    case .null, .number, .string, .escapedString, .array, .object: return nil
    }
  }

  /// The text of a string, escapes resolved; nil for other kinds.
  public var string: String? {
    switch token.kind {
    case .string: return text
    case .escapedString: return unescaped
    case .null, .yes, .no, .number, .array, .object: return nil
    }
  }

  /// A number as it was written; nil for other kinds.
  public var numberText: String? { token.kind == .number ? text : nil }

  /// A whole number that fits, written without fraction and exponent; nil otherwise.
  public var integer: Int64? { numberText.flatMap { Int64($0) } }

  /// The elements of an array; nil for other kinds.
  public var array: [JSONValue]? {
    guard token.kind == .array else { return nil }
    var elements: [JSONValue] = []
    var at = index + 1
    while at < Int(token.next) {
      elements.append(JSONValue(document: document, index: at))
      at = Int(document.tokens[at].next)
    }
    return elements
  }

  /// The members of an object in the order of the text, repeated names included; nil for other kinds.
  public var members: [(name: String, value: JSONValue)]? {
    guard token.kind == .object else { return nil }
    var members: [(name: String, value: JSONValue)] = []
    var at = index + 1
    while at < Int(token.next) {
      let name = JSONValue(document: document, index: at).string ?? ""
      members.append((name, JSONValue(document: document, index: at + 1)))
      at = Int(document.tokens[at + 1].next)
    }
    return members
  }

  /// Calls `body` with the position of each member's name and value, without making strings.
  func forEachMember(_ body: (_ name: Int, _ value: Int) -> Void) {
    guard token.kind == .object else { return }
    let end = Int(token.next)
    var at = index + 1
    while at < end {
      body(at, at + 1)
      at = Int(document.tokens[at + 1].next)
    }
  }

  /// The member of an object with this name, the last one if it is repeated; nil when there is none.
  public subscript(name: String) -> JSONValue? {
    var found: Int?
    forEachMember { key, value in
      if JSONValue(document: document, index: key).isString(equalTo: name) { found = value }
    }
    return found.map { JSONValue(document: document, index: $0) }
  }

  /// The element of an array at this place; nil when there is none.
  public subscript(place: Int) -> JSONValue? {
    guard let elements = array, elements.indices.contains(place) else { return nil }
    return elements[place]
  }

  private func isString(equalTo other: String) -> Bool {
    if token.kind == .escapedString { return unescaped == other }
    var other = other
    return other.withUTF8 { utf8 in
      utf8.elementsEqual(document.bytes[Int(token.start)..<Int(token.end)])
    }
  }

  private var text: String {
    document.bytes.withUnsafeBufferPointer { buffer in
      String(decoding: buffer[Int(token.start)..<Int(token.end)], as: UTF8.self)
    }
  }

  private var unescaped: String {
    var reader = JSONUnescaper(document.bytes[Int(token.start)..<Int(token.end)])
    return reader.read()
  }
}
