internal import Lifecycle
internal import Market

/// Which instruments a command means.
enum InstrumentScope: Sendable {
  case one(Symbol)
  case all
}

extension CommandLineOptions {
  /// Reads a symbol, or that all are meant.
  mutating func instrumentScope() -> InstrumentScope {
    let all = flag("all", help: "All instruments, one after the other, instead of SYMBOL.")
    guard let text = optionalArgument("SYMBOL", help: "The instrument, such as AAPL.") else {
      if !all { mistake("SYMBOL or --all is needed") }
      return .all
    }
    if all { mistake("--all and SYMBOL exclude each other") }
    if let symbol = Symbol(text) { return .one(symbol) }
    mistake("SYMBOL: \"\(text)\" is not a symbol: 1 to 12 of A-Z, 0-9, . and -, a letter first")
    return .all
  }
}
