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

@Suite struct OrderQueryTests {
  let fixture = GatewayFixture()

  private func ids(_ query: String = "", as headers: [(String, String)] = GatewayFixture.aliceHeaders) async throws
    -> [String]
  {
    let answer = await fixture.send("GET", "/v2/orders" + query, as: headers)
    #expect(answer.status == 200, "\(answer.text)")
    return try #require(answer.json?.array).compactMap { $0["id"]?.string }
  }

  @Test func filtersChooseWhatIsListed() async throws {
    var all: [String] = []
    for index in 0..<6 { all.append(try await fixture.place(symbol: index % 2 == 0 ? "AAPL" : "MSFT")) }
    _ = try await fixture.place("sell", 1, "500", as: GatewayFixture.bobHeaders)
    let newest = Array(all.reversed())
    #expect(try await ids() == newest)
    #expect(try await ids("?direction=asc") == all)
    #expect(try await ids("?limit=2") == Array(newest.prefix(2)))
    #expect(try await ids("?limit=2&direction=asc") == Array(all.prefix(2)))
    #expect(try await ids("?symbols=AAPL") == [newest[1], newest[3], newest[5]])
    #expect(try await ids("?symbols=AAPL,MSFT,NOPE&nested=True&foo=bar&side=") == newest)
    #expect(try await ids("?symbols=NOPE").isEmpty)
    #expect(try await ids("?side=sell").isEmpty)
    #expect(try await ids("?side=buy&asset_class=us_equity") == newest)
    #expect(try await ids("?asset_class=crypto").isEmpty)
    let third = try #require(OrderID(all[2])?.time)
    #expect(try await ids("?status=all&direction=asc&after=\(third)") == Array(all[3...]))
    #expect(try await ids("?status=all&direction=asc&until=\(third)") == Array(all[..<2]))
    let zoned = third.description.replacing("Z", with: " 00:00")
    #expect(try await ids("?direction=asc&after=\(zoned)") == Array(all[3...]))
    #expect(try await ids("?after=\(third)&until=2099-01-01") == Array(newest.prefix(3)))
    #expect(try await ids("?direction=asc&after_order_id=\(all[1])&before_order_id=\(all[4])") == Array(all[2..<4]))
    #expect(try await ids("?direction=asc&after=\(third)&after_order_id=\(all[0])") == Array(all[3...]))
    fixture.exchange.state.withLock { $0.orders[OrderID(all[0])!]!.status = .canceled }
    #expect(try await ids("?status=open") == Array(newest.dropLast()))
    #expect(try await ids("?status=closed") == [all[0]])
  }

  @Test(arguments: [
    "status=done", "limit=0", "limit=501", "limit=ten", "limit=-1", "limit=99999999999999999999", "direction=up",
    "side=hold", "nested=maybe", "after=yesterday", "until=2026-13-01", "after_order_id=7", "before_order_id=x",
  ])
  func badParametersAreRefused(query: String) async {
    let answer = await fixture.send("GET", "/v2/orders?" + query)
    #expect(answer.status == 422)
    #expect(answer.code == 40_010_001)
    #expect(answer.message == "invalid \(query.prefix { $0 != "=" })")
  }

  @Test(arguments: ["0000-01-01", "0001-01-01", "1969-12-31", "9999-12-31T23:59:59.999999999Z"])
  func farTimesDoNoHarm(time: String) async {
    let answer = await fixture.send("GET", "/v2/orders?after=\(time)&until=\(time)")
    #expect(answer.status == 200 || answer.status == 422)
  }

  @Test func orderIsFoundByEveryFormOfItsIdentifier() async throws {
    let id = try await fixture.place()
    for form in [id, id.uppercased(), id.replacing("-", with: "")] {
      let answer = await fixture.send("GET", "/v2/orders/\(form)?nested=true")
      #expect(answer["id"]?.string == id)
      #expect(answer["status"]?.string == "new")
    }
  }

  @Test func orderIsFoundByClientOrderID() async throws {
    let body = GatewayFixture.order(more: #","client_order_id":"my id/with \u00fc""#)
    let id = await fixture.send("POST", "/v2/orders", body)["id"]?.string
    for path in ["/v2/orders:by_client_order_id", "/v2/orders%3Aby_client_order_id", "/v2/orders%3aby_client_order_id"]
    {
      #expect(await fixture.send("GET", "\(path)?client_order_id=my id/with ü")["id"]?.string == id)
    }
    let missing = await fixture.send("GET", "/v2/orders:by_client_order_id?client_order_id=other")
    #expect(missing.status == 404)
    #expect(missing.code == 40_410_000)
    #expect(await fixture.send("GET", "/v2/orders:by_client_order_id").status == 422)
    let foreign = await fixture.send(
      "GET", "/v2/orders:by_client_order_id?client_order_id=my id/with ü", as: GatewayFixture.bobHeaders)
    #expect(foreign.status == 404)
  }

  @Test(arguments: [
    (OrderStatus.filled, "filled_at"), (.canceled, "canceled_at"), (.expired, "expired_at"), (.rejected, "failed_at"),
    (.replaced, "replaced_at"),
  ])
  func closedOrderShowsWhenInItsOwnField(status: OrderStatus, field: String) async throws {
    let id = try await fixture.place()
    fixture.exchange.state.withLock { state in
      state.orders[OrderID(id)!]!.status = status
      state.orders[OrderID(id)!]!.closedAt = Timestamp("2026-01-05T16:00:00.000001Z")!
    }
    let answer = await fixture.send("GET", "/v2/orders/\(id)")
    for name in ["filled_at", "canceled_at", "expired_at", "failed_at", "replaced_at"] {
      #expect(answer[name]?.string == (name == field ? "2026-01-05T16:00:00.000001Z" : nil))
    }
  }
}
