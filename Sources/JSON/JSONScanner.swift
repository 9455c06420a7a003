/// One value of a scanned text: where it lies, and where the next value that is not inside it begins.
struct JSONToken {
  enum Kind: UInt8 {
    case null, yes, no, number, string, escapedString, array, object
  }

  var kind: Kind
  /// First byte; of a string, the one behind the quote.
  var start: Int32
  /// Behind the last byte; of a string, the closing quote.
  var end: Int32
  /// The index of the token behind this value and all inside it.
  var next: Int32
}

/// Walks over a text once, checks all of it and notes where its values lie. Nothing is copied or converted.
///
/// The grammar is that of RFC 8259 without extensions. Unpaired surrogates are refused: they have no UTF-8 form.
struct JSONScanner: ~Copyable {
  private let bytes: UnsafeBufferPointer<UInt8>
  private var position = 0
  private let maximumDepth: Int
  private(set) var tokens: [JSONToken] = []

  init(_ bytes: UnsafeBufferPointer<UInt8>, maximumDepth: Int) {
    self.bytes = bytes
    self.maximumDepth = maximumDepth
    tokens.reserveCapacity(32)
  }

  mutating func scan() throws(JSONError) {
    guard bytes.count < Int32.max else { throw JSONError(.tooLong, at: 0) }
    try value(depth: 0)
    skipSpace()
    guard position == bytes.count else { throw JSONError(.trailingBytes, at: position) }
  }

  private mutating func value(depth: Int) throws(JSONError) {
    skipSpace()
    switch try peek() {
    case UInt8(ascii: "\""): try string()
    case UInt8(ascii: "{"): try object(depth: depth + 1)
    case UInt8(ascii: "["): try array(depth: depth + 1)
    case UInt8(ascii: "t"): try literal("true", .yes)
    case UInt8(ascii: "f"): try literal("false", .no)
    case UInt8(ascii: "n"): try literal("null", .null)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try number()
    default: throw JSONError(.unexpectedByte, at: position)
    }
  }

  private mutating func object(depth: Int) throws(JSONError) {
    let index = try open(.object, depth: depth)
    skipSpace()
    if try peek() != UInt8(ascii: "}") {
      while true {
        skipSpace()
        guard try peek() == UInt8(ascii: "\"") else { throw JSONError(.unexpectedByte, at: position) }
        try string()
        skipSpace()
        try take(UInt8(ascii: ":"))
        try value(depth: depth)
        skipSpace()
        guard try peek() == UInt8(ascii: ",") else { break }
        position += 1
      }
    }
    try take(UInt8(ascii: "}"))
    close(index)
  }

  private mutating func array(depth: Int) throws(JSONError) {
    let index = try open(.array, depth: depth)
    skipSpace()
    if try peek() != UInt8(ascii: "]") {
      while true {
        try value(depth: depth)
        skipSpace()
        guard try peek() == UInt8(ascii: ",") else { break }
        position += 1
      }
    }
    try take(UInt8(ascii: "]"))
    close(index)
  }

  private mutating func open(_ kind: JSONToken.Kind, depth: Int) throws(JSONError) -> Int {
    guard depth <= maximumDepth else { throw JSONError(.tooDeep, at: position) }
    tokens.append(JSONToken(kind: kind, start: Int32(position), end: 0, next: 0))
    position += 1
    return tokens.count - 1
  }

  private mutating func close(_ index: Int) {
    tokens[index].end = Int32(position)
    tokens[index].next = Int32(tokens.count)
  }

  private mutating func literal(_ text: StaticString, _ kind: JSONToken.Kind) throws(JSONError) {
    let start = position
    for offset in 0..<text.utf8CodeUnitCount {
      guard try peek() == text.utf8Start[offset] else { throw JSONError(.unexpectedByte, at: position) }
      position += 1
    }
    note(kind, from: start, to: position)
  }

