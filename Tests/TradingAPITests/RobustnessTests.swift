import APIKit
import APITestKit
import Accounting
import Digest
import HTTP
import JSON
import Lifecycle
import Market
import Ports
import Services
import TestKit
import Testing

@testable import TradingAPI

/// Whatever comes, the answer is a JSON body with a code and a message, or an order.
@Suite struct RobustnessTests {
  static let words = [
    "null", "true", "\"\"", "\"1\"", "-1", "0", "1e5", "1e-5", "1E400", "-1e999999999", "99999999999999999999999",
    "0.00001",
    "\"NaN\"", "\"Infinity\"", "\"-0\"", "[]", "{}", "[[]]", "\"\\u0000\"", "\"\\ud800\"", "\"é\"", "10000000",
    "10000001",
    "1000000", "1000000.01", "9223372036854775807", "-9223372036854775808", "\"AAPL\"", "\"buy\"", "\"sell\"",
    "\"limit\"", "\"market\"", "\"day\"", "\"ioc\"", "\"bracket\"", "\"stop\"", "\"trailing_stop\"", "\"buy_to_open\"",
    #"{"limit_price":12,"client_order_id":"x"}"#, #"{"stop_price":"8","client_order_id":1}"#, #"{"stop_price":1e400}"#,
  ]

  private func check(_ answer: Answer, _ sent: [UInt8], _ seed: UInt64) {
    let shown = "seed \(seed): \(String(decoding: sent, as: UTF8.self))"
    if answer.status == 200 {
      #expect(answer["id"]?.string != nil, "\(shown)")
    } else {
      #expect((400..<500).contains(answer.status), "\(shown)")
      #expect(answer.code != nil && answer.message?.isEmpty == false, "\(shown)")
    }
  }

  @Test func anyValuesInAnyFieldGetAnAnswer() async {
    var (random, seed) = SeededRandom.fuzzing("members of orders")
    let fixture = GatewayFixture()
    let fields = [
      "symbol", "qty", "side", "type", "time_in_force", "limit_price", "notional", "client_order_id", "order_class",
      "extended_hours", "stop_price", "post_only", "self_trade_prevention", "legs", "take_profit",
      "stop_loss", "trail_price", "trail_percent", "position_intent",
    ]
    let good = ["\"AAPL\"", "1", "\"buy\"", "\"limit\"", "\"day\"", "10"]
    for round in 0..<4000 {
      var members: [String] = []
      for (index, field) in fields.enumerated() where index < good.count || random.next() % 6 == 0 {
        let isOdd = index >= good.count || random.next() % 5 == 0
        members.append("\"\(field)\":\(isOdd ? Self.words.randomElement(using: &random)! : good[index])")
      }
      let body = Array("{\(members.joined(separator: ","))}".utf8)
      let path = round % 3 == 0 ? "/v2/orders/0190a1b2-0000-7000-8000-000000000003" : "/v2/orders"
      check(await fixture.send(round % 3 == 0 ? "PATCH" : "POST", path, bytes: body), body, seed)
    }
  }

