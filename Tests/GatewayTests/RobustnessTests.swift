import Accounting
import Digest
import HTTP
import JSON
import Lifecycle
import Market
import Ports
import Services
import Testing

@testable import Gateway

/// Whatever comes, the answer is a JSON body with a code and a message, or an order.
@Suite struct RobustnessTests {
  /// SplitMix64, seeded, so that a failure can be repeated.
  struct Seeded: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return z ^ (z >> 31)
    }
  }

  static let words = [
    "null", "true", "\"\"", "\"1\"", "-1", "0", "1e5", "1e-5", "1E400", "-1e999999999", "99999999999999999999999",
    "0.00001",
    "\"NaN\"", "\"Infinity\"", "\"-0\"", "[]", "{}", "[[]]", "\"\\u0000\"", "\"\\ud800\"", "\"é\"", "10000000",
    "10000001",
    "1000000", "1000000.01", "9223372036854775807", "-9223372036854775808", "\"AAPL\"", "\"buy\"", "\"sell\"",
    "\"limit\"", "\"market\"", "\"day\"", "\"ioc\"",
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
    let seed = UInt64.random(in: .min ... .max)
    var random = Seeded(state: seed)
    let fixture = GatewayFixture()
    let fields = [
      "symbol", "qty", "side", "type", "time_in_force", "limit_price", "notional", "client_order_id", "order_class",
      "extended_hours", "stop_price", "post_only", "self_trade_prevention", "legs", "take_profit",
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
    let seed = UInt64.random(in: .min ... .max)
    var random = Seeded(state: seed)
    let fixture = GatewayFixture()
    let original = Array(GatewayFixture.order(more: #","client_order_id":"a\u00e9\n𝄞""#).utf8)
    for _ in 0..<4000 {
      var body = original
      for _ in 0..<Int.random(in: 1...4, using: &random) where !body.isEmpty {
        let place = Int.random(in: body.indices, using: &random)
        switch random.next() % 4 {
        case 0: body[place] = UInt8.random(in: 0...255, using: &random)
        case 1: body.remove(at: place)
        case 2: body.insert(UInt8.random(in: 0...255, using: &random), at: place)
        default: body.removeSubrange(place...)
        }
      }
      check(await fixture.send("POST", "/v2/orders", bytes: body), body, seed)
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
