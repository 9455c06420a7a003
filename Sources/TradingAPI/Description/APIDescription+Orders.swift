internal import Market

extension APIDescription {
  static let orderSchemas: [String: APISchema] = [
    "TradeEvent": .object([
      .always("event", .word(OrderWords.events)), .always("event_id", .eventID), .always("account_id", .uuid),
      .always("at", .time), .always("timestamp", .time), .perhaps("reason", .string(), "Why."),
      .perhaps("execution_id", .uuid, "Of an execution."), .perhaps("price", .decimal, "Of an execution."),
      .perhaps("qty", .decimal, "Shares of an execution."),
      .perhaps("position_qty", .decimal, "Shares of the account after an execution."),
      .always("order", .named("Order"), "As it was after the event."),
    ]),
    "NewOrder": .any(newOrders.map { .named($0.name) }),
    "OrderChange": .any(orderChanges.map { .named($0.name) }),
    "Order": .object(orderIdentity + orderTerms + orderClass),
  ].merging((newOrders + orderChanges).map { ($0.name, .object($0.members)) }) { first, _ in first }

  /// What can be placed, each kind with the members that it has.
  private static let newOrders: [(name: String, members: [APIProperty])] = [
    ("MarketOrder", placed(["market"], OrderWords.timesInForce)),
    (
      "LimitOrder",
      placed(["limit"], OrderWords.timesInForce) + [
        .always("limit_price", .priceInput, "Cents from one dollar on, else hundredths of a cent."),
        .perhaps("post_only", .optional(.boolean), "Rejected instead of trading at entry; of day and gtc orders."),
      ]
    ),
    ("StopOrder", placed(["stop"], ["day", "gtc"]) + [.always("stop_price", .priceInput)]),
    (
      "StopLimitOrder",
      placed(["stop_limit"], ["day", "gtc"]) + [
        .always("stop_price", .priceInput), .always("limit_price", .priceInput),
      ]
    ),
    (
      "TrailingStopOrder",
      placed(["trailing_stop"], ["day", "gtc"]) + [
        .always("trail_price", .priceInput, "How far it stays behind, in dollars.")
      ]
    ),
    (
      "TrailingStopOrderInPercent",
      placed(["trailing_stop"], ["day", "gtc"]) + [
        .always("trail_percent", .string(pattern: #"^[1-9][0-9]?(\\.[0-9]{1,2})?$"#), "How far it stays behind.")
      ]
    ),
    ("BracketOrder", classed("bracket") + [takeProfit, stopLoss]),
    ("OneCancelsOther", classed("oco") + [ownTakeProfit, stopLoss]),
    ("OneTriggersTakeProfit", classed("oto") + [takeProfit]),
    ("OneTriggersStopLoss", classed("oto") + [stopLoss]),
  ]

  /// What can be changed, by what the order has; several at once where it has them.
  private static let orderChanges: [(name: String, members: [APIProperty])] = [
    ("QuantityChange", changed + [.always("qty", .sharesInput, "The whole order, what is filled included.")]),
    (
      "LimitPriceChange",
      changed + [.always("limit_price", .priceInput), .perhaps("qty", .optional(.sharesInput), "The whole order.")]
    ),
    ("StopPriceChange", changed + [.always("stop_price", .priceInput, "Of a stop or stop-limit order that waits.")]),
    (
      "TrailChange",
      changed + [
        .always("trail", .priceInput, "Of a trailing-stop order that waits: dollars or percent, as it has it.")
      ]
    ),
  ]

  private static let changed: [APIProperty] = [
    .perhaps("time_in_force", .optional(.word(["day", "gtc", "ioc", "fok"])), "Orders for auctions keep theirs."),
    .perhaps("client_order_id", .optional(OrderWords.clientOrderID)),
  ]

  /// A limit order at the head of a class; one of another type has that type's prices.
  private static func classed(_ orderClass: String) -> [APIProperty] {
    placed(["limit"], ["day", "gtc"]) + [
      .always("limit_price", .priceInput), .always("order_class", .word([orderClass]), "Orders that belong together."),
    ]
  }

  private static let takeProfit = APIProperty.always(
    "take_profit",
    .object([.always("limit_price", .priceInput), .perhaps("client_order_id", .optional(OrderWords.clientOrderID))]),
    "The exit that takes a profit.")
  private static let ownTakeProfit = APIProperty.always(
    "take_profit", .object([.always("limit_price", .priceInput)]), "The order itself, which counts before limit_price.")
  private static let stopLoss = APIProperty.always(
    "stop_loss",
    .object([
      .always("stop_price", .priceInput), .perhaps("limit_price", .optional(.priceInput)),
      .perhaps("client_order_id", .optional(OrderWords.clientOrderID)),
    ]), "The exit that stops a loss.")

  /// What all kinds of new orders have.
  private static func placed(_ types: [String], _ times: [String]) -> [APIProperty] {
    [
      .always("symbol", .symbol, "The symbol; an asset's identifier is understood too."),
      .always("qty", .sharesInput, "Whole shares."),
      .always("side", .word(["buy", "sell"])), .always("type", .word(types)), .always("time_in_force", .word(times)),
      .perhaps("client_order_id", .optional(OrderWords.clientOrderID), "Unique for ever in the account."),
      .perhaps(
        "position_intent", .optional(.word(OrderWords.intents)),
        "What it is to do to the position; refused when it would do something else. Nobody sells short."),
      .perhaps(
        "self_trade_prevention", .optional(.word(["cancel_newest", "cancel_oldest", "cancel_both"])),
        """
        What happens when it would meet an order of its own account. Without it such an order is refused; a stop, and the \
        exits of a class, which cannot know what will rest when their time comes, do as cancel_oldest.
        """),
    ]
  }

  private static let orderIdentity: [APIProperty] =
    [
      .always("id", .uuid), .always("client_order_id", .string()), .always("created_at", .time),
      .always("updated_at", .time), .always("submitted_at", .time),
      .always("expires_at", .time, "When it ends at the latest; where the market keeps no hours, the clock's close."),
      .always("asset_id", .uuid), .always("symbol", .string()), .always("asset_class", .word(["us_equity"])),
    ]
    + APIProperty.always(["filled_at", "expired_at", "canceled_at", "failed_at", "replaced_at"], .optional(.time))
    + APIProperty.always(["replaced_by", "replaces"], .optional(.uuid))

  private static let orderTerms: [APIProperty] =
    [
      .always("notional", .optional(.decimal)), .always("qty", .optional(.decimal)),
      .always("filled_qty", .decimal), .always("filled_avg_price", .optional(.decimal)),
      .always("order_class", .word(OrderWords.classes)), .always("order_type", .word(OrderWords.types)),
      .always("type", .word(OrderWords.types)), .always("side", .word(["buy", "sell"])),
      .always("time_in_force", .word(OrderWords.timesInForce)), .always("limit_price", .optional(.decimal)),
      .always("status", .word(OrderWords.statuses)), .always("extended_hours", .boolean),
    ] + APIProperty.always(["stop_price", "trail_percent", "trail_price", "hwm"], .optional(.decimal))

  private static let orderClass: [APIProperty] = [
    .always("legs", .optional(.array(.named("Order"))), "Where lists are asked for nested."),
    .always("position_intent", .word(OrderWords.intents)),
    .perhaps("group_id", .uuid, "Names the bracket, oco or oto order that it belongs to, in all lists and events."),
    .perhaps("group_role", .word(["entry", "take_profit", "stop_loss"]), "What it is to that."),
    .perhaps("reason", .string(), "Of a single order: why it was rejected, cancelled or has expired."),
  ]
}

extension APISchema {
  /// The name of an event: a ULID.
  static let eventID = APISchema.string(pattern: "^[0-7][0-9A-HJKMNP-TV-Z]{25}$")
}

/// The words of orders on the wire.
private enum OrderWords {
  static let types = ["limit", "market", "stop", "stop_limit", "trailing_stop"]
  static let timesInForce = ["day", "gtc", "ioc", "fok", "opg", "cls"]
  static let classes = ["", "bracket", "oco", "oto"]
  static let clientOrderID = APISchema.string(pattern: "^[ -~]{1,128}$")
  static let intents = PositionIntent.allCases.map(\.rawValue)
  static let events = [
    "new", "partial_fill", "fill", "canceled", "replaced", "rejected", "expired", "accepted", "restated",
    "order_cancel_rejected", "order_replace_rejected",
  ]
  static let statuses = [
    "accepted", "new", "partially_filled", "filled", "canceled", "expired", "replaced", "rejected", "pending_cancel",
    "pending_replace", "held",
  ]
}