  @Test func brokenBytesGetAnAnswer() async {
    var (random, seed) = SeededRandom.fuzzing("bytes of orders")
    let fixture = GatewayFixture()
    let original = Array(GatewayFixture.order(more: #","client_order_id":"a\u00e9\n𝄞""#).utf8)
    for _ in 0..<4000 {
      let body = random.spoil(original)
      check(await fixture.send("POST", "/v2/orders", bytes: body), body, seed)
    }
  }

  /// Every body of every operation that takes one, spoiled in a few places.
  @Test func brokenBodiesOfAllOperationsGetAnAnswer() async {
    var (random, seed) = SeededRandom.fuzzing("bodies of all operations")
    let fixture = GatewayFixture()
    let bodies = [
      #"{"symbol":"AAPL","qty":"1","side":"buy","type":"limit","time_in_force":"day","limit_price":"2"}"#,
      #"{"qty":"3","limit_price":9.5,"trail":null,"client_order_id":"n"}"#,
      #"{"suspend_trade":false,"no_shorting":true,"trade_confirm_email":"none","dtbp_check":"both"}"#,
      #"{"name":"list","symbols":["AAPL","MSFT"]}"#, #"{"symbol":"MSFT"}"#,
    ].map { Array($0.utf8) }
    let id = "0190a1b2-0000-7000-8000-000000000003"
    for endpoint in Endpoint.all {
      guard let operation = endpoint.operation, operation.body != nil else { continue }
      let target =
        endpoint.path.replacing(/\{[a-z_]+\}/, with: id) + (endpoint.path.contains("by_name") ? "?name=list" : "")
      for _ in 0..<300 {
        let body = random.spoil(random.pick(bodies))
        let answer = await fixture.send(endpoint.method.rawValue, target, bytes: body)
        let shown = "seed \(seed): \(operation.name) \(String(decoding: body, as: UTF8.self)): \(answer.text)"
        #expect(answer.status < 500 && answer.json != nil, "\(shown)")
        #expect(answer.status < 400 || answer.code != nil && answer.message?.isEmpty == false, "\(shown)")
      }
    }
  }

  /// Queries of all operations: several parameters at once, each right, odd or broken.
  @Test func anyQueryGetsAnAnswer() async {
    var (random, seed) = SeededRandom.fuzzing("queries of all operations")
    let fixture = GatewayFixture(market: FakeMarket().sources)
    let values = [
      "", "1", "-1", "0", "100", "10000", "10001", "9223372036854775807", "99999999999999999999", "1e5", "NaN", "true",
      "False",
      "AAPL", "AAPL,MSFT", ",,", "*", "us_equity", "FILL", "FILL,CSD", "all", "open", "asc", "desc", "1D", "1Min",
      "99Month",
      "2026-01-05", "2026-01-05T14:30:00Z", "2026-01-05T14:30:00 05:00", "0001-01-01",
      "9999-12-31T23:59:59.999999999-23:59",
      "2026-02-30", "0190a1b2-0000-7000-8000-000000000003", "01J0000000000000000000000Z", "\u{0}", "é", "\u{212A}", "%",
      "𝄞",
      "20260105143000000::0190a1b2-0000-7000-8000-000000000003", "QUFQTHwxfDJ8Mw==",
    ].map { Array($0.utf8) }
    for endpoint in Endpoint.all where endpoint.method == .get {
      guard let operation = endpoint.operation, operation.answer.mediaType == APIOperation.json else { continue }
      for _ in 0..<80 {
        func value() -> String {
          let plain = random.pick(values)
          let bytes = random.oneIn(3) ? random.spoil(plain) : plain
          return String(decoding: bytes.filter { $0 != UInt8(ascii: "&") && $0 != UInt8(ascii: "?") }, as: UTF8.self)
        }
        var target = endpoint.path
        var query: [String] = []
        for parameter in operation.parameters {
          switch parameter.place {
          case .path:
            let part = random.oneIn(2) ? "AAPL" : value().filter { $0 != "/" && $0 != "%" }
            target = target.replacing("{\(parameter.name)}", with: part)
          case .query: if parameter.isRequired || random.oneIn(3) { query.append("\(parameter.name)=\(value())") }
          case .header: continue
          }
        }
        target += query.isEmpty ? "" : "?" + query.joined(separator: "&")
        let answer = await fixture.send("GET", target)
        #expect(answer.status < 500, "seed \(seed): \(target): \(answer.text)")
        #expect(
          answer.status < 400 || answer.code != nil && answer.message?.isEmpty == false, "seed \(seed): \(target)")
      }
    }
  }

  @Test func thousandsAtOnceShareOneLookup() async {
    let fixture = GatewayFixture()
    await withTaskGroup(of: Int.self) { group in
      for _ in 0..<2000 { group.addTask { await fixture.send("GET", "/v2/clock").status } }
      for await status in group { #expect(status == 200) }
    }
    #expect(fixture.exchange.state.withLock { $0.credentialLookups } <= 8)
  }
}
