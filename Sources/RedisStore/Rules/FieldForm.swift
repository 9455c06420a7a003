/// What one value may look like: the same words for Swift and for Lua, so that both call the same things damaged.
///
/// Every form bounds its length, and no form lets a number through that does not fit where it is used: Lua's numbers are
/// doubles, which hold whole numbers of fifteen digits exactly.
enum FieldForm: Hashable, Sendable {
  /// The name of a worker: 1 to ``longestName`` visible ASCII characters but the colon, which parts the names of keys.
  case name
  /// A word in lower case, 1 to 32 letters.
  case word
  /// A whole number, not negative, of at most so many digits, without sign and leading zeros.
  case number(digits: Int)
  /// 64 bits as a decimal number.
  case bits
  /// At most so many bytes of any kind.
  case text(Int)

  /// A counter, an epoch, a term, a sequence: 0 to 10^15 - 1.
  static let count = FieldForm.number(digits: 15)
  /// Microseconds or milliseconds since 1970, or a number that Redis itself gave out: 0 to 10^18 - 1.
  static let large = FieldForm.number(digits: 18)

  /// Bytes of a worker's name at most: a host's name, a process number and a random part.
  static let longestName = 320

  /// Whether a value has the form.
  func accepts(_ bytes: [UInt8]) -> Bool {
    switch self {
    case .name:
      return (1...Self.longestName).contains(bytes.count)
        && bytes.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: ":") }
    case .word:
      return (1...32).contains(bytes.count)
        && bytes.allSatisfy { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }
    case .number(let digits): return Self.isNumber(bytes, digits: digits)
    case .bits: return Self.isNumber(bytes, digits: 20) && UInt64(String(decoding: bytes, as: UTF8.self)) != nil
    case .text(let limit): return bytes.count <= limit
    }
  }

  private static func isNumber(_ bytes: [UInt8], digits: Int) -> Bool {
    guard (1...digits).contains(bytes.count), bytes.count == 1 || bytes[0] != UInt8(ascii: "0") else { return false }
    return bytes.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
  }

  /// Bytes of a value at most: longer ones are not even read.
  var longest: Int {
    switch self {
    case .name: return Self.longestName
    case .word: return 32
    case .number(let digits): return digits
    case .bits: return 20
    case .text(let limit): return limit
    }
  }

  /// The same question in Lua, of a variable whose length is known not to exceed ``longest``.
  func lua(_ variable: String) -> String {
    switch self {
    case .name: return "string.find(\(variable), '^[!-9;-~]+$')"
    case .word: return "string.find(\(variable), '^[a-z]+$')"
    case .number: return "is_number(\(variable))"
    case .bits:
      return "(is_number(\(variable)) and (#\(variable) < 20 or \(variable) <= '\(UInt64.max)'))"
    case .text: return "true"
    }
  }
}
