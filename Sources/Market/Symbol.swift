/// The ticker symbol of an instrument: `AAPL`, `BRK.B`. Case-sensitive, 1 to 12 characters of A-Z, 0-9, `.`, `-`.
public struct Symbol: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// The symbol's text.
  public let description: String

  /// Checks the form; nil when it is not a symbol. A symbol begins with a letter.
  public init?(_ text: some StringProtocol) {
    guard (1...12).contains(text.utf8.count), let first = text.utf8.first else { return nil }
    guard first >= UInt8(ascii: "A"), first <= UInt8(ascii: "Z") else { return nil }
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
        UInt8(ascii: "."), UInt8(ascii: "-"):
        continue
      default: return nil
      }
    }
    description = String(text)
  }

  public static func < (a: Symbol, b: Symbol) -> Bool { a.description < b.description }
}
