/// What a path below `/v2/stocks` names.
enum StockRoute: Hashable {
  /// What histories and latest values there are.
  enum Kind: String, Hashable, CaseIterable {
    case trades
    case quotes
    case bars
  }

  /// A history: of one symbol in the path, or of those in the query.
  case history(Kind, String?)
  /// The latest of each.
  case latest(Kind, String?)
  /// Latest trade, quote and bars at once.
  case snapshot(String?)
  /// The whole book of a symbol.
  case depth(String)
  /// The same in the form of an order book for cryptocurrencies, which clients know.
  case orderBook(String)
  /// What the next auction would lead to.
  case indication(String)
  /// Whether and how it trades.
  case status(String)
  /// What auctions have traded: of one symbol in the path, or of those in the query.
  case auctions(String?)
  /// What the letters of conditions mean.
  case conditions(String)
  /// What the letters of exchanges mean.
  case exchanges

  /// Finds the route of the segments behind `/v2/stocks`.
  init?(_ segments: ArraySlice<String>) {
    let words = Array(segments)
    switch (words.count, words.last) {
    case (1, "snapshots"): self = .snapshot(nil)
    case (1, "auctions"): self = .auctions(nil)
    case (1, let kind?): self.init(kind, symbol: nil, isLatest: false)
    case (2, "exchanges") where words[0] == "meta": self = .exchanges
    case (2, "latest"): self.init(words[0], symbol: nil, isLatest: true)
    case (2, "snapshot"): self = .snapshot(words[0])
    case (2, "depth"): self = .depth(words[0])
    case (2, "orderbook"): self = .orderBook(words[0])
    case (2, "indication"): self = .indication(words[0])
    case (2, "status"): self = .status(words[0])
    case (2, "auctions"): self = .auctions(words[0])
    case (2, let kind?): self.init(kind, symbol: words[0], isLatest: false)
    case (3, let type?) where words[0] == "meta" && words[1] == "conditions": self = .conditions(type)
    case (3, "latest"): self.init(words[1], symbol: words[0], isLatest: true)
    default: return nil
    }
  }

  private init?(_ kind: String, symbol: String?, isLatest: Bool) {
    guard let kind = Kind(rawValue: kind) else { return nil }
    self = isLatest ? .latest(kind, symbol) : .history(kind, symbol)
  }
}
