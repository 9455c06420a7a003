internal import APIKit
internal import ClientKit
internal import HTTP
internal import JSON
internal import Market
internal import Ports

/// What a request wants of a watchlist.
enum WatchlistVerb: Hashable, Sendable {
  case show
  case replace
  case add
  case delete
  case remove
}

/// What names a watchlist in a request.
enum WatchlistKey: Hashable, Sendable {
  /// Its identifier, in the path.
  case id
  /// Its name, in the query.
  case name
}

extension GatewayService {
  /// `GET /v2/watchlists`
  func listWatchlists(_ request: EndpointRequest) async throws(APIError) -> HTTPResponse {
    let lists = try await reading { () async throws(StoreError) in
      try await accountStore.watchlists(of: request.account)
    }
    var writer = JSONWriter(capacity: 64 + 256 * lists.count)
    writer.beginArray()
    for list in lists { writer.watchlist(list, request.caller.accountID, nil) }
    writer.endArray()
    return .json(200, writer)
  }

  /// `POST /v2/watchlists`
  func createWatchlist(_ request: EndpointRequest) async throws(APIError) -> HTTPResponse {
    let json = try Self.object(request.body)
    guard let name = try Self.watchlistName(json) else {
      throw .field("watchlist name is required", reason: "missing_name")
    }
    let instruments = try await instruments(json) ?? []
    let id = UniqueID.random(high: random(), low: random())
    let outcome = try await reading { () async throws(StoreError) in
      try await accountStore.createWatchlist(id: id, name: name, instruments: instruments, of: request.account)
    }
    return try await answer(outcome, request.caller)
  }

  /// Answers everything about one list.
  static func watchlist(_ key: WatchlistKey, _ verb: WatchlistVerb) -> Endpoint.Handler {
    { gateway in { (request) async throws(APIError) in try await gateway.watchlist(key, verb, request) } }
  }

  private func watchlist(
    _ key: WatchlistKey, _ verb: WatchlistVerb, _ request: EndpointRequest
  ) async throws(APIError) -> HTTPResponse {
    let caller = request.caller
    let name =
      switch key {
      case .id: try Self.watchlistID(request["watchlist_id"])
      case .name: try Self.watchlistName(request.http)
      }
    switch verb {
    case .show:
      let list = try await reading { () async throws(StoreError) in
        try await accountStore.watchlist(name, of: caller.account)
      }
      return try await answer(list.map { .stored($0) } ?? .notFound, caller)
    case .delete:
      let isDeleted = try await reading { () async throws(StoreError) in
        try await accountStore.deleteWatchlist(name, of: caller.account)
      }
      guard isDeleted else { throw .watchlistNotFound }
      return HTTPResponse(status: 204)
    case .replace:
      let json = try Self.object(request.body)
      let change = WatchlistChange.replace(
        name: try Self.watchlistName(json), instruments: try await instruments(json))
      return try await self.change(name, change, caller)
    case .add:
      let json = try Self.object(request.body)
      guard let symbol = json.given("symbol")?.string else {
        throw .field("symbol is required", reason: "missing_symbol")
      }
      return try await change(name, .add(try await instrument(symbol).id), caller)
    case .remove:
      let symbol = request["symbol"]
      let now = now()
      let instrument = try await reading { () async throws(StoreError) in
        try await directory.instrument(named: symbol, now: now)
      }
      guard let instrument else { throw .watchlistNotFound }
      return try await change(name, .remove(instrument.id), caller)
    }
  }

  /// Reads a list's identifier from a path; what is no identifier names no list.
  static func watchlistID(_ text: String) throws(APIError) -> WatchlistName {
    guard let id = UniqueID(text) else { throw .watchlistNotFound }
    return .id(id)
  }

  /// Reads a list's name from a query.
  static func watchlistName(_ request: HTTPRequest) throws(APIError) -> WatchlistName {
    guard let name = request.parameter("name"), !name.isEmpty else {
      throw .field("name is required", reason: "missing_name")
    }
    guard !name.utf8.contains(0) else { throw .watchlistNotFound }
    return .name(name)
  }

  private func change(
    _ name: WatchlistName, _ change: WatchlistChange, _ caller: Caller
  ) async throws(APIError) -> HTTPResponse {
    let outcome = try await reading { () async throws(StoreError) in
      try await accountStore.changeWatchlist(name, change, of: caller.account)
    }
    return try await answer(outcome, caller)
  }

  private func answer(_ outcome: WatchlistOutcome, _ caller: Caller) async throws(APIError) -> HTTPResponse {
    switch outcome {
    case .notFound: throw .watchlistNotFound
    case .nameTaken: throw .field("watchlist name must be unique", reason: "duplicate_watchlist_name")
    case .full:
      throw APIError(
        422,
        "there may be \(Watchlist.maximumCount) watchlists with \(Watchlist.maximumInstruments) assets each at most",
        reason: "watchlist_limit")
    case .stored(let list):
      let now = now()
      let table = try await reading { () async throws(StoreError) in
        try await directory.table(now: now) { table in list.instruments.allSatisfy { table[$0] != nil } }
      }
      var writer = JSONWriter(capacity: 512 + 512 * list.instruments.count)
      writer.watchlist(list, caller.accountID, list.instruments.compactMap { table[$0] })
      return .json(200, writer)
    }
  }

  private func instrument(_ name: String) async throws(APIError) -> Instrument {
    let now = now()
    let instrument = try await reading { () async throws(StoreError) in
      try await directory.instrument(named: name, now: now)
    }
    guard let instrument else { throw APIError(RejectReason.unknownSymbol(name)) }
    return instrument
  }

  /// The instruments that a body names, each once; nil when it names none at all.
  private func instruments(_ json: JSONValue) async throws(APIError) -> [InstrumentID]? {
    guard let value = json.given("symbols") else { return nil }
    guard let symbols = value.array else { throw .field("invalid symbols", reason: "invalid_symbols") }
    var instruments: [InstrumentID] = []
    var seen: Set<InstrumentID> = []
    for symbol in symbols {
      guard let text = symbol.string else { throw .field("invalid symbols", reason: "invalid_symbols") }
      let id = try await instrument(text).id
      if seen.insert(id).inserted { instruments.append(id) }
    }
    return instruments
  }

  private static func watchlistName(_ json: JSONValue) throws(APIError) -> String? {
    guard let value = json.given("name") else { return nil }
    let isControl = { (scalar: Unicode.Scalar) in scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) }
    guard let name = value.string, name.unicodeScalars.count <= Watchlist.maximumNameLength,
      !name.unicodeScalars.contains(where: isControl)
    else {
      throw .field(
        "a watchlist name has at most \(Watchlist.maximumNameLength) characters without control characters",
        reason: "invalid_name")
    }
    return name
  }
}

extension APIError {
  static var watchlistNotFound: APIError { APIError(404, "watchlist not found", reason: "watchlist_not_found") }
}

extension JSONWriter {
  /// A list; with its instruments when they are given.
  fileprivate mutating func watchlist(_ list: Watchlist, _ account: UniqueID, _ instruments: [Instrument]?) {
    beginObject()
    key("id")
    id(list.id)
    key("account_id")
    id(account)
    key("created_at")
    time(list.createdAt)
    key("updated_at")
    time(list.updatedAt)
    key("name")
    string(list.name)
    if let instruments {
      key("assets")
      assets(instruments)
    }
    endObject()
  }
}
