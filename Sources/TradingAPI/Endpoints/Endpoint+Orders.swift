internal import APIKit
internal import Market

extension Endpoint {
  private typealias Parameter = APIOperation.Parameter

  private static let orderID = Parameter.path("order_id", .uuid, "The order's identifier.")
  private static let idempotencyKey = Parameter(
    name: "Idempotency-Key", place: .header, schema: .string(pattern: "^[ -~]{1,255}$"),
    summary: "A name for the request: repeated with the same content, it gets the first answer.")

  /// The endpoints of orders.
  static let orders: [Endpoint] = [
    Endpoint(
      .post, "/v2/orders", .tradingKey(GatewayService.placeOrder),
      APIOperation(
        name: "submitOrder", tag: "Orders", summary: "Places an order.",
        parameters: [idempotencyKey], body: .named("NewOrder"),
        answer: .init(200, "The order is durable.", .named("Order")), refusals: [413, 422])),
    Endpoint(
      .get, "/v2/orders", .anyKey(GatewayService.listOrders),
      APIOperation(
        name: "listOrders", tag: "Orders", summary: "Lists orders by submission.",
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
        ], answer: .init(200, "Orders.", .array(.named("Order"))), refusals: [422])),
    Endpoint(
      .delete, "/v2/orders", .tradingKey(GatewayService.cancelAllOrders),
      APIOperation(
        name: "cancelOrders", tag: "Orders", summary: "Cancels all open orders.",
        answer: .init(
          207, "A status for each order.",
          .array(.object([.always("id", .uuid), .always("status", .integer()), .perhaps("body", .named("Error"))]))))),
    Endpoint(
      .get, "/v2/orders/{order_id}", .anyKey(GatewayService.showOrder),
      APIOperation(
        name: "getOrder", tag: "Orders", summary: "Shows an order.",
        parameters: [orderID, .query("nested", .boolean, "Its legs within it.")],
        answer: .init(200, "The order.", .named("Order")), refusals: [404, 422])),
    Endpoint(
      .patch, "/v2/orders/{order_id}", .tradingKey(GatewayService.replaceOrder),
      APIOperation(
        name: "replaceOrder", tag: "Orders",
        summary: "Puts a new order in an order's place.", parameters: [orderID, idempotencyKey],
        body: .named("OrderChange"), answer: .init(200, "The new order is durable.", .named("Order")),
        refusals: [404, 413, 422])),
    Endpoint(
      .delete, "/v2/orders/{order_id}", .tradingKey(GatewayService.cancelOrder),
      APIOperation(
        name: "cancelOrder", tag: "Orders", summary: "Cancels an order.",
        parameters: [orderID], answer: .init(204, "The cancel is durable; the order may still fill first."),
        refusals: [404, 422])),
    Endpoint(
      .get, "/v2/orders:by_client_order_id", .anyKey(GatewayService.showOrderByClientID),
      APIOperation(
        name: "getOrderByClientID", tag: "Orders",
        summary: "Shows an order by its client's name for it.",
        parameters: [.required("client_order_id", .string(limit: 1...128), "The client's name.")],
        answer: .init(200, "The order.", .named("Order")), refusals: [404, 422])),
    Endpoint(
      .get, "/v2/events/trades", aliases: ["/v1/events/trades"], .anyKey(GatewayService.followTradeEvents),
      APIOperation(
        name: "subscribeToTradeEvents", tag: "Orders",
        summary:
          "Tells the account's events, the past ones first where a place is named, then each as it comes, without end.",
        parameters: [
          .query("since", .time, "From this moment on."),
          .query("until", .time, "To this moment, then the stream ends."),
          .query("since_id", .eventID, "Behind this event."),
          .query("until_id", .eventID, "To this event, then the stream ends."),
          .query("since_ulid", .eventID, "Another name of since_id."),
          .query("until_ulid", .eventID, "Another name of until_id."),
          Parameter(
            name: "Last-Event-ID", place: .header, schema: .eventID, summary: "Behind this event, as browsers say it."),
        ], answer: .init(200, "Server-sent events.", .named("TradeEvent"), as: APIOperation.eventStream))),
  ]
}
