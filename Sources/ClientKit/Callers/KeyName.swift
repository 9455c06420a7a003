/// The public half of an API key as a request names it: checked, so that equal names are equal bytes.
///
/// Strings of Swift are equal when they are canonically equivalent: U+212A (the Kelvin sign) is equal to `K`, the bytes that
/// the database compares are not. A table keyed by unchecked names would answer for one key with what it knows of another.
package struct KeyName: Hashable, Sendable {
  /// Longest name that is looked up, in bytes.
  package static let maximumLength = 128

  /// The name.
  package let text: String

  /// Checks a name: 1 to ``maximumLength`` printable characters of ASCII without blanks; nil for any other.
  package init?(_ text: String) {
    guard (1...Self.maximumLength).contains(text.utf8.count), text.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
    else { return nil }
    self.text = text
  }
}
