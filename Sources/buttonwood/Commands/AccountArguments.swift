internal import JSON
internal import Lifecycle
internal import Market
internal import Ports

extension CommandLineOptions {
  /// Reads the account that a command is about.
  mutating func account() -> AccountName {
    let text = argument("ACCOUNT", help: "The account: its account_id or its number.")
    if let name = AccountName(text) { return name }
    if !text.isEmpty { mistake("ACCOUNT: \"\(text)\" is neither an account_id (a UUID) nor a number") }
    return .number(AccountNumber(rawValue: 0))
  }

  /// Reads the symbol that a command is about.
  mutating func symbol() -> Symbol {
    let text = argument("SYMBOL", help: "The instrument, such as AAPL.")
    if let symbol = Symbol(text) { return symbol }
    if !text.isEmpty { mistake("SYMBOL: \"\(text)\" is not a symbol: 1 to 12 of A-Z, 0-9, . and -, a letter first") }
    return Symbol("A")!
  }

  /// Reads the name under which a movement happens once.
  mutating func reference() -> String? {
    optionalText(
      "reference", "TEXT", variable: .none,
      help:
        "Names the movement: with an equal one recorded already, nothing moves and the status is 0; with another, it fails."
    )
  }
}

extension RecordedMovement {
  /// What a command prints of it.
  func report(asJSON: Bool, _ what: String) -> String {
    guard asJSON else {
      return isRepeat
        ? "reference \"\(reference)\" is recorded already with equal content; nothing moved\n"
        : "\(what); reference \(reference)\n"
    }
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("reference")
    writer.string(reference)
    writer.key("repeated")
    writer.bool(isRepeat)
    writer.endObject()
    return writer.line
  }
}
