/// Keeps secrets out of what is shown.
public enum Redaction {
  /// What stands in a secret's place.
  public static let replacement = "***"

  private static let secretWords = ["secret", "password", "token", "authorization", "credential"]

  /// Whether a field of this name would hold a secret.
  static func isSecret(_ name: String) -> Bool {
    let name = name.lowercased()
    return secretWords.contains { name.contains($0) }
  }

  /// The text with the passwords of its URLs (`scheme://user:password@host`) and of `password=…` pairs replaced.
  public static func hidingPasswords(in text: String) -> String {
    var shown = text
    if shown.contains("://") { shown = hidingURLPasswords(shown) }
    if shown.contains("password=") { shown = hidingPairs(shown) }
    return shown
  }

  private static func hidingURLPasswords(_ text: String) -> String {
    var shown = ""
    var rest = text[...]
    while let scheme = rest.firstRange(of: "://") {
      shown += rest[..<scheme.upperBound]
      rest = rest[scheme.upperBound...]
      // A password may hold a slash that should have been encoded: the last @ of the word ends it.
      let word = rest.prefix { !$0.isWhitespace && $0 != "\"" }
      guard let at = word.lastIndex(of: "@"), let colon = word[..<at].firstIndex(of: ":") else { continue }
      shown += rest[...colon] + replacement
      rest = rest[at...]
    }
    return shown + rest
  }

  private static func hidingPairs(_ text: String) -> String {
    var shown = ""
    var rest = text[...]
    while let name = rest.firstRange(of: "password=") {
      shown += rest[..<name.upperBound] + replacement
      rest = rest[name.upperBound...].drop { !$0.isWhitespace && $0 != "&" }
    }
    return shown + rest
  }
}
