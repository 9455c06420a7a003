internal import Market

extension APIDescription {
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
