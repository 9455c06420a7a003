extension APIDescription {
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