  private mutating func number() throws(JSONError) {
    let start = position
    if bytes[position] == UInt8(ascii: "-") { position += 1 }
    let leadingZero = position < bytes.count && bytes[position] == UInt8(ascii: "0")
    let wholeDigits = skipDigits()
    guard wholeDigits > 0, !leadingZero || wholeDigits == 1 else { throw JSONError(.malformedNumber, at: start) }
    if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
      position += 1
      guard skipDigits() > 0 else { throw JSONError(.malformedNumber, at: start) }
    }
    if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
      position += 1
      if position < bytes.count, bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-") {
        position += 1
      }
      guard skipDigits() > 0 else { throw JSONError(.malformedNumber, at: start) }
    }
    note(.number, from: start, to: position)
  }

  private mutating func skipDigits() -> Int {
    let start = position
    while position < bytes.count, bytes[position] &- UInt8(ascii: "0") < 10 { position += 1 }
    return position - start
  }

  private mutating func string() throws(JSONError) {
    position += 1
    let start = position
    var escaped = false
    while true {
      let byte = try peek()
      switch byte {
      case UInt8(ascii: "\""):
        note(escaped ? .escapedString : .string, from: start, to: position)
        position += 1
        return
      case UInt8(ascii: "\\"):
        escaped = true
        try escape()
      case 0..<0x20: throw JSONError(.controlCharacter, at: position)
      case 0x20..<0x80: position += 1
      default: try multibyte(byte)
      }
    }
  }

  private mutating func escape() throws(JSONError) {
    let start = position
    position += 1
    switch try peek() {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
      UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      position += 1
    case UInt8(ascii: "u"):
      position += 1
      let unit = try hexUnit(start)
      guard unit & 0xF800 == 0xD800 else { return }
      guard unit < 0xDC00, position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
        bytes[position + 1] == UInt8(ascii: "u")
      else { throw JSONError(.malformedEscape, at: start) }
      position += 2
      guard try hexUnit(start) & 0xFC00 == 0xDC00 else { throw JSONError(.malformedEscape, at: start) }
    default: throw JSONError(.malformedEscape, at: start)
    }
  }

  private mutating func hexUnit(_ start: Int) throws(JSONError) -> UInt16 {
    var unit: UInt16 = 0
    for _ in 0..<4 {
      guard let digit = hexDigit(try peek()) else { throw JSONError(.malformedEscape, at: start) }
      unit = unit << 4 | UInt16(digit)
      position += 1
    }
    return unit
  }

  /// Checks one character of two to four bytes (Unicode standard, table 3-7).
  private mutating func multibyte(_ lead: UInt8) throws(JSONError) {
    let start = position
    let count: Int
    var second: ClosedRange<UInt8> = 0x80...0xBF
    switch lead {
    case 0xC2...0xDF: count = 2
    case 0xE0: (count, second) = (3, 0xA0...0xBF)
    case 0xED: (count, second) = (3, 0x80...0x9F)
    case 0xE1...0xEF: count = 3
    case 0xF0: (count, second) = (4, 0x90...0xBF)
    case 0xF4: (count, second) = (4, 0x80...0x8F)
    case 0xF1...0xF3: count = 4
    default: throw JSONError(.invalidUTF8, at: start)
    }
    guard start + count <= bytes.count, second.contains(bytes[start + 1]) else {
      throw JSONError(.invalidUTF8, at: start)
    }
    for offset in 2..<max(2, count) where bytes[start + offset] & 0xC0 != 0x80 {
      throw JSONError(.invalidUTF8, at: start)
    }
    position += count
  }

  private mutating func note(_ kind: JSONToken.Kind, from start: Int, to end: Int) {
    tokens.append(JSONToken(kind: kind, start: Int32(start), end: Int32(end), next: Int32(tokens.count + 1)))
  }

  private mutating func skipSpace() {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x0A, 0x0D, 0x09: position += 1
      default: return
      }
    }
  }

  private func peek() throws(JSONError) -> UInt8 {
    guard position < bytes.count else { throw JSONError(.unexpectedEnd, at: position) }
    return bytes[position]
  }

  private mutating func take(_ byte: UInt8) throws(JSONError) {
    guard try peek() == byte else { throw JSONError(.unexpectedByte, at: position) }
    position += 1
  }
}

/// The value of a hexadecimal digit in either case.
func hexDigit(_ byte: UInt8) -> UInt8? {
  switch byte {
  case UInt8(ascii: "0")...UInt8(ascii: "9"): return byte - UInt8(ascii: "0")
  case UInt8(ascii: "a")...UInt8(ascii: "f"): return byte - UInt8(ascii: "a") + 10
  case UInt8(ascii: "A")...UInt8(ascii: "F"): return byte - UInt8(ascii: "A") + 10
  default: return nil
  }
}
