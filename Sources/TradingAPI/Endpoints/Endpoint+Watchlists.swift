internal import APIKit

extension Endpoint {
  private typealias Parameter = APIOperation.Parameter

  private static let id = Parameter.path("watchlist_id", .uuid, "The list's identifier.")
  private static let name = Parameter.required("name", .string(limit: 1...64), "The list's name.")
  private static let symbol = Parameter.path("symbol", .symbol, "The symbol.")

  /// Lists of symbols that clients keep.
  static let watchlists: [Endpoint] =
    [
      Endpoint(
        .get, "/v2/watchlists", .anyKey(GatewayService.listWatchlists),
        APIOperation(
          name: "listWatchlists", tag: "Watchlists",
          summary: "Lists all watchlists, without their assets.",
          answer: .init(200, "Watchlists.", .array(.named("Watchlist"))))),
      Endpoint(
        .post, "/v2/watchlists", .tradingKey(GatewayService.createWatchlist),
        APIOperation(
          name: "createWatchlist", tag: "Watchlists",
          summary: "Makes a watchlist.",
          body: .named("NewWatchlist"), answer: .init(200, "The list.", .named("Watchlist")), refusals: [413, 422])),
    ] + list("/v2/watchlists/{watchlist_id}", .id, by: id, "", entry: "/v2/watchlists/{watchlist_id}/{symbol}")
    + list("/v2/watchlists:by_name", .name, by: name, "ByName", entry: "/v2/watchlists:by_name/{symbol}")

  /// What there is to do with one list, which is named by its identifier or its name.
  private static func list(
    _ path: String, _ key: WatchlistKey, by parameter: Parameter, _ suffix: String, entry: String
  ) -> [Endpoint] {
    let answer = APIOperation.Answer(200, "The list.", .named("Watchlist"))
    return [
      Endpoint(
        .get, path, .anyKey(GatewayService.watchlist(key, .show)),
        APIOperation(
          name: "getWatchlist" + suffix, tag: "Watchlists", summary: "Shows a watchlist.",
          parameters: [parameter], answer: answer, refusals: [404, 422])),
      Endpoint(
        .put, path, .tradingKey(GatewayService.watchlist(key, .replace)),
        APIOperation(
          name: "replaceWatchlist" + suffix, tag: "Watchlists",
          summary: "Changes the list's name, its symbols, or both.", parameters: [parameter],
          body: .named("WatchlistChange"), answer: answer, refusals: [404, 413, 422])),
      Endpoint(
        .post, path, .tradingKey(GatewayService.watchlist(key, .add)),
        APIOperation(
          name: "addToWatchlist" + suffix, tag: "Watchlists",
          summary: "Puts a symbol at the list's end.", parameters: [parameter],
          body: .object([.always("symbol", .symbol, "The symbol.")]), answer: answer, refusals: [404, 413, 422])),
      Endpoint(
        .delete, path, .tradingKey(GatewayService.watchlist(key, .delete)),
        APIOperation(
          name: "deleteWatchlist" + suffix, tag: "Watchlists",
          summary: "Deletes a watchlist.", parameters: [parameter], answer: .init(204, "It is gone."),
          refusals: [404, 422])),
      Endpoint(
        .delete, entry, .tradingKey(GatewayService.watchlist(key, .remove)),
        APIOperation(
          name: "removeFromWatchlist" + suffix, tag: "Watchlists",
          summary: "Takes a symbol off the list.",
          parameters: parameter.place == .path ? [parameter, symbol] : [symbol, parameter], answer: answer,
          refusals: [404, 422])),
    ]
  }
}
