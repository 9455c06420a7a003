/// Finds members and elements in JSON text without building anything: for answers of which one or two fields matter.
///
/// It trusts the text to be well-formed and reads nothing beyond its end when it is not.
package struct JSONScan {
  private let bytes: ArraySlice<UInt8>

  /// Looks at a text.
  package init(_ bytes: ArraySlice<UInt8>) { self.bytes = bytes }

  /// Looks at a text.
  package init(_ bytes: [UInt8]) { self.bytes = bytes[...] }

  /// The text of the value of a member of this object; nil when there is none, or this is no object.
  package subscript(name: String) -> JSONScan? {
    var found: JSONScan?
    forEachMember { key, value in
      guard key.elementsEqual(name.utf8) else { return true }
      found = value
      return false
    }
    return found
  }

  /// The string that this is, escapes undone; nil when it is no string.
  package var string: String? {
    let text = trimmed
    guard text.count >= 2, text.first == quote, text.last == quote else { return nil }
    let content = text.dropFirst().dropLast()
    return content.contains(backslash) ? unescaped(content) : String(decoding: content, as: UTF8.self)
  }

  /// The whole number that this is, or that stands in this string; nil when it is none.
  package var integer: Int64? {
    let text = trimmed
    return decimal(text.first == quote ? text.dropFirst().dropLast() : text)
  }

  /// The boolean that this is; nil when it is none.
  package var bool: Bool? {
    if trimmed.elementsEqual("true".utf8) { return true }
    return trimmed.elementsEqual("false".utf8) ? false : nil
  }

  /// The texts of the elements of this array; nil when it is none.
  package var elements: [JSONScan]? {
    var elements: [JSONScan] = []
    var rest = trimmed
    guard rest.popFirst() == UInt8(ascii: "[") else { return nil }
    while true {
      rest = rest.drop(while: isBetween)
      guard let first = rest.first, first != UInt8(ascii: "]") else { return elements }
      let value = takeValue(&rest)
      guard !value.isEmpty else { return elements }
      elements.append(JSONScan(value))
    }
  }

  // MARK: - Walking

  private var trimmed: ArraySlice<UInt8> {
    var text = bytes.drop(while: isSpace)
    while let last = text.last, isSpace(last) { text.removeLast() }
    return text
  }

  /// Calls `body` with each member's name, quotes taken off, until it returns false.
  private func forEachMember(_ body: (ArraySlice<UInt8>, JSONScan) -> Bool) {
    var rest = trimmed
    guard rest.popFirst() == UInt8(ascii: "{") else { return }
    while true {
      rest = rest.drop(while: isBetween)
      guard rest.first == quote else { return }
      let name = takeValue(&rest)
      rest = rest.drop { isSpace($0) || $0 == UInt8(ascii: ":") }
      let value = takeValue(&rest)
      guard !value.isEmpty, body(name.dropFirst().dropLast(), JSONScan(value)) else { return }
    }
  }

  /// Takes a value off the front: to its closing quote or bracket, or to the comma or bracket behind it.
  private func takeValue(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    let whole = rest
    var depth = 0
    while let byte = rest.first {
      switch byte {
      case quote:
        skipString(&rest)
        if depth == 0 { return whole[..<rest.startIndex] }
        continue
      case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        if depth == 0 { return whole[..<rest.startIndex] }
        depth -= 1
        if depth == 0 {
          rest.removeFirst()
          return whole[..<rest.startIndex]
        }
      case UInt8(ascii: ","): if depth == 0 { return whole[..<rest.startIndex] }
      default: break
      }
      rest.removeFirst()
    }
    return whole
  }

  private func skipString(_ rest: inout ArraySlice<UInt8>) {
    rest.removeFirst()
    while let byte = rest.popFirst(), byte != quote {
      if byte == backslash { rest = rest.dropFirst() }
    }
  }

  private func unescaped(_ content: ArraySlice<UInt8>) -> String {
    var units: [UInt16] = []
    var rest = content
    while let byte = rest.first {
      guard byte == backslash else {
        let plain = rest.prefix { $0 != backslash }
        units += Array(String(decoding: plain, as: UTF8.self).utf16)
        rest = rest[plain.endIndex...]
        continue
      }
      rest.removeFirst()
      let kind = rest.popFirst() ?? backslash
      switch kind {
      case UInt8(ascii: "n"): units.append(0x0A)
      case UInt8(ascii: "t"): units.append(0x09)
      case UInt8(ascii: "r"): units.append(0x0D)
      case UInt8(ascii: "b"): units.append(0x08)
      case UInt8(ascii: "f"): units.append(0x0C)
      case UInt8(ascii: "u"):
        units.append(UInt16(String(decoding: rest.prefix(4), as: UTF8.self), radix: 16) ?? 0xFFFD)
        rest = rest.dropFirst(4)
      default: units.append(UInt16(kind))
      }
    }
    return String(decoding: units, as: UTF16.self)
  }

  private func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
  private func isBetween(_ byte: UInt8) -> Bool { isSpace(byte) || byte == UInt8(ascii: ",") }
}

private let quote = UInt8(ascii: "\"")
private let backslash = UInt8(ascii: "\\")
