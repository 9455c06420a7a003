import Glibc
import JSON
import TestKit

/// What one account has, and how it is named.
struct Belongings: Sendable {
  /// A share that nobody else has; ``nobodysSymbol`` is one that nobody has.
  static let symbol = "ZED"
  static let nobodysSymbol = "ZEE"

  /// What must never be told to another account.
  var secrets: Set<String> = []
  /// By what its things are asked for.
  var names: [String] = []
  var accountID = ""
  var openOrder = ""
  var clientOrderID = "b-client-open"
  var watchlist = ""
  var watchlistName = "b-secret-list"
  var idempotencyKey = "b-idempotency"

  /// Makes orders of all kinds, a list and a choice.
  /// - Parameter other: Whoever is on the other side of a trade.
  init(_ owner: HTTPCaller, other: HTTPCaller) throws {
    openOrder = try Self.place(
      owner, Self.order("S1", "buy", 5, "1", clientOrderID), idempotencyKey: idempotencyKey)
    _ = try Self.place(owner, Self.order("S2", "buy", 7, "100", "b-client-filled"))
    _ = try Self.place(other, Self.order("S2", "sell", 7, "100", "c-client"))
    _ = try Self.place(
      owner,
      """
      {"symbol":"S3","qty":"4","side":"buy","type":"limit","time_in_force":"gtc","limit_price":"1","order_class":"bracket",\
      "client_order_id":"b-client-bracket","take_profit":{"limit_price":"150"},"stop_loss":{"stop_price":"0.5"}}
      """)
    let list = owner.call("POST", "/v2/watchlists", #"{"name":"\#(watchlistName)","symbols":["S0"]}"#)
    watchlist = try Self.need(list?.text("id"), list)
    let choice = owner.call("PATCH", "/v2/account/configurations", #"{"trade_confirm_email":"none"}"#)
    _ = try Self.need(choice?.status == 200 ? "" : nil, choice)
    try settle(owner)
    try gather(owner)
  }

  private static func order(_ symbol: String, _ side: String, _ quantity: Int, _ price: String, _ name: String)
    -> String
  {
    """
    {"symbol":"\(symbol)","qty":"\(quantity)","side":"\(side)","type":"limit","time_in_force":"gtc",\
    "limit_price":"\(price)","client_order_id":"\(name)"}
    """
  }

  private static func place(_ caller: HTTPCaller, _ body: String, idempotencyKey: String? = nil) throws -> String {
    let answer = caller.call("POST", "/v2/orders", body, idempotencyKey: idempotencyKey)
    return try need(answer?.status == 200 ? answer?.text("id") : nil, answer)
  }

  static func need<Value>(_ value: Value?, _ answer: HTTPCaller.Answer?) throws -> Value {
    guard let value else { throw ChildProcess.Failure(description: answer.map { "\($0)" } ?? "no answer") }
    return value
  }

  /// Waits until the workers have done all of it.
  private func settle(_ owner: HTTPCaller) throws {
    for _ in 0..<500 {
      let orders = owner.call("GET", "/v2/orders?status=all")?.body ?? ""
      if !orders.contains(#""status":"accepted""#), orders.contains(#""status":"filled""#) { return }
      usleep(20_000)
    }
    throw ChildProcess.Failure(description: "orders are not settled after 10 s")
  }

  private mutating func gather(_ owner: HTTPCaller) throws {
    let account = owner.call("GET", "/v2/account")
    accountID = try Self.need(account?.text("id"), account)
    secrets = [
      accountID, clientOrderID, "b-client-filled", "b-client-bracket", watchlist,
      watchlistName,
    ]
    for (target, member) in [("/v2/orders?status=all", "id"), ("/v2/account/activities", "id")] {
      let answer = owner.call("GET", target)
      let rows = try JSONDocument(Array(try Self.need(answer?.body, answer).utf8)).root.array ?? []
      secrets.formUnion(rows.compactMap { $0[member]?.string })
    }
    names = secrets.sorted() + [Self.symbol]
  }

  /// Something of the same shape that nobody has.
  static func absent(_ name: String) -> String {
    guard name != symbol else { return nobodysSymbol }
    let last = name.last.flatMap { $0.hexDigitValue }
    return String(name.dropLast()) + (last.map { String(($0 ^ 1) & 15, radix: 16) } ?? "_")
  }

  /// All that the owner sees of it, to be compared.
  static func view(_ owner: HTTPCaller) -> [String] {
    [
      "/v2/account", "/v2/account/configurations", "/v2/orders?status=all&nested=true", "/v2/positions",
      "/v2/watchlists",
      "/v2/account/activities",
    ].map { owner.call("GET", $0)?.body ?? "" }
  }
}
