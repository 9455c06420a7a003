extension APIDescription {
  private typealias Parameter = APIOperation.Parameter

  private static let symbolOrID = Parameter.path("symbol_or_asset_id", .string(limit: 1...64), "Either will do.")

  /// Positions.
  static let positions: [APIOperation] = [
    APIOperation(
      method: .get, path: "/v2/positions", name: "listPositions", tag: "Positions", summary: "Lists what is held.",
      answer: .init(200, "Positions.", .array(.named("Position")))),
    APIOperation(
      method: .delete, path: "/v2/positions", name: "closePositions", tag: "Positions",
      summary: "Sells the free shares of every position at the market.",
      parameters: [.query("cancel_orders", .boolean, "Cancels all open orders first.")],
      answer: .init(
        207, "A status for each position.",
        .array(
          .object([
            .always("symbol", .string()), .always("status", .integer()),
            .always("body", .any([.named("Order"), .named("Error")])),
          ]))), refusals: [422]),
    APIOperation(
      method: .get, path: "/v2/positions/{symbol_or_asset_id}", name: "getPosition", tag: "Positions",
      summary: "Shows a position.", parameters: [symbolOrID],
      answer: .init(200, "The position.", .named("Position")), refusals: [404]),
    APIOperation(
      method: .delete, path: "/v2/positions/{symbol_or_asset_id}", name: "closePosition", tag: "Positions",
      summary: "Sells a position's free shares, or some of them, at the market.",
      parameters: [
        symbolOrID, .query("qty", .decimal, "So many shares."),
        .query("percentage", .decimal, "This part of the position; excludes qty."),
      ], answer: .init(200, "The order is durable.", .named("Order")), refusals: [404, 422]),
  ]

  /// The account.
  static let accounts: [APIOperation] = [
    APIOperation(
      method: .get, path: "/v2/account", name: "getAccount", tag: "Account",
      summary: "Shows the account and its money.",
      answer: .init(200, "The account.", .named("Account")))
  ]

  static let accountSchemas: [String: APISchema] = [
    "Position": .object(
      [.always("asset_id", .uuid)] + APIProperty.always(["symbol", "exchange"], .string()) + [
        .always("asset_class", .word(["us_equity"])), .always("asset_marginable", .boolean),
        .always("side", .word(["long"])),
      ] + APIProperty.always(["qty", "qty_available", "avg_entry_price", "cost_basis"], .decimal)
        + APIProperty.always(
          [
            "market_value", "current_price", "unrealized_pl", "unrealized_plpc", "unrealized_intraday_pl",
            "unrealized_intraday_plpc", "lastday_price", "change_today",
          ], .optional(.decimal))),
    "Account": .object(
      [
        .always("id", .uuid), .always("account_number", .string()), .always("status", .string()),
        .always("currency", .word(["USD"])), .always("created_at", .time), .always("balance_asof", .date),
        .always("multiplier", .decimal),
      ]
        + APIProperty.always(
          [
            "cash", "buying_power", "regt_buying_power", "non_marginable_buying_power", "effective_buying_power",
            "equity", "portfolio_value", "last_equity", "long_market_value", "short_market_value",
            "position_market_value", "initial_margin", "maintenance_margin", "last_maintenance_margin",
            "daytrading_buying_power", "options_buying_power", "sma", "accrued_fees",
          ], .decimal)
        + APIProperty.always(
          [
            "trading_blocked", "transfers_blocked", "account_blocked", "shorting_enabled", "trade_suspended_by_user",
            "pattern_day_trader",
          ], .boolean) + [.always("daytrade_count", .integer())]),
  ]
}
