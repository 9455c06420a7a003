extension APIDescription {
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
