internal import CPostgreSQL

/// Looks at a connection string as libpq does.
enum ConnectionString {
  /// Whether libpq can make sense of it. Where it cannot, its own message quotes the piece in question, which may be a
  /// part of the password: that message must not be shown.
  static func isWellFormed(_ text: String) -> Bool {
    guard let options = PQconninfoParse(text, nil) else { return false }
    PQconninfoFree(options)
    return isPortList(values(of: text)["port"] ?? "")
  }

  /// What a connection string says, by keyword; empty when libpq cannot make sense of it, or when it is a database's name.
  static func values(of text: String) -> [String: String] {
    guard let options = PQconninfoParse(text, nil) else { return [:] }
    defer { PQconninfoFree(options) }
    var values: [String: String] = [:]
    var option = options
    while let keyword = option.pointee.keyword {
      if let value = option.pointee.val { values[String(cString: keyword)] = String(cString: value) }
      option += 1
    }
    return values
  }

  /// Ports of one or more hosts; a password with an unescaped slash leaves something else here.
  private static func isPortList(_ text: String) -> Bool {
    text.split(separator: ",", omittingEmptySubsequences: false).allSatisfy { $0.isEmpty || UInt16($0) != nil }
  }
}
