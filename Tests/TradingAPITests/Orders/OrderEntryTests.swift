import APITestKit
import Accounting
import Digest
import HTTP
import JSON
import Lifecycle
import Market
import Ports
import Services
import Testing

@testable import TradingAPI

@Suite struct OrderEntryTests {
  let fixture = GatewayFixture()

  @Test func acceptedOrderHasEveryField() async throws {
    let answer = await fixture.send(
      "POST", "/v2/orders",
      GatewayFixture.order("buy", "\"3\"", "90.50", more: #","client_order_id":"mine","unknown":{"a":[1]}"#))
    #expect(answer.status == 200)
    let id = try #require(answer["id"]?.string)
    let submitted = try #require(UniqueID(id)?.time)
    #expect(
      answer.text == """
        {"id":"\(id)","client_order_id":"mine","created_at":"\(submitted)","updated_at":"\(submitted)",\
        "submitted_at":"\(submitted)","filled_at":null,"expired_at":null,"expires_at":"2026-01-05T21:00:00.000000Z",\
        "canceled_at":null,\
        "failed_at":null,"replaced_at":null,"replaced_by":null,"replaces":null,\
        "asset_id":"0190a1b2-0000-7000-8000-000000000001","symbol":"AAPL","asset_class":"us_equity","notional":null,\
        "qty":"3","filled_qty":"0","filled_avg_price":null,"order_class":"","order_type":"limit","type":"limit",\
        "side":"buy","time_in_force":"day","limit_price":"90.5","status":"accepted","extended_hours":false,\
        "stop_price":null,"trail_percent":null,"trail_price":null,"hwm":null,"legs":null,\
        "position_intent":"buy_to_open",\
        "subtag":null,"source":null}
        """)
    #expect(answer.header("Content-Type") == "application/json")
    #expect(answer.header("X-Request-ID")?.isEmpty == false)
  }

  @Test func absentClientOrderIDBecomesAFreshUUID() async throws {
    let one = await fixture.send("POST", "/v2/orders", GatewayFixture.order(more: #","client_order_id":"""#))
    let two = await fixture.send("POST", "/v2/orders", GatewayFixture.order(more: #","client_order_id":null"#))
    let first = try #require(one["client_order_id"]?.string)
    #expect(UniqueID(first) != nil)
    #expect(first != two["client_order_id"]?.string)
  }

  @Test func nullsAndEmptyStringsOfTheGoClientAreAbsent() async {
    let body = """
      {"symbol":"AAPL","qty":"10","notional":null,"side":"buy","type":"limit","time_in_force":"day",\
      "limit_price":"9.99","extended_hours":false,"stop_price":null,"client_order_id":"","order_class":"",\
      "take_profit":null,"stop_loss":null,"trail_price":null,"trail_percent":null,"legs":null,"position_intent":""}
      """
    #expect(await fixture.send("POST", "/v2/orders", body).status == 200)
  }

  @Test func assetIdentifierNamesTheInstrument() async {
    let answer = await fixture.send(
      "POST", "/v2/orders", GatewayFixture.order(symbol: GatewayFixture.apple.assetID.description.uppercased()))
    #expect(answer["symbol"]?.string == "AAPL")
  }

  @Test(arguments: [
    ("10.0", "10"), ("\"10.00\"", "10"), ("5e0", "5"), ("1E+1", "10"), ("\"1e1\"", "10"), ("0.3e1", "3"), ("7", "7"),
  ])
  func quantityDigitsAreReadExactly(sent: String, shown: String) async {
    let answer = await fixture.send("POST", "/v2/orders", GatewayFixture.order("buy", sent, "1"))
    #expect(answer["qty"]?.string == shown, "\(answer.text)")
  }

  @Test(arguments: [
    ("100.1", "100.1"), ("\"0.0001\"", "0.0001"), ("1e-4", "0.0001"), ("1.50000000000000000000", "1.5"),
    ("1e+3", "1000"),
  ])
  func priceDigitsAreReadExactly(sent: String, shown: String) async {
    let answer = await fixture.send("POST", "/v2/orders", GatewayFixture.order("buy", "1", sent))
    #expect(answer["limit_price"]?.string == shown, "\(answer.text)")
  }

  /// One row: what is wrong with the body, and what it is answered.
  struct Refusal: CustomTestStringConvertible, Sendable {
    var body: String
    var status: Int
    var code: Int64
    var message: String
    var testDescription: String { body }
    init(_ body: String, _ status: Int, _ code: Int64, _ message: String) {
      (self.body, self.status, self.code, self.message) = (body, status, code, message)
    }
  }

  static let huge = String(repeating: "9", count: 70)

  static let refusals: [Refusal] = [
    .init("", 400, 40_010_000, "request body format is invalid"),
    .init("nonsense", 400, 40_010_000, "request body format is invalid"),
    .init("[]", 400, 40_010_000, "request body format is invalid"),
    .init("null", 400, 40_010_000, "request body format is invalid"),
    .init(#"{"symbol":"AAPL",}"#, 400, 40_010_000, "request body format is invalid"),
    .init(GatewayFixture.order("buy", "NaN"), 400, 40_010_000, "request body format is invalid"),
    .init(GatewayFixture.order("buy", "Infinity"), 400, 40_010_000, "request body format is invalid"),
    .init(GatewayFixture.order("buy", "0x10"), 400, 40_010_000, "request body format is invalid"),
    .init(GatewayFixture.order("buy", "010"), 400, 40_010_000, "request body format is invalid"),
    .init("{}", 422, 40_010_001, "symbol is required"),
    .init(#"{"symbol":7}"#, 422, 40_010_001, "invalid symbol"),
    .init(#"{"symbol":"AAPL"}"#, 422, 40_010_001, "qty or notional is required"),
    .init(#"{"symbol":"AAPL","qty":1}"#, 422, 40_010_001, "invalid side"),
    .init(GatewayFixture.order("hold"), 422, 40_010_001, "invalid side"),
    .init(#"{"symbol":"AAPL","qty":1,"side":"buy"}"#, 422, 40_010_001, "invalid order type"),
    .init(#"{"symbol":"AAPL","qty":1,"side":"buy","type":"iceberg"}"#, 422, 40_010_001, "invalid order type"),
    .init(#"{"symbol":"AAPL","qty":1,"side":"buy","type":"stop"}"#, 422, 40_010_001, "invalid time_in_force"),
    .init(#"{"symbol":"AAPL","qty":1,"side":"buy","type":"limit"}"#, 422, 40_010_001, "invalid time_in_force"),
    .init(
      #"{"symbol":"AAPL","qty":1,"side":"buy","type":"limit","time_in_force":"gtd"}"#, 422, 40_010_001,
      "invalid time_in_force"),
    .init(
      #"{"symbol":"AAPL","qty":1,"side":"buy","type":"limit","time_in_force":"opg"}"#, 422, 42_210_000,
      "time_in_force opg not supported"),
    .init(
      #"{"symbol":"AAPL","qty":1,"side":"buy","type":"limit","time_in_force":"day"}"#, 422, 40_010_001,
      "limit orders require a limit price"),
    .init(
      #"{"symbol":"AAPL","qty":1,"side":"buy","type":"market","time_in_force":"day","limit_price":1}"#, 422, 40_010_001,
      "market orders require no stop or limit price"),
    .init(GatewayFixture.order("buy", "true"), 422, 40_010_001, "invalid qty"),
    .init(GatewayFixture.order("buy", "[1]"), 422, 40_010_001, "invalid qty"),
    .init(GatewayFixture.order("buy", #""NaN""#), 422, 40_010_001, "invalid qty"),
    .init(GatewayFixture.order("buy", #""Infinity""#), 422, 40_010_001, "invalid qty"),
    .init(GatewayFixture.order("buy", #""0x10""#), 422, 40_010_001, "invalid qty"),
    .init(GatewayFixture.order("buy", #"" 1""#), 422, 40_010_001, "invalid qty"),
    .init(GatewayFixture.order("buy", #""1,000""#), 422, 40_010_001, "invalid qty"),
    .init(GatewayFixture.order("buy", huge), 422, 40_010_001, "invalid qty"),
    .init(GatewayFixture.order("buy", "0"), 422, 42_210_000, "qty must be > 0"),
    .init(GatewayFixture.order("buy", "-0.0"), 422, 42_210_000, "qty must be > 0"),
    .init(GatewayFixture.order("buy", "-5"), 422, 42_210_000, "qty must be > 0"),
    .init(GatewayFixture.order("buy", "-0.5"), 422, 42_210_000, "qty must be > 0"),
    .init(GatewayFixture.order("buy", "-1e300"), 422, 42_210_000, "qty must be > 0"),
    .init(GatewayFixture.order("buy", "10000001"), 422, 42_210_000, "qty must be at most 10000000"),
    .init(GatewayFixture.order("buy", "1e+16"), 422, 42_210_000, "qty must be at most 10000000"),
    .init(GatewayFixture.order("buy", "1e99999999999999999999"), 422, 42_210_000, "qty must be at most 10000000"),
    .init(
      GatewayFixture.order("buy", "1.5"), 422, 42_210_000,
      "qty must be a whole number of shares: fractional orders are not supported"),
    .init(GatewayFixture.order("buy", "1", "0"), 422, 42_210_000, "limit_price must be > 0 and at most 1000000"),
    .init(GatewayFixture.order("buy", "1", "-100"), 422, 42_210_000, "limit_price must be > 0 and at most 1000000"),
    .init(
      GatewayFixture.order("buy", "1", "1000000.01"), 422, 42_210_000, "limit_price must be > 0 and at most 1000000"),
    .init(GatewayFixture.order("buy", "1", "1e30"), 422, 42_210_000, "limit_price must be > 0 and at most 1000000"),
    .init(
      GatewayFixture.order("buy", "1", "290.123"), 422, 42_210_000,
      "invalid limit_price 290.123. sub-penny increment does not fulfill minimum pricing criteria"),
    .init(
      GatewayFixture.order("buy", "1", "0.30000000000000004"), 422, 42_210_000,
      "invalid limit_price 0.30000000000000004. sub-penny increment does not fulfill minimum pricing criteria"),
    .init(
      GatewayFixture.order("buy", "1", "1e-05"), 422, 42_210_000,
      "invalid limit_price 1e-05. sub-penny increment does not fulfill minimum pricing criteria"),
    .init(GatewayFixture.order("buy", "1", #""abc""#), 422, 40_010_001, "invalid limit_price"),
    .init(GatewayFixture.order(symbol: "ZZNOSUCH"), 422, 42_210_000, #"asset "ZZNOSUCH" not found"#),
    .init(GatewayFixture.order(symbol: "aapl"), 422, 42_210_000, #"asset "aapl" not found"#),
    .init(GatewayFixture.order(symbol: #"A\u0000"#), 422, 42_210_000, "asset \"A\u{0}\" not found"),
    .init(GatewayFixture.order(symbol: huge), 422, 40_010_001, "invalid symbol"),
    .init(GatewayFixture.order(symbol: "HALT"), 422, 42_210_000, #"asset "HALT" is not tradable at present"#),
    .init(GatewayFixture.order(more: #","notional":5"#), 422, 40_010_001, "only one of qty or notional is accepted"),
    .init(#"{"symbol":"AAPL","notional":"100"}"#, 422, 42_210_000, "notional orders not supported"),
    .init(GatewayFixture.order(more: #","extended_hours":true"#), 422, 42_210_000, "extended_hours not supported"),
    .init(GatewayFixture.order(more: #","extended_hours":3"#), 422, 40_010_001, "invalid extended_hours"),
    .init(
      GatewayFixture.order(more: #","order_class":"bracket""#), 422, 42_210_000,
      "bracket orders require take_profit.limit_price"),
    .init(GatewayFixture.order(more: #","order_class":"x""#), 422, 40_010_001, "invalid order_class"),
    .init(
      GatewayFixture.order(more: #","take_profit":{}"#), 422, 42_210_000,
      "take_profit and stop_loss require order_class bracket, oco or oto"),
    .init(GatewayFixture.order(more: #","stop_price":1"#), 422, 40_010_001, "limit orders require no stop price"),
    .init(GatewayFixture.order(more: #","legs":[{}]"#), 422, 42_210_000, "legs not supported"),
    .init(
      GatewayFixture.order(more: #","self_trade_prevention":"x""#), 422, 40_010_001, "invalid self_trade_prevention"),
    .init(
      GatewayFixture.order(more: #","client_order_id":"a\u0000b""#), 422, 40_010_001,
      "client_order_id must be at most 128 characters without control characters"),
    .init(
      GatewayFixture.order(more: #","client_order_id":"\#(String(repeating: "é", count: 129))""#), 422, 40_010_001,
      "client_order_id must be at most 128 characters without control characters"),
    .init(
      #"{"symbol":"AAPL","qty":1,"side":"buy","type":"market","time_in_force":"day"}"#, 422, 42_210_000,
      #"market orders for "AAPL" need a last price and there is none yet: send a limit order"#),
    .init(
      #"{"symbol":"MSFT","qty":1,"side":"buy","type":"market","time_in_force":"day","post_only":true}"#, 422,
      42_210_000,
      "a market order cannot be post_only"),
    .init(
      #"{"symbol":"MSFT","qty":1,"side":"buy","type":"limit","time_in_force":"ioc","limit_price":1,"post_only":true}"#,
      422, 42_210_000, "an ioc or fok order cannot be post_only"),
  ]

  @Test(arguments: refusals)
  func badBodiesAreRefused(_ refusal: Refusal) async {
    let answer = await fixture.send("POST", "/v2/orders", refusal.body)
    #expect(answer.status == refusal.status)
    #expect(answer.code == refusal.code)
    #expect(answer.message == refusal.message)
    #expect(answer["reason"]?.string?.isEmpty == false)
    #expect(fixture.exchange.state.withLock { $0.orders.isEmpty })
  }

  @Test func ofRepeatedNamesTheLastCounts() async {
    let answer = await fixture.send("POST", "/v2/orders", GatewayFixture.order(more: #","qty":4,"q\u0074y":5"#))
    #expect(answer["qty"]?.string == "5")
  }

  @Test func lackOfMoneyReportsWhatThereIs() async {
    let answer = await fixture.send("POST", "/v2/orders", GatewayFixture.order("buy", "1001", "10"))
    #expect(answer.status == 403)
    #expect(
      answer.text == """
        {"code":40310000,"message":"insufficient buying power","reason":"insufficient_buying_power",\
        "buying_power":"10000","cost_basis":"10010"}
        """)
  }

  @Test func lackOfSharesReportsWhatHoldsThem() async throws {
    let holding = try await fixture.place("sell", 60, "200", as: GatewayFixture.bobHeaders)
    let answer = await fixture.send(
      "POST", "/v2/orders", GatewayFixture.order("sell", "50", "200"), as: GatewayFixture.bobHeaders)
    #expect(answer.status == 403)
    #expect(
      answer.text == """
        {"code":40310000,"message":"insufficient qty available for order (requested: 50, available: 40)",\
        "reason":"insufficient_shares","symbol":"AAPL","available":"40","existing_qty":"100","held_for_orders":"60",\
        "related_orders":["\(holding)"]}
        """)
  }

  @Test func meetingOnesOwnOrderNamesIt() async throws {
    let sell = try await fixture.place("sell", 1, "20", as: GatewayFixture.bobHeaders)
    let answer = await fixture.send(
      "POST", "/v2/orders", GatewayFixture.order("buy", "1", "20"), as: GatewayFixture.bobHeaders)
    #expect(answer.status == 403)
    #expect(answer.code == 40_310_000)
    #expect(answer.message == "potential wash trade detected. use complex orders")
    #expect(answer["reject_reason"]?.string == "opposite side limit order exists")
    #expect(answer["existing_order_id"]?.string == sell)
    let chosen = await fixture.send(
      "POST", "/v2/orders", GatewayFixture.order("buy", "1", "20", more: #","self_trade_prevention":"cancel_oldest""#),
      as: GatewayFixture.bobHeaders)
    #expect(chosen.status == 200)
  }

  @Test func repeatedClientOrderIDIsReportedBeforeLackOfMoney() async throws {
    let body = GatewayFixture.order("buy", "900", "10", more: #","client_order_id":"once""#)
    #expect(await fixture.send("POST", "/v2/orders", body).status == 200)
    let again = await fixture.send("POST", "/v2/orders", body)
    #expect(again.status == 422)
    #expect(again.code == 40_010_001)
    #expect(again.message == "client_order_id must be unique")
    let other = GatewayFixture.order("buy", "1", "10", more: #","client_order_id":"once""#)
    #expect(await fixture.send("POST", "/v2/orders", other, as: GatewayFixture.bobHeaders).status == 200)
  }

  @Test func repeatedIdempotencyKeyReturnsTheFirstOrder() async throws {
    let headers = GatewayFixture.aliceHeaders + [("Idempotency-Key", "abc")]
    let first = await fixture.send("POST", "/v2/orders", GatewayFixture.order("buy", "2", "10"), as: headers)
    let again = await fixture.send("POST", "/v2/orders", GatewayFixture.order("buy", "2.0", "1e1"), as: headers)
    #expect(again.status == 200)
    #expect(again["id"]?.string == first["id"]?.string)
    #expect(again["status"]?.string == "new", "the order has been processed since")
    let different = await fixture.send("POST", "/v2/orders", GatewayFixture.order("buy", "3", "10"), as: headers)
    #expect(different.status == 422)
    #expect(different.message == "Idempotency-Key was used for a different request")
    let twice = await fixture.send(
      "POST", "/v2/orders", GatewayFixture.order(), as: headers + [("idempotency-key", "abc")])
    #expect(twice.status == 422)
    let long = GatewayFixture.aliceHeaders + [("Idempotency-Key", String(repeating: "k", count: 256))]
    #expect(await fixture.send("POST", "/v2/orders", GatewayFixture.order(), as: long).status == 422)
  }

  @Test func blockedAccountMayNotTrade() async {
    fixture.exchange.state.withLock { $0.accounts[GatewayFixture.alice]!.status = .blocked }
    let answer = await fixture.send("POST", "/v2/orders", GatewayFixture.order())
    #expect(answer.status == 403)
    #expect(answer.code == 40_310_000)
  }

  @Test func marketOrderIsProtectedAroundTheLastPrice() async throws {
    let body = #"{"symbol":"MSFT","qty":1,"side":"buy","type":"market","time_in_force":"day","limit_price":""}"#
    let answer = await fixture.send("POST", "/v2/orders", body)
    #expect(answer.status == 200)
    #expect(answer["limit_price"]?.isNull == true)
    #expect(answer["type"]?.string == "market")
    fixture.exchange.state.withLock { state in
      state.prices[GatewayFixture.microsoft.id] = Price("300")!
      state.now = state.now.advanced(byMicroseconds: 2_000_000)
    }
    _ = await fixture.send("POST", "/v2/orders", body)
    let prices = fixture.exchange.state.withLock { state in state.orders.values.map(\.price).sorted() }
    #expect(prices == [Price("315")!, Price("420")!])
  }

  @Test func deskTroubleBecomesTheRightAnswer() async {
    for (reply, status, retry) in [
      (AcceptanceReply.busy(retryAfter: .seconds(2)), 429, "2"), (.unavailable, 503, "1"),
    ] {
      fixture.exchange.state.withLock { $0.reply = reply }
      for (method, path) in [
        ("POST", "/v2/orders"), ("PATCH", "/v2/orders/\(Self.someID)"), ("DELETE", "/v2/orders/\(Self.someID)"),
      ] {
        let answer = await fixture.send(method, path, method == "DELETE" ? "" : GatewayFixture.order())
        #expect(answer.status == status)
        #expect(answer.header("Retry-After") == retry)
        #expect(answer.code == Int64(status) * 100_000 + 10_000)
      }
    }
    fixture.exchange.state.withLock { $0.reply = .outcomeUnknown }
    #expect(await fixture.send("POST", "/v2/orders", GatewayFixture.order()).response.dropsConnection)
    #expect(await fixture.send("DELETE", "/v2/orders/\(Self.someID)").response.dropsConnection)
  }

  static let someID = OrderID.order(
    submittedAt: Timestamp("2026-01-05T15:00:00Z")!, shard: GatewayFixture.apple.shard, random: 5)

  @Test func symbolAddedLaterIsFound() async throws {
    _ = try await fixture.place()
    fixture.exchange.state.withLock { state in
      var added = GatewayFixture.apple
      added.id = InstrumentID(rawValue: 9)
      added.assetID = UniqueID.random(high: 9, low: 9)
      added.symbol = Symbol("ADDED")!
      state.instruments.append(added)
    }
    _ = try await fixture.place(symbol: "ADDED")
    let answer = await fixture.send("POST", "/v2/orders", GatewayFixture.order(symbol: "NEVER"))
    #expect(answer.status == 422)
  }

  /// What an order is measured by is read when it is asked for, not taken from before.
  @Test func manyTrailingStopsAtOnceGetTheirMarksFromTheLatestPrice() async throws {
    fixture.exchange.state.withLock { $0.prices[GatewayFixture.apple.id] = Price("100")! }
    let body = """
      {"symbol":"AAPL","qty":1,"side":"sell","type":"trailing_stop","time_in_force":"gtc","trail_percent":"5"}
      """
    _ = await fixture.send("POST", "/v2/orders", body)
    fixture.exchange.state.withLock { state in
      state.prices[GatewayFixture.apple.id] = Price("90")!
      state.submitted = []
      state.now = state.now.advanced(byMicroseconds: 1_000_000)
    }
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<24 { group.addTask { _ = await fixture.send("POST", "/v2/orders", body) } }
    }
    let marks = fixture.exchange.state.withLock { state in
      state.submitted.compactMap { if case .place(let place) = $0 { place.trigger?.trail?.mark } else { nil } }
    }
    #expect(marks == Array(repeating: Price("90")!, count: 24))
  }
}
