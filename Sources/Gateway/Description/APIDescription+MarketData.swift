internal import Market

extension APIDescription {
  private typealias Parameter = APIOperation.Parameter

  private static let symbol = Parameter.path("symbol", .symbol, "The symbol.")
  private static let symbols = Parameter.required(
    "symbols", .array(.symbol, least: 1), "Symbols, separated by commas.")
  private static let feed = [
    Parameter.query(
      "feed", .word(["sip", "iex", "delayed_sip", "otc", "boats", "overnight"]), "All name the one feed there is."),
    .query("currency", .word(["USD"]), "The only one."),
  ]
  private static let page = [
    Parameter.query("start", .time, "The first moment; the beginning of the UTC day by default."),
    .query("end", .time, "The last moment; now by default."),
    .query("limit", .integer(1...10_000), "Most rows of a page; 1,000 by default."),
    .query("sort", .word(["asc", "desc"]), "By time; asc by default."),
    .query("page_token", .string(), "From the page before."),
    .query("asof", .date, "Read and not needed: symbols do not change hands."),
  ]
  private static let barParameters = [
    Parameter.query("timeframe", .string(pattern: "^[1-9][0-9]?(Min|Hour|Day|Week|Month)$"), "1Min by default."),
    .query("adjustment", .word(["raw", "split", "dividend", "spin-off", "all"]), "Nothing is to adjust."),
  ]
  private static let levels = Parameter.query("levels", .integer(1...999_999), "Most levels of a side.")

  /// Trades, quotes, bars and books.
  static let marketData: [APIOperation] =
    rows("trades", "Trade") + rows("quotes", "Quote") + rows("bars", "Bar", barParameters) + [
      APIOperation(
        method: .get, path: "/v2/stocks/auctions", name: "listAuctions", tag: "Market data",
        summary: "What the auctions of several symbols traded, by trading days, symbol by symbol.",
        parameters: [symbols] + feed + page,
        answer: .init(200, "By symbol.", auctions(.map(.array(.named("DailyAuctions")))))),
      APIOperation(
        method: .get, path: "/v2/stocks/{symbol}/auctions", name: "listAuctionsOfSymbol", tag: "Market data",
        summary: "What the auctions of a symbol traded, by trading days.", parameters: [symbol] + feed + page,
        answer: .init(200, "A page.", auctions(.array(.named("DailyAuctions"))))),
      APIOperation(
        method: .get, path: "/v2/stocks/snapshots", name: "getSnapshots", tag: "Market data",
        summary: "The latest trade, quote and bars of several symbols.", parameters: [symbols] + feed,
        answer: .init(200, "By symbol.", .map(.named("Snapshot")))),
      APIOperation(
        method: .get, path: "/v2/stocks/{symbol}/snapshot", name: "getSnapshot", tag: "Market data",
        summary: "The latest trade, quote and bars of a symbol.", parameters: [symbol] + feed,
        answer: .init(200, "The latest.", .named("Snapshot"))),
      APIOperation(
        method: .get, path: "/v2/stocks/{symbol}/depth", name: "getDepth", tag: "Market data",
        summary: "The whole book, with what a client needs to follow it on the stream.", parameters: [symbol, levels],
        answer: .init(200, "The book.", .named("Depth")), refusals: [404]),
      APIOperation(
        method: .get, path: "/v2/stocks/{symbol}/orderbook", name: "getOrderBook", tag: "Market data",
        summary: "The book in the form that clients know of other markets.", parameters: [symbol, levels],
        answer: .init(
          200, "The book.",
          .object([
            .always("symbol", .string()),
            .always(
              "orderbook",
              .object([
                .always("t", .time), .always("b", .array(.named("Level"))), .always("a", .array(.named("Level"))),
              ])),
          ])), refusals: [404]),
      APIOperation(
        method: .get, path: "/v2/stocks/{symbol}/indication", name: "getIndication", tag: "Market data",
        summary: "What the next auction would lead to if it were held now: the closing while the symbol trades.",
        parameters: [symbol], answer: .init(200, "The indication.", .named("Indication")), refusals: [404]),
      APIOperation(
        method: .get, path: "/v2/stocks/{symbol}/status", name: "getTradingStatus", tag: "Market data",
        summary: "Whether and how a symbol trades: its session, halts, trading pauses, and its price band.",
        parameters: [symbol], answer: .init(200, "The status.", .named("TradingStatus")), refusals: [404]),
      APIOperation(
        method: .get, path: "/v2/stocks/meta/conditions/{tick_type}", name: "getConditions", tag: "Market data",
        summary: "What the letters of conditions mean.",
        parameters: [
          .path("tick_type", .word(["trade", "quote"]), "Of what."),
          .query("tape", .word(["A", "B", "C", "O", "N"]), "Of which tape; all have the same here."),
        ],
        answer: .init(200, "By letter.", .map(.string())), refusals: [404]),
      APIOperation(
        method: .get, path: "/v2/stocks/meta/exchanges", name: "getExchanges", tag: "Market data",
        summary: "What the letters of exchanges mean.", answer: .init(200, "By letter.", .map(.string()))),
    ]

  private static func auctions(_ schema: APISchema) -> APISchema {
    .object([
      .perhaps("symbol", .string(), "Of a symbol in the path."), .always("auctions", schema),
      .always("next_page_token", .optional(.string()), "Null on the last page."),
    ])
  }

