internal import HTTP

/// What a path names.
enum Route: Hashable {
  case orders
  case order(String)
  case orderByClientID
  case account
  case configurations
  case portfolioHistory
  case activities
  case activitiesOfType(String)
  case positions
  case position(String)
  case assets
  case asset(String)
  case clock
  case calendar
  case watchlists
  case watchlist(String)
  case watchlistEntry(String, symbol: String)
  case watchlistByName
  case watchlistEntryByName(symbol: String)
  case announcements
  case announcement(String)
  case optionContracts
  case optionContract(String)
  case tradeSocket
  case tradeEvents
  case health
  case readiness
  case description
  case documentation
  case empty(EmptyList)
  case stocks(StockRoute)
  case dataStream

  /// Whether no key is asked for, or only later.
  var isOpen: Bool {
    switch self {
    case .health, .readiness, .description, .documentation, .tradeSocket, .dataStream: return true
    case .orders, .order, .orderByClientID, .account, .configurations, .portfolioHistory, .activities,
      .activitiesOfType, .positions, .position, .assets, .asset, .clock, .calendar, .watchlists, .watchlist,
      .watchlistEntry, .watchlistByName, .watchlistEntryByName, .announcements, .announcement, .optionContracts,
      .optionContract, .tradeEvents, .stocks, .empty:
      return false
    }
  }

  /// Finds the route of a path as it was sent; nil when there is nothing.
  ///
  /// Segments are decoded one by one, so that an encoded slash does not make two of one. Empty segments name nothing: a
  /// client that lost an identifier must not reach the list. All names in paths are ASCII: what is not names nothing.
  init?(rawPath: String) {
    // One client's library appends a slash and follows no redirect.
    if rawPath == "/stream" || rawPath == "/stream/" {
      self = .tradeSocket
      return
    }
    var segments: [String] = []
    for raw in rawPath.utf8.dropFirst().split(
      separator: UInt8(ascii: "/"), maxSplits: 4, omittingEmptySubsequences: false)
    {
      guard let segment = Self.decode(raw), !segment.isEmpty, segment.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
      segments.append(segment)
    }
    guard rawPath.utf8.first == UInt8(ascii: "/") else { return nil }
    switch (segments.first, segments.count) {
    case ("healthz", 1): self = .health
    case ("readyz", 1): self = .readiness
    case ("openapi.json", 1): self = .description
    case ("docs", 1): self = .documentation
    case ("v2", 3...) where segments[1] == "stocks":
      guard let route = StockRoute(segments[2...]) else { return nil }
      self = .stocks(route)
    case ("v1", 3) where segments[1...] == ["events", "trades"]: self = .tradeEvents
    case ("v1", _), ("v1beta1", _):
      guard let list = EmptyList(segments) else { return nil }
      self = .empty(list)
    case ("v2", 2): self.init(collection: segments[1])
    case ("v2", 3): self.init(collection: segments[1], member: segments[2])
    case ("v2", 4): self.init(collection: segments[1], member: segments[2], part: segments[3])
    default: return nil
    }
  }

  private init?(collection: String) {
    switch collection {
    case "orders": self = .orders
    case "orders:by_client_order_id": self = .orderByClientID
    case "account": self = .account
    case "positions": self = .positions
    case "assets": self = .assets
    case "clock": self = .clock
    case "calendar": self = .calendar
    case "iex", "sip": self = .dataStream
    case "watchlists": self = .watchlists
    case "watchlists:by_name": self = .watchlistByName
    default: return nil
    }
  }

  private init?(collection: String, member: String) {
    switch collection {
    case "orders": self = .order(member)
    case "positions": self = .position(member)
    case "assets": self = .asset(member)
    case "watchlists": self = .watchlist(member)
    case "watchlists:by_name": self = .watchlistEntryByName(symbol: member)
    case "account" where member == "configurations": self = .configurations
    case "account" where member == "activities": self = .activities
    case "corporate_actions" where member == "announcements": self = .announcements
    case "options" where member == "contracts": self = .optionContracts
    case "events" where member == "trades": self = .tradeEvents
    default: return nil
    }
  }

  private init?(collection: String, member: String, part: String) {
    switch (collection, member) {
    case ("account", "portfolio") where part == "history": self = .portfolioHistory
    case ("account", "activities"): self = .activitiesOfType(part)
    case ("watchlists", _): self = .watchlistEntry(member, symbol: part)
    case ("corporate_actions", "announcements"): self = .announcement(part)
    case ("options", "contracts"): self = .optionContract(part)
    default: return nil
    }
  }

  /// Percent-decodes a segment; nil when it is malformed or not UTF-8.
  private static func decode(_ raw: Substring.UTF8View) -> String? {
    guard raw.contains(UInt8(ascii: "%")) else { return String(Substring(raw)) }
    var bytes: [UInt8] = []
    var rest = raw[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard let high = rest.popFirst().flatMap(hex), let low = rest.popFirst().flatMap(hex) else { return nil }
      bytes.append(high << 4 | low)
    }
    return String(validating: bytes, as: UTF8.self)
  }

  private static func hex(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): return byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): return byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): return byte - UInt8(ascii: "A") + 10
    default: return nil
    }
  }
}

/// A method that some route knows. `HEAD` asks for what `GET` answers; the server leaves the body out.
enum Method: String, Hashable, CaseIterable {
  case get = "GET"
  case post = "POST"
  case put = "PUT"
  case patch = "PATCH"
  case delete = "DELETE"

  init?(_ request: HTTPRequest) {
    self.init(rawValue: request.method == "HEAD" ? "GET" : request.method)
  }
}
