import APITestKit
import Accounting
import HTTP
import JSON
import Lifecycle
import Market
import Ports
import Testing

@testable import TradingAPI

/// What clients say of the orders of a class and of their positions, and find again.
@Suite struct OrderClassTests {
  let fixture = GatewayFixture()

  private func bracket(
    _ orderClass: String = "bracket", names: (head: String?, profit: String?, loss: String?), price: String = "10"
  ) -> String {
    func member(_ name: String?) -> String { name.map { #","client_order_id":"\#($0)""# } ?? "" }
    return GatewayFixture.order(
      orderClass == "oco" ? "sell" : "buy", "2", price,
      more: #"""
        ,"order_class":"\#(orderClass)"\#(member(names.head)),"take_profit":{"limit_price":12\#(member(names.profit))},\#
        "stop_loss":{"stop_price":8\#(member(names.loss))}
        """#)
  }

  @Test func namesOfLegsAreKept() async throws {
    let answer = await fixture.send("POST", "/v2/orders", bracket(names: ("head", "profit", "löss")))
    #expect(answer.status == 200, "\(answer.text)")
    let stored = fixture.exchange.state.withLock { Array($0.orders.values) }
    #expect(Set(stored.map(\.clientOrderID)) == ["head", "profit", "löss"])
    let loss = await fixture.send("GET", "/v2/orders:by_client_order_id?client_order_id=löss")
    #expect(loss["type"]?.string == "stop" && loss["group_role"]?.string == "stop_loss")
    // Each is the account's for ever, wherever it was used.
    for names in [("head", nil, nil), ("a", "profit", nil), ("a", nil, "head"), ("löss", "b", "c"), ("x", "x", nil)]
      as [(String?, String?, String?)]
    {
      let again = await fixture.send("POST", "/v2/orders", bracket(names: names))
      #expect(again.status == 422 && again.message == "client_order_id must be unique", "\(names)")
    }
    let bad = await fixture.send("POST", "/v2/orders", bracket(names: (nil, String(repeating: "a", count: 129), nil)))
    #expect(bad.status == 422 && bad["reason"]?.string == "invalid_client_order_id")
  }

  @Test func theTakeProfitOfAnOCOIsItsHead() async throws {
    func send(_ names: (String?, String?, String?)) async -> Answer {
      await fixture.send(
        "POST", "/v2/orders", bracket("oco", names: names, price: "12"), as: GatewayFixture.bobHeaders)
    }
    #expect(await send((nil, "profit", "loss"))["client_order_id"]?.string == "profit")
    #expect(await send(("same", "same", nil))["client_order_id"]?.string == "same")
    #expect(await send(("one", "other", nil)).status == 422)
    #expect(await send((nil, "a", "a")).message == "client_order_id must be unique")
  }

  /// In flat lists as well, every order of a class names it and what it is to it; one by itself has neither member.
  @Test func ordersNameTheirClass() async throws {
    let lone = try await fixture.place()
    let head = try #require(await fixture.send("POST", "/v2/orders", bracket(names: (nil, nil, nil)))["id"]?.string)
    let list = try #require(await fixture.send("GET", "/v2/orders").json?.array)
    #expect(list.count == 4 && list.allSatisfy { $0["legs"]?.isNull == true })
    for order in list {
      let isLone = order["id"]?.string == lone
      #expect(order["group_id"]?.string == (isLone ? nil : head))
      #expect(order["order_class"]?.string == (isLone ? "" : "bracket"))
      #expect(isLone == (order["group_role"] == nil))
    }
    let roles = list.compactMap { order in order["group_role"]?.string.map { (role: $0, order: order) } }
    #expect(roles.map(\.role).sorted() == ["entry", "stop_loss", "take_profit"])
    for (role, order) in roles {
      #expect(order["position_intent"]?.string == (role == "entry" ? "buy_to_open" : "sell_to_close"))
      #expect((order["id"]?.string == head) == (role == "entry"))
    }
  }

  @Test(
    arguments: [
      ("alice", "buy", "buy_to_open", 200, nil), ("bob", "sell", "sell_to_close", 200, nil),
      ("alice", "buy", "", 200, nil),
      ("alice", "buy", "buy_to_close", 422, "position intent mismatch, inferred: buy_to_open, specified: buy_to_close"),
      (
        "bob", "sell", "sell_to_open", 422, "position intent mismatch, inferred: sell_to_close, specified: sell_to_open"
      ),
      (
        "alice", "sell", "sell_to_close", 422,
        "position intent mismatch, inferred: sell_to_open, specified: sell_to_close"
      ),
      ("alice", "sell", "sell_to_open", 403, "account is not allowed to short"),
      (
        "alice", "buy", "sell_to_close", 422,
        "position intent mismatch, inferred: buy_to_open, specified: sell_to_close"
      ),
      ("alice", "buy", "hold", 422, "invalid position_intent"),
    ] as [(String, String, String, Int, String?)])
  func intentsAreJudged(who: String, side: String, intent: String, status: Int, message: String?) async {
    let answer = await fixture.send(
      "POST", "/v2/orders", GatewayFixture.order(side, "1", "20", more: #","position_intent":"\#(intent)""#),
      as: who == "bob" ? GatewayFixture.bobHeaders : GatewayFixture.aliceHeaders)
    #expect(answer.status == status && answer.message == message, "\(answer.text)")
    #expect(status != 200 || answer["position_intent"]?.string == (side == "buy" ? "buy_to_open" : "sell_to_close"))
  }

  /// What trades at once or not at all is refused while orders are collected, new or in another's place; all else is taken.
  @Test func immediateOrdersNeedAnOpenMarket() async throws {
    let resting = try await fixture.place("buy", 1, "9")
    fixture.exchange.state.withLock { $0.collecting = [GatewayFixture.apple.id] }
    func order(_ time: String, symbol: String = "AAPL") -> String {
      GatewayFixture.order(symbol: symbol).replacing(#""day""#, with: "\"\(time)\"")
    }
    for time in ["ioc", "fok"] {
      let new = await fixture.send("POST", "/v2/orders", order(time))
      #expect(new.status == 422 && new.code == 42_210_000 && new["reason"]?.string == "market_closed")
      let changed = await fixture.send("PATCH", "/v2/orders/\(resting)", #"{"time_in_force":"\#(time)"}"#)
      #expect(changed.status == 422 && changed["reason"]?.string == "market_closed")
      #expect(await fixture.send("POST", "/v2/orders", order(time, symbol: "MSFT")).status == 200)
      fixture.exchange.state.withLock { $0.collecting = [] }
      #expect(await fixture.send("POST", "/v2/orders", order(time)).status == 200)
      fixture.exchange.state.withLock { $0.collecting = [GatewayFixture.apple.id] }
    }
    for time in ["day", "gtc"] { #expect(await fixture.send("POST", "/v2/orders", order(time)).status == 200) }
    #expect(await fixture.send("GET", "/v2/orders/\(resting)")["status"]?.string == "new")
  }

  @Test(arguments: [
    (#"{"type":"market","limit_price":1}"#, "market orders require no stop or limit price"),
    (#"{"type":"market","stop_price":1}"#, "market orders require no stop or limit price"),
    (#"{"type":"limit","limit_price":1,"stop_price":1}"#, "limit orders require no stop price"),
  ])
  func pricesThatTypesDoNotHaveAreRefusedInTheServicesWords(terms: String, message: String) async {
    let answer = await fixture.send(
      "POST", "/v2/orders", #"{"symbol":"AAPL","qty":1,"side":"buy","time_in_force":"day",\#(terms.dropFirst())"#)
    #expect(answer.status == 422 && answer.code == 40_010_001 && answer.message == message)
  }
}