  /// History and latest values of one kind.
  private static func rows(_ kind: String, _ row: String, _ more: [Parameter] = []) -> [APIOperation] {
    let token = APIProperty.always("next_page_token", .optional(.string()), "Null on the last page.")
    let singular = row.lowercased()
    return [
      APIOperation(
        method: .get, path: "/v2/stocks/\(kind)", name: "list\(row)s", tag: "Market data",
        summary: "The history of \(kind) of several symbols, symbol by symbol.",
        parameters: [symbols] + feed + page + more,
        answer: .init(200, "By symbol.", .object([.always(kind, .map(.array(.named(row)))), token]))),
      APIOperation(
        method: .get, path: "/v2/stocks/{symbol}/\(kind)", name: "list\(row)sOfSymbol", tag: "Market data",
        summary: "The history of \(kind) of a symbol.", parameters: [symbol] + feed + page + more,
        answer: .init(
          200, "A page.", .object([.always("symbol", .string()), .always(kind, .array(.named(row))), token]))),
      APIOperation(
        method: .get, path: "/v2/stocks/\(kind)/latest", name: "getLatest\(row)s", tag: "Market data",
        summary: "The latest \(singular) of each of several symbols.", parameters: [symbols] + feed,
        answer: .init(200, "By symbol.", .object([.always(kind, .map(.named(row)))]))),
      APIOperation(
        method: .get, path: "/v2/stocks/{symbol}/\(kind)/latest", name: "getLatest\(row)", tag: "Market data",
        summary: "The latest \(singular) of a symbol.", parameters: [symbol] + feed,
        answer: .init(
          200, "The latest, or null.",
          .object([.always("symbol", .string()), .always(singular, .optional(.named(row)))]))),
    ]
  }

  static let marketDataSchemas: [String: APISchema] = [
    "Trade": .object([
      .always("t", .time), .always("x", .string(), "Exchange."), .always("p", .number, "Price."),
      .always("s", .integer(), "Size."), .always("c", .array(.string()), "Conditions."),
      .always("i", .integer(), "Number of the trade."), .always("z", .string(), "Tape."),
    ]),
    "Quote": .object([
      .always("t", .time), .always("ax", .string(), "Exchange of the ask."), .always("ap", .number, "Ask, or 0."),
      .always("as", .integer(), "Size at the ask."), .always("bx", .string(), "Exchange of the bid."),
      .always("bp", .number, "Bid, or 0."), .always("bs", .integer(), "Size at the bid."),
      .always("c", .array(.string()), "Conditions."), .always("z", .string(), "Tape."),
    ]),
    "Bar": .object([
      .always("t", .time, "Its beginning."), .always("o", .number, "First price."), .always("h", .number, "Highest."),
      .always("l", .number, "Lowest."), .always("c", .number, "Last."), .always("v", .integer(), "Shares."),
      .always("n", .integer(), "Trades."), .always("vw", .number, "Mean price of a share."),
    ]),
    "Snapshot": .object([
      .perhaps("symbol", .string()), .perhaps("latestTrade", .named("Trade")),
      .perhaps("latestQuote", .named("Quote")), .perhaps("minuteBar", .named("Bar"), "The last with a trade."),
      .perhaps("dailyBar", .named("Bar"), "Of the last day with a trade."),
      .perhaps("prevDailyBar", .named("Bar"), "Of the day with trades before it."),
    ]),
    "DailyAuctions": .object([
      .always("d", .date, "The trading day."),
      .always("o", .array(.named("Auction")), "Auctions that opened trading, or opened it again after a halt."),
      .always("c", .array(.named("Auction")), "Auctions at the close."),
    ]),
    "Auction": .object([
      .always("t", .time), .always("x", .string(), "Exchange."), .always("p", .number, "Price."),
      .always("s", .integer(), "Shares at that price."), .always("c", .string(), "Condition."),
    ]),
    "Level": .object([.always("p", .number, "Price."), .always("s", .integer(), "Shares.")]),
    "Indication": .object([
      .always("symbol", .string()), .always("t", .time),
      .always("phase", .word(["closed", "pre_open", "open", "halted"])),
      .always("price", .optional(.number), "Null when no price lets anything trade."),
      .always("paired", .integer(), "Shares that would trade."),
      .always("imbalance", .integer(), "Shares at that price or better that would be left over."),
      .always("imbalance_side", .optional(.word(["buy", "sell"]))),
    ]),
    "TradingStatus": .object([
      .always("symbol", .string()),
      .always("t", .time, "The last change of the session, the halt, the band or the limit state."),
      .always("status", .word(TradingStatus.State.allCases.map(\.rawValue))),
      .always("session_date", .optional(.date), "Null where there are no sessions."),
      .always("reason", .optional(.string()), "Why it is halted or paused."),
      .always("accepts_orders", .boolean),
      .always("resumes_at", .optional(.time), "When its pause ends."),
      .always(
        "band",
        .optional(
          .object([
            .always("lower", .number, "Limit down: outside of auctions nothing trades below it."),
            .always("upper", .number, "Limit up: outside of auctions nothing trades above it."),
            .always("reference", .number, "What the band stands around."), .always("tier", .integer()),
            .always(
              "limit_state", .optional(.word(["limit_down", "limit_up"])),
              "The end of the band that the best price has come to."),
          ])), "Null without a band, and while nothing trades."),
    ]),
    "Depth": .object([
      .always("symbol", .string()), .always("t", .time),
      .always("sequence", .integer(), "The command after which the book was so."),
      .always("checksum", .integer(), "CRC-32 of the whole book."), .always("b", .array(.named("Level")), "Bids."),
      .always("a", .array(.named("Level")), "Asks."),
    ]),
  ]
}
