extension APIDescription {
  private typealias Parameter = APIOperation.Parameter

  private static let symbolOrID = Parameter.path("symbol_or_asset_id", .any([.symbol, .uuid]), "Either will do.")

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
        symbolOrID, .query("qty", .sharesInput, "So many shares; excludes percentage."),
        .query(
          "percentage", .string(pattern: #"^[1-9][0-9]?(\\.[0-9]{1,6})?$"#), "This part of the position; excludes qty."),
      ], answer: .init(200, "The order is durable.", .named("Order")), refusals: [404, 422]),
  ]

  /// The account.
  static let accounts: [APIOperation] = [
    APIOperation(
      method: .get, path: "/v2/account", name: "getAccount", tag: "Account",
      summary: "Shows the account and its money.",
      answer: .init(200, "The account.", .named("Account"))),
    APIOperation(
      method: .get, path: "/v2/account/configurations", name: "getAccountConfigurations", tag: "Account",
      summary: "Shows what the account's holder has chosen.",
      answer: .init(200, "The choices.", .named("Configuration"))),
    APIOperation(
      method: .patch, path: "/v2/account/configurations", name: "changeAccountConfigurations", tag: "Account",
      summary: "Changes the choices that the body names.", body: .named("ConfigurationChange"),
      answer: .init(200, "All choices.", .named("Configuration")), refusals: [413, 422]),
    APIOperation(
      method: .get, path: "/v2/account/portfolio/history", name: "getPortfolioHistory", tag: "Account",
      summary: "Shows how the account's equity went.",
      parameters: [
        .query("period", .string(pattern: "^[1-9][0-9]{0,3}[DWMA]$"), "Days, weeks, months or years; 1M by default."),
        .query("timeframe", .word(["1Min", "5Min", "15Min", "1H", "1D"]), "By the length of the period by default."),
        .query("start", .time, "The first moment, in place of a period."),
        .query("end", .time, "The last moment; now by default."),
        .query(
          "intraday_reporting", .word(["market_hours", "extended_hours", "continuous"]), "Which hours of a day."),
        .query("extended_hours", .boolean, "The older name of intraday_reporting=extended_hours."),
        .query("pnl_reset", .word(["per_day", "no_reset"]), "Whether profit begins anew each day."),
        .query("date_end", .date, "The older name of end."), .query("date_start", .date, "The older name of start."),
        .query(
          "cashflow_types", .string(),
          "ALL, NONE, or types of activities separated by commas: what came and went by the end of each window."),
      ], answer: .init(200, "Parallel lists.", .named("PortfolioHistory")), refusals: [422]),
    APIOperation(
      method: .get, path: "/v2/account/activities", name: "listActivities", tag: "Account",
      summary: "Lists fills, and movements of cash and shares.",
      parameters: [
        .query("activity_types", .array(.word(activityTypes)), "Only these types, separated by commas."),
        .query(
          "category", .word(["trade_activity", "non_trade_activity"]), "Only fills, or all else; not with types."),
      ] + pageOfActivities, answer: .init(200, "Activities.", .array(.named("Activity"))), refusals: [422]),
    APIOperation(
      method: .get, path: "/v2/account/activities/{activity_type}", name: "listActivitiesOfType", tag: "Account",
      summary: "Lists activities of a type.",
      parameters: [.path("activity_type", .word(activityTypes), "The type.")] + pageOfActivities,
      answer: .init(200, "Activities.", .array(.named("Activity"))), refusals: [422]),
  ]

  private static let activityTypes = ["FILL", "CSD", "CSW", "JNLS", "JNL", "TRANS", "DIV", "FEE", "INT"]

  private static let pageOfActivities: [Parameter] = [
    .query("after", .time, "After this moment."), .query("until", .time, "Before this moment."),
    .query("date", .date, "On this day in New York."),
    .query("order_id", .uuid, "Only fills of this order."),
    .query("direction", .word(["asc", "desc"]), "By time; desc by default."),
    .query("page_size", .integer(1...100), "Most activities; 100 by default."),
    .query("page_token", .string(), "The id of the last activity of the page before."),
  ]

  static let accountSchemas: [String: APISchema] = [
    "Position": .object(
      [.always("asset_id", .uuid)] + APIProperty.always(["symbol", "exchange"], .string()) + [
        .always("asset_class", .word(["us_equity"])), .always("asset_marginable", .boolean),
        .always("side", .word(["long"])),
        .always("qty", .decimal), .always("qty_available", .decimal),
        .always(
          "avg_entry_price", .decimal,
          "What a share cost on average, by the executions in their order; a sale never changes it."),
        .always("cost_basis", .decimal, "What the position's shares cost: their part of what was bought."),
      ]
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
        .always("equity", .decimal, "Cash and shares at the last prices, all of one moment."),
      ]
        + APIProperty.always(
          [
            "cash", "buying_power", "regt_buying_power", "non_marginable_buying_power", "effective_buying_power",
            "portfolio_value", "last_equity", "long_market_value", "short_market_value",
            "position_market_value", "initial_margin", "maintenance_margin", "last_maintenance_margin",
            "daytrading_buying_power", "options_buying_power", "sma", "accrued_fees",
          ], .decimal)
        + APIProperty.always(
          [
            "trading_blocked", "transfers_blocked", "account_blocked", "shorting_enabled", "trade_suspended_by_user",
            "pattern_day_trader",
          ], .boolean) + [.always("daytrade_count", .integer())]),
    "Configuration": .object([
      .always("dtbp_check", .word(["both", "entry", "exit"])), .always("pdt_check", .word(["both", "entry", "exit"])),
      .always("trade_confirm_email", .word(["all", "none"])),
      .always("suspend_trade", .boolean, "Refuses new orders until it is taken back."),
      .always("ptp_no_exception_entry", .boolean), .always("no_shorting", .boolean, "Always true."),
      .always("fractional_trading", .boolean, "Always false."),
      .always("max_margin_multiplier", .word(["1"])), .always("max_options_trading_level", .integer(0...0)),
      .always("disable_overnight_trading", .boolean),
    ]),
    "ConfigurationChange": .object([
      .perhaps("dtbp_check", .optional(.word(["both", "entry", "exit"]))),
      .perhaps("pdt_check", .optional(.word(["both", "entry", "exit"]))),
      .perhaps("trade_confirm_email", .optional(.word(["all", "none"]))),
      .perhaps("suspend_trade", .optional(.boolean)), .perhaps("ptp_no_exception_entry", .optional(.boolean)),
      .perhaps("no_shorting", .optional(.boolean)), .perhaps("fractional_trading", .optional(.boolean)),
      .perhaps("max_margin_multiplier", .optional(.decimalInput)),
      .perhaps("max_options_trading_level", .optional(.integer())),
    ]),
    "PortfolioHistory": .object(
      [.always("timestamp", .array(.integer()), "Beginnings of windows, in seconds since 1970.")]
        + APIProperty.always(["equity", "profit_loss", "profit_loss_pct"], .array(.number)) + [
          .always("base_value", .number), .always("base_value_asof", .date), .always("timeframe", .string()),
          .perhaps("cashflow", .map(.array(.number)), "By type, when it was asked for."),
        ]),
    "Activity": .object(
      [
        .always("id", .string()), .always("account_id", .uuid), .always("activity_type", .string()),
        .perhaps("transaction_time", .time, "Of a fill, as the following."),
        .perhaps("type", .word(["fill", "partial_fill"])), .perhaps("side", .word(["buy", "sell"])),
        .perhaps("order_id", .uuid), .perhaps("order_status", .word(["filled", "partially_filled"])),
        .perhaps("symbol", .string()),
        .perhaps("date", .date, "Of a movement of cash or shares, as the following."), .perhaps("created_at", .time),
        .perhaps("status", .word(["executed"])),
      ]
        + ["price", "qty", "leaves_qty", "cum_qty", "net_amount"].map { .perhaps($0, .decimal) }),
  ]
}
