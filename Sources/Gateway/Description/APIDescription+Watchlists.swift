extension APIDescription {
  private typealias Parameter = APIOperation.Parameter

  private static let id = Parameter.path("watchlist_id", .uuid, "The list's identifier.")
  private static let name = Parameter.required("name", .string(limit: 1...64), "The list's name.")
  private static let symbol = Parameter.path("symbol", .symbol, "The symbol.")

  /// Lists of symbols that clients keep.
  static let watchlists: [APIOperation] =
    [
      APIOperation(
        method: .get, path: "/v2/watchlists", name: "listWatchlists", tag: "Watchlists",
        summary: "Lists all watchlists, without their assets.",
        answer: .init(200, "Watchlists.", .array(.named("Watchlist")))),
      APIOperation(
        method: .post, path: "/v2/watchlists", name: "createWatchlist", tag: "Watchlists",
        summary: "Makes a watchlist.",
        body: .named("NewWatchlist"), answer: .init(200, "The list.", .named("Watchlist")), refusals: [413, 422]),
    ] + list("/v2/watchlists/{watchlist_id}", by: id, "", entry: "/v2/watchlists/{watchlist_id}/{symbol}")
    + list("/v2/watchlists:by_name", by: name, "ByName", entry: "/v2/watchlists:by_name/{symbol}")

  /// What there is to do with one list, which is named by its identifier or its name.
  private static func list(_ path: String, by key: Parameter, _ suffix: String, entry: String) -> [APIOperation] {
    let answer = APIOperation.Answer(200, "The list.", .named("Watchlist"))
    return [
      APIOperation(
        method: .get, path: path, name: "getWatchlist" + suffix, tag: "Watchlists", summary: "Shows a watchlist.",
        parameters: [key], answer: answer, refusals: [404, 422]),
      APIOperation(
        method: .put, path: path, name: "replaceWatchlist" + suffix, tag: "Watchlists",
        summary: "Changes the list's name, its symbols, or both.", parameters: [key],
        body: .named("WatchlistChange"), answer: answer, refusals: [404, 413, 422]),
      APIOperation(
        method: .post, path: path, name: "addToWatchlist" + suffix, tag: "Watchlists",
        summary: "Puts a symbol at the list's end.", parameters: [key],
        body: .object([.always("symbol", .symbol, "The symbol.")]), answer: answer, refusals: [404, 413, 422]),
      APIOperation(
        method: .delete, path: path, name: "deleteWatchlist" + suffix, tag: "Watchlists",
        summary: "Deletes a watchlist.", parameters: [key], answer: .init(204, "It is gone."), refusals: [404, 422]),
      APIOperation(
        method: .delete, path: entry, name: "removeFromWatchlist" + suffix, tag: "Watchlists",
        summary: "Takes a symbol off the list.",
        parameters: key.place == .path ? [key, symbol] : [symbol, key], answer: answer, refusals: [404, 422]),
    ]
  }

  static let watchlistSchemas: [String: APISchema] = [
    "Watchlist": .object([
      .always("id", .uuid), .always("account_id", .uuid), .always("created_at", .time), .always("updated_at", .time),
      .always("name", .string()), .perhaps("assets", .array(.named("Asset"))),
    ]),
    "NewWatchlist": .object([
      .always("name", .string(limit: 1...64), "Unique in the account."),
      .perhaps("symbols", .optional(.array(.symbol))),
    ]),
    "WatchlistChange": .object([
      .perhaps("name", .optional(.string(limit: 0...64))), .perhaps("symbols", .optional(.array(.symbol))),
    ]),
  ]
}
