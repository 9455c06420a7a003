internal import APIKit
internal import Market

extension Endpoint {
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
  static let marketData: [Endpoint] =
    rows(.trades, "Trade") + rows(.quotes, "Quote") + rows(.bars, "Bar", barParameters) + [
      Endpoint(
        .get, "/v2/stocks/auctions", .anyKey(GatewayService.showAuctions),
        APIOperation(
          name: "listAuctions", tag: "Market data",
          summary: "What the auctions of several symbols traded, by trading days, symbol by symbol.",
          parameters: [symbols] + feed + page,
          answer: .init(200, "By symbol.", auctions(.map(.array(.named("DailyAuctions"))))))),
      Endpoint(
        .get, "/v2/stocks/{symbol}/auctions", .anyKey(GatewayService.showAuctions),
        APIOperation(
          name: "listAuctionsOfSymbol", tag: "Market data",
          summary: "What the auctions of a symbol traded, by trading days.", parameters: [symbol] + feed + page,
          answer: .init(200, "A page.", auctions(.array(.named("DailyAuctions")))))),
      Endpoint(
        .get, "/v2/stocks/snapshots", .anyKey(GatewayService.showSnapshots),
        APIOperation(
          name: "getSnapshots", tag: "Market data",
          summary: "The latest trade, quote and bars of several symbols.", parameters: [symbols] + feed,
          answer: .init(200, "By symbol.", .map(.named("Snapshot"))))),
      Endpoint(
        .get, "/v2/stocks/{symbol}/snapshot", .anyKey(GatewayService.showSnapshots),
        APIOperation(
          name: "getSnapshot", tag: "Market data",
          summary: "The latest trade, quote and bars of a symbol.", parameters: [symbol] + feed,
          answer: .init(200, "The latest.", .named("Snapshot")))),
      Endpoint(
        .get, "/v2/stocks/{symbol}/depth", .anyKey(GatewayService.showDepth),
        APIOperation(
          name: "getDepth", tag: "Market data",
          summary: "The whole book, with what a client needs to follow it on the stream.",
          parameters: [symbol, levels],
          answer: .init(200, "The book.", .named("Depth")), refusals: [404])),
      Endpoint(
        .get, "/v2/stocks/{symbol}/orderbook", .anyKey(GatewayService.showOrderBook),
        APIOperation(
          name: "getOrderBook", tag: "Market data",
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
            ])), refusals: [404])),
      Endpoint(
        .get, "/v2/stocks/{symbol}/indication", .anyKey(GatewayService.showIndication),
        APIOperation(
          name: "getIndication", tag: "Market data",
          summary: "What the next auction would lead to if it were held now: the closing while the symbol trades.",
          parameters: [symbol], answer: .init(200, "The indication.", .named("Indication")), refusals: [404])),
      Endpoint(
        .get, "/v2/stocks/{symbol}/status", .anyKey(GatewayService.showStatus),
        APIOperation(
          name: "getTradingStatus", tag: "Market data",
          summary: "Whether and how a symbol trades: its session, halts, trading pauses, and its price band.",
          parameters: [symbol], answer: .init(200, "The status.", .named("TradingStatus")), refusals: [404])),
      Endpoint(
        .get, "/v2/stocks/meta/conditions/{tick_type}", .anyKey(GatewayService.showConditions),
        APIOperation(
          name: "getConditions", tag: "Market data",
          summary: "What the letters of conditions mean.",
          parameters: [
            .path("tick_type", .word(["trade", "quote"]), "Of what."),
            .query("tape", .word(["A", "B", "C", "O", "N"]), "Of which tape; all have the same here."),
          ],
          answer: .init(200, "By letter.", .map(.string())), refusals: [404])),
      Endpoint(
        .get, "/v2/stocks/meta/exchanges", .anyKey(GatewayService.showExchanges),
        APIOperation(
          name: "getExchanges", tag: "Market data",
          summary: "What the letters of exchanges mean.", answer: .init(200, "By letter.", .map(.string())))),
    ]

  private static func auctions(_ schema: APISchema) -> APISchema {
    .object([
      .perhaps("symbol", .string(), "Of a symbol in the path."), .always("auctions", schema),
      .always("next_page_token", .optional(.string()), "Null on the last page."),
    ])
  }

  /// History and latest values of one kind.
  private static func rows(_ kind: MarketRows, _ row: String, _ more: [Parameter] = []) -> [Endpoint] {
    let token = APIProperty.always("next_page_token", .optional(.string()), "Null on the last page.")
    let singular = row.lowercased()
    return [
      Endpoint(
        .get, "/v2/stocks/\(kind.rawValue)", .anyKey(GatewayService.history(of: kind)),
        APIOperation(
          name: "list\(row)s", tag: "Market data",
          summary: "The history of \(kind.rawValue) of several symbols, symbol by symbol.",
          parameters: [symbols] + feed + page + more,
          answer: .init(200, "By symbol.", .object([.always(kind.rawValue, .map(.array(.named(row)))), token])))),
      Endpoint(
        .get, "/v2/stocks/{symbol}/\(kind.rawValue)", .anyKey(GatewayService.history(of: kind)),
        APIOperation(
          name: "list\(row)sOfSymbol", tag: "Market data",
          summary: "The history of \(kind.rawValue) of a symbol.", parameters: [symbol] + feed + page + more,
          answer: .init(
            200, "A page.", .object([.always("symbol", .string()), .always(kind.rawValue, .array(.named(row))), token]))
        )),
      Endpoint(
        .get, "/v2/stocks/\(kind.rawValue)/latest", .anyKey(GatewayService.latest(of: kind)),
        APIOperation(
          name: "getLatest\(row)s", tag: "Market data",
          summary: "The latest \(singular) of each of several symbols.", parameters: [symbols] + feed,
          answer: .init(200, "By symbol.", .object([.always(kind.rawValue, .map(.named(row)))])))),
      Endpoint(
        .get, "/v2/stocks/{symbol}/\(kind.rawValue)/latest", .anyKey(GatewayService.latest(of: kind)),
        APIOperation(
          name: "getLatest\(row)", tag: "Market data",
          summary: "The latest \(singular) of a symbol.", parameters: [symbol] + feed,
          answer: .init(
            200, "The latest, or null.",
            .object([.always("symbol", .string()), .always(singular, .optional(.named(row)))])))),
    ]
  }
}
