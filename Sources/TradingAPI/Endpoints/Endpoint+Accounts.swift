internal import APIKit

extension Endpoint {
  private typealias Parameter = APIOperation.Parameter

  private static let symbolOrID = Parameter.path("symbol_or_asset_id", .any([.symbol, .uuid]), "Either will do.")

  /// The endpoints of positions.
  static let positions: [Endpoint] = [
    Endpoint(
      .get, "/v2/positions", .anyKey(GatewayService.listPositions),
      APIOperation(
        name: "listPositions", tag: "Positions", summary: "Lists what is held.",
        answer: .init(200, "Positions.", .array(.named("Position"))))),
    Endpoint(
      .delete, "/v2/positions", .tradingKey(GatewayService.closeAllPositions),
      APIOperation(
        name: "closePositions", tag: "Positions",
        summary: "Sells the free shares of every position at the market.",
        parameters: [.query("cancel_orders", .boolean, "Cancels all open orders first.")],
        answer: .init(
          207, "A status for each position.",
          .array(
            .object([
              .always("symbol", .string()), .always("status", .integer()),
              .always("body", .any([.named("Order"), .named("Error")])),
            ]))), refusals: [422])),
    Endpoint(
      .get, "/v2/positions/{symbol_or_asset_id}", .anyKey(GatewayService.showPosition),
      APIOperation(
        name: "getPosition", tag: "Positions",
        summary: "Shows a position.", parameters: [symbolOrID],
        answer: .init(200, "The position.", .named("Position")), refusals: [404])),
    Endpoint(
      .delete, "/v2/positions/{symbol_or_asset_id}", .tradingKey(GatewayService.closePosition),
      APIOperation(
        name: "closePosition", tag: "Positions",
        summary: "Sells a position's free shares, or some of them, at the market.",
        parameters: [
          symbolOrID, .query("qty", .sharesInput, "So many shares; excludes percentage."),
          .query(
            "percentage", .string(pattern: #"^[1-9][0-9]?(\\.[0-9]{1,6})?$"#),
            "This part of the position; excludes qty."),
        ], answer: .init(200, "The order is durable.", .named("Order")), refusals: [404, 422])),
  ]

  /// The account.
  static let accounts: [Endpoint] = [
    Endpoint(
      .get, "/v2/account", .anyKey(GatewayService.showAccount),
      APIOperation(
        name: "getAccount", tag: "Account",
        summary: "Shows the account and its money.",
        answer: .init(200, "The account.", .named("Account")))),
    Endpoint(
      .get, "/v2/account/configurations", .anyKey(GatewayService.showConfiguration),
      APIOperation(
        name: "getAccountConfigurations", tag: "Account",
        summary: "Shows what the account's holder has chosen.",
        answer: .init(200, "The choices.", .named("Configuration")))),
    Endpoint(
      .patch, "/v2/account/configurations", .tradingKey(GatewayService.changeConfiguration),
      APIOperation(
        name: "changeAccountConfigurations", tag: "Account",
        summary: "Changes the choices that the body names.", body: .named("ConfigurationChange"),
        answer: .init(200, "All choices.", .named("Configuration")), refusals: [413, 422])),
    Endpoint(
      .get, "/v2/account/portfolio/history", .anyKey(GatewayService.showPortfolioHistory),
      APIOperation(
        name: "getPortfolioHistory", tag: "Account",
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
        ], answer: .init(200, "Parallel lists.", .named("PortfolioHistory")), refusals: [422])),
    Endpoint(
      .get, "/v2/account/activities", .anyKey(GatewayService.listActivities),
      APIOperation(
        name: "listActivities", tag: "Account",
        summary: "Lists fills, and movements of cash and shares.",
        parameters: [
          .query("activity_types", .array(.word(activityTypes)), "Only these types, separated by commas."),
          .query(
            "category", .word(["trade_activity", "non_trade_activity"]), "Only fills, or all else; not with types."),
        ] + pageOfActivities, answer: .init(200, "Activities.", .array(.named("Activity"))), refusals: [422])),
    Endpoint(
      .get, "/v2/account/activities/{activity_type}", .anyKey(GatewayService.listActivities),
      APIOperation(
        name: "listActivitiesOfType", tag: "Account",
        summary: "Lists activities of a type.",
        parameters: [.path("activity_type", .word(activityTypes), "The type.")] + pageOfActivities,
        answer: .init(200, "Activities.", .array(.named("Activity"))), refusals: [422])),
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
}
