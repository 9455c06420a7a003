extension APIDescription {
  private typealias Parameter = APIOperation.Parameter

  private static let orderID = Parameter.path("order_id", .uuid, "The order's identifier.")
  private static let idempotencyKey = Parameter(
    name: "Idempotency-Key", place: .header, schema: .string(pattern: "^[ -~]{1,255}$"),
    summary: "A name for the request: repeated with the same content, it gets the first answer.")

  /// Orders.
  static let orders: [APIOperation] = [
    APIOperation(
      method: .post, path: "/v2/orders", name: "submitOrder", tag: "Orders", summary: "Places an order.",
      parameters: [idempotencyKey], body: .named("NewOrder"),
      answer: .init(200, "The order is durable.", .named("Order")), refusals: [413, 422]),
    APIOperation(
      method: .get, path: "/v2/orders", name: "listOrders", tag: "Orders", summary: "Lists orders by submission.",
      parameters: [
        .query("status", .word(["open", "closed", "all"]), "Which; open by default."),
        .query("limit", .integer(1...500), "Most orders; 50 by default."),
        .query("after", .time, "Submitted after this moment."),
        .query("until", .time, "Submitted before this moment."),
        .query("direction", .word(["asc", "desc"]), "By submission; desc by default."),
        .query("symbols", .array(.string()), "Only these symbols, separated by commas."),
        .query("side", .word(["buy", "sell"]), "Only this side."),
        .query("nested", .boolean, "Legs of an order within it."),
        .query("asset_class", .array(.string()), "us_equity is all there is."),
        .query("after_order_id", .uuid, "Submitted after this order."),
        .query("before_order_id", .uuid, "Submitted before this order."),
      ], answer: .init(200, "Orders.", .array(.named("Order"))), refusals: [422]),
    APIOperation(
      method: .delete, path: "/v2/orders", name: "cancelOrders", tag: "Orders", summary: "Cancels all open orders.",
      answer: .init(
        207, "A status for each order.",
        .array(.object([.always("id", .uuid), .always("status", .integer()), .perhaps("body", .named("Error"))])))),
    APIOperation(
      method: .get, path: "/v2/orders/{order_id}", name: "getOrder", tag: "Orders", summary: "Shows an order.",
      parameters: [orderID, .query("nested", .boolean, "Its legs within it.")],
      answer: .init(200, "The order.", .named("Order")), refusals: [404, 422]),
    APIOperation(
      method: .patch, path: "/v2/orders/{order_id}", name: "replaceOrder", tag: "Orders",
      summary: "Puts a new order in an order's place.", parameters: [orderID, idempotencyKey],
      body: .named("OrderChange"), answer: .init(200, "The new order is durable.", .named("Order")),
      refusals: [404, 413, 422]),
    APIOperation(
      method: .delete, path: "/v2/orders/{order_id}", name: "cancelOrder", tag: "Orders", summary: "Cancels an order.",
      parameters: [orderID], answer: .init(204, "The cancel is durable; the order may still fill first."),
      refusals: [404, 422]),
    APIOperation(
      method: .get, path: "/v2/orders:by_client_order_id", name: "getOrderByClientID", tag: "Orders",
      summary: "Shows an order by its client's name for it.",
      parameters: [.required("client_order_id", .string(limit: 1...128), "The client's name.")],
      answer: .init(200, "The order.", .named("Order")), refusals: [404, 422]),
  ]

  static let orderSchemas: [String: APISchema] = [
    "NewOrder": .object([
      .always("symbol", .string(), "The symbol or the asset's identifier."),
      .always("qty", .decimalInput, "Whole shares."),
      .always("side", .word(["buy", "sell"])),
      .always("type", .word(OrderWords.types)),
      .always("time_in_force", .word(OrderWords.timesInForce)),
      .perhaps(
        "limit_price", .optional(.decimalInput), "Required for limit and stop-limit orders; cents from one dollar on."),
      .perhaps("stop_price", .optional(.decimalInput), "Required for stop and stop-limit orders."),
      .perhaps("trail_price", .optional(.decimalInput), "How far a trailing stop stays behind, in dollars."),
      .perhaps("trail_percent", .optional(.decimalInput), "The same in percent, with at most two decimals."),
      .perhaps("order_class", .optional(.word(["simple"] + OrderWords.classes)), "Orders that belong together."),
      .perhaps(
        "take_profit", .optional(.object([.perhaps("limit_price", .optional(.decimalInput))])),
        "The exit of a bracket, oco or oto order that takes a profit."),
      .perhaps(
        "stop_loss",
        .optional(
          .object([
            .perhaps("stop_price", .optional(.decimalInput)), .perhaps("limit_price", .optional(.decimalInput)),
          ])), "The exit of a bracket, oco or oto order that stops a loss."),
      .perhaps("client_order_id", .optional(.string(limit: 0...128)), "Unique for ever in the account."),
      .perhaps("extended_hours", .optional(.boolean)),
      .perhaps("post_only", .optional(.boolean), "Rejected instead of trading at entry."),
      .perhaps(
        "self_trade_prevention", .optional(.word(["cancel_newest", "cancel_oldest", "cancel_both"])),
        """
        What happens when it would meet an order of its own account. Without it such an order is refused; a stop, and the \
        exits of a class, which cannot know what will rest when their time comes, do as cancel_oldest.
        """),
    ]),
    "OrderChange": .object([
      .perhaps("qty", .optional(.decimalInput), "The whole order, what is filled included."),
      .perhaps("limit_price", .optional(.decimalInput)),
      .perhaps("stop_price", .optional(.decimalInput), "Of a stop or stop-limit order that waits."),
      .perhaps(
        "trail", .optional(.decimalInput), "Of a trailing-stop order that waits: dollars or percent, as it has it."),
      .perhaps("time_in_force", .optional(.word(OrderWords.timesInForce))),
      .perhaps("client_order_id", .optional(.string(limit: 0...128))),
    ]),
    "Order": .object(
      [
        .always("id", .uuid), .always("client_order_id", .string()), .always("created_at", .time),
        .always("updated_at", .time), .always("submitted_at", .time),
      ]
        + APIProperty.always(
          ["filled_at", "expired_at", "expires_at", "canceled_at", "failed_at", "replaced_at"], .optional(.time))
        + APIProperty.always(["replaced_by", "replaces"], .optional(.uuid)) + [
          .always("asset_id", .uuid), .always("symbol", .string()), .always("asset_class", .word(["us_equity"])),
          .always("notional", .optional(.decimal)), .always("qty", .optional(.decimal)),
          .always("filled_qty", .decimal), .always("filled_avg_price", .optional(.decimal)),
          .always("order_class", .word(OrderWords.classes)), .always("order_type", .word(OrderWords.types)),
          .always("type", .word(OrderWords.types)), .always("side", .word(["buy", "sell"])),
          .always("time_in_force", .word(OrderWords.timesInForce)), .always("limit_price", .optional(.decimal)),
          .always("status", .word(OrderWords.statuses)), .always("extended_hours", .boolean),
        ] + APIProperty.always(["stop_price", "trail_percent", "trail_price", "hwm"], .optional(.decimal)) + [
          .always("legs", .optional(.array(.named("Order")))),
          .perhaps("reason", .string(), "Of a single order: why it was rejected, cancelled or has expired."),
        ]),
  ]
}

/// The words of orders on the wire.
private enum OrderWords {
  static let types = ["limit", "market", "stop", "stop_limit", "trailing_stop"]
  static let timesInForce = ["day", "gtc", "ioc", "fok", "opg", "cls"]
  static let classes = ["", "bracket", "oco", "oto"]
  static let statuses = [
    "accepted", "new", "partially_filled", "filled", "canceled", "expired", "replaced", "rejected", "pending_cancel",
    "pending_replace", "held",
  ]
}
