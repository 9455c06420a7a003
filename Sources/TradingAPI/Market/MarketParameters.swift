internal import APIKit
internal import ClientKit
internal import Market
internal import Ports

/// What a question for market data asks for, beside its symbols.
struct MarketParameters {
  /// Most rows on a page.
  static let maximumLimit = 10_000
  /// Rows on a page when nobody says.
  static let defaultLimit = 1_000
  /// Most symbols in a question.
  static let maximumSymbols = 2_000

  private let values: QueryValues

  /// Checks what all questions may carry and what changes nothing here: there is one feed, one currency, and no action of a
  /// company that would adjust prices.
  init(_ query: [(name: String, value: String)]) throws(APIError) {
    values = QueryValues(query)
    try check("feed", ["sip", "iex", "delayed_sip", "otc", "boats", "overnight"])
    try check("adjustment", ["raw", "split", "dividend", "spin-off", "all"], isList: true)
    try check("sort", ["asc", "desc"])
    if let currency = values.text("currency"), currency.uppercased() != "USD" {
      throw .marketData("currency \(currency) is not supported: all prices are in USD", reason: "not_supported")
    }
    if let asof = values.text("asof"), asof != "-", Day(asof) == nil { throw .badParameter("asof") }
  }

  /// The symbols of a question, each once, by name.
  func symbols() throws(APIError) -> [Symbol] {
    guard let names = values.list("symbols"), !names.isEmpty else {
      throw .marketData("symbols is required", reason: "missing_symbols")
    }
    var symbols: Set<Symbol> = []
    for name in names { symbols.insert(try Self.symbol(name)) }
    guard symbols.count <= Self.maximumSymbols else {
      throw .marketData("at most \(Self.maximumSymbols) symbols are answered at once", reason: "too_many_symbols")
    }
    return symbols.sorted()
  }

  /// One symbol.
  static func symbol(_ name: String) throws(APIError) -> Symbol {
    guard let symbol = Symbol(name.drop { $0 == " " }) else {
      throw .marketData("invalid symbol: \(name.prefix(40))", reason: "invalid_symbol")
    }
    return symbol
  }

  /// The part of the history: from the beginning of the UTC day to now when nobody says.
  func span(now: Timestamp) throws(APIError) -> (span: MarketSpan, token: MarketPageToken?) {
    let start = try moment("start") ?? now.day.start
    let end = try moment("end") ?? now
    var token: MarketPageToken?
    if let text = values.text("page_token") {
      token = MarketPageToken(text)
      guard token != nil else { throw .badParameter("page_token") }
    }
    guard start <= end else { throw .marketData("end should not be before start", reason: "end_before_start") }
    var limit = Self.defaultLimit
    if let text = values.text("limit") {
      guard let number = Int(text), (1...Self.maximumLimit).contains(number) else {
        throw .marketData("limit must be between 1 and \(Self.maximumLimit)", reason: "invalid_limit")
      }
      limit = number
    }
    let span = MarketSpan(
      start: QuestionTime.bounded(start), end: QuestionTime.bounded(end), ascending: values.text("sort") != "desc",
      limit: limit, after: token?.cursor)
    return (span, token)
  }

  /// The length of the bars: one minute when nobody says.
  func frame() throws(APIError) -> BarFrame {
    guard let text = values.text("timeframe") else { return .minutes(1) }
    guard let frame = BarFrame(text) else {
      throw .marketData("invalid timeframe: \(text.prefix(40))", reason: "invalid_timeframe")
    }
    return frame
  }

  /// Levels a side that are asked for; nil for all.
  func levels() throws(APIError) -> Int? {
    guard let text = values.text("levels") else { return nil }
    guard text.utf8.count <= 6, let number = Int(text), number > 0 else { throw .badParameter("levels") }
    return number
  }

  private func moment(_ name: String) throws(APIError) -> Timestamp? {
    guard let text = values.text(name) else { return nil }
    guard let time = Timestamp(text) else { throw .badParameter(name) }
    return time
  }

  private func check(_ name: String, _ words: Set<String>, isList: Bool = false) throws(APIError) {
    let given = isList ? values.list(name) ?? [] : values.text(name).map { [$0] } ?? []
    guard given.allSatisfy(words.contains) else { throw .badParameter(name) }
  }
}

extension APIError {
  /// A question for market data that cannot be answered.
  static func marketData(_ message: String, reason: String) -> APIError { APIError(400, message, reason: reason) }

  /// A parameter that cannot be read.
  fileprivate static func badParameter(_ name: String) -> APIError {
    marketData("invalid \(name)", reason: "invalid_\(name)")
  }
}
