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

@Suite struct OrderChangeTests {
  let fixture = GatewayFixture()

  @Test func cancelIsAnswered204WithoutABody() async throws {
    let id = try await fixture.place()
    let answer = await fixture.send("DELETE", "/v2/orders/\(id)")
    #expect(answer.status == 204)
    #expect(answer.response.body.isEmpty)
    #expect(await fixture.send("GET", "/v2/orders/\(id)")["status"]?.string == "pending_cancel")
    #expect(await fixture.send("DELETE", "/v2/orders/\(id)").status == 204, "a repeat is harmless")
  }

  @Test func cancelOfAFinishedOrderNamesItsState() async throws {
    let id = try await fixture.place()
    fixture.exchange.state.withLock { $0.orders[OrderID(id)!]!.status = .filled }
    let answer = await fixture.send("DELETE", "/v2/orders/\(id)")
    #expect(answer.status == 422)
    #expect(answer.code == 42_210_000)
    #expect(answer.message == #"order is already in "filled" state"#)
  }

  @Test(arguments: ["GET", "DELETE", "PATCH"])
  func unknownAndForeignOrdersAreNotFound(method: String) async throws {
    let foreign = try await fixture.place(as: GatewayFixture.bobHeaders)
    // The first is no identifier of ours, the second names a shard that does not exist, the third is another's.
    let elsewhere = OrderID.order(submittedAt: Timestamp(rawValue: 1), shard: Shard(rawValue: 77), random: 1)
    for id in ["0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0ff", elsewhere.description, foreign] {
      let answer = await fixture.send(method, "/v2/orders/\(id)", #"{"qty":2}"#)
      #expect(answer.status == 404)
      #expect(answer.code == 40_410_000)
      #expect(answer.message == "order not found for \(id)")
    }
    let answer = await fixture.send(method, "/v2/orders/17", #"{"qty":2}"#)
    #expect(answer.status == 422)
    #expect(answer.code == 40_010_001)
    #expect(answer.message == "order_id is missing")
  }

  @Test func replacementIsANewOrder() async throws {
    let old = try await fixture.place("buy", 5, "10")
    let answer = await fixture.send(
      "PATCH", "/v2/orders/\(old)", #"{"qty":7,"limit_price":"11","time_in_force":"","client_order_id":""}"#)
    #expect(answer.status == 200, "\(answer.text)")
    #expect(answer["id"]?.string != old)
    #expect(answer["replaces"]?.string == old)
    #expect(answer["qty"]?.string == "7")
    #expect(answer["limit_price"]?.string == "11")
    #expect(answer["status"]?.string == "accepted")
    #expect(await fixture.send("GET", "/v2/orders/\(old)")["status"]?.string == "pending_replace")
  }

  @Test func replacementStartsWithWhatTheOldOrderExecuted() async throws {
    let old = try await fixture.place("buy", 10, "10")
    fixture.exchange.state.withLock { state in
      state.orders[OrderID(old)!]!.status = .partiallyFilled
      state.orders[OrderID(old)!]!.filled = Quantity(rawValue: 3)
      state.orders[OrderID(old)!]!.filledValue = Money("29.98")!
    }
    let refused = await fixture.send("PATCH", "/v2/orders/\(old)", #"{"qty":3}"#)
    #expect(refused.status == 422)
    #expect(refused.message == "qty must be > filled_qty")
    let answer = await fixture.send("PATCH", "/v2/orders/\(old)", #"{"qty":4}"#)
    #expect(answer["filled_qty"]?.string == "3")
    #expect(answer["filled_avg_price"]?.string == "9.993333")
  }

  @Test func refusedReplacements() async throws {
    let id = try await fixture.place("buy", 5, "10")
    for (body, status, code, message) in [
      ("{}", 422, 42_210_000, "order parameters are not changed"),
      (#"{"qty":5,"limit_price":10}"#, 422, 42_210_000, "order parameters are not changed"),
      (#"{"qty":0}"#, 422, 42_210_000, "qty must be > 0"),
      (#"{"qty":"x"}"#, 422, 40_010_001, "invalid qty"),
      (
        #"{"limit_price":10.005}"#, 422, 42_210_000,
        "invalid limit_price 10.005. sub-penny increment does not fulfill minimum pricing criteria"
      ),
      (#"{"time_in_force":"never"}"#, 422, 40_010_001, "invalid time_in_force"),
      (#"{"stop_price":3}"#, 422, 42_210_000, "stop_price can only be replaced for stop and stop_limit orders"),
      (#"{"qty":100000}"#, 403, 40_310_000, "insufficient buying power"),
      ("[", 400, 40_010_000, "request body format is invalid"),
    ] {
      let answer = await fixture.send("PATCH", "/v2/orders/\(id)", body)
      #expect(answer.status == status, "\(body)")
      #expect(answer.code == Int64(code), "\(body)")
      #expect(answer.message == message, "\(body)")
    }
    for (state, message) in [
      (OrderStatus.filled, "cannot replace order in filled status"), (.replaced, "order already replaced"),
    ] {
      fixture.exchange.state.withLock { $0.orders[OrderID(id)!]!.status = state }
      #expect(await fixture.send("PATCH", "/v2/orders/\(id)", #"{"qty":9}"#).message == message)
    }
    fixture.exchange.state.withLock { state in
      state.orders[OrderID(id)!]!.status = .accepted
      state.processed = 0
    }
    #expect(
      await fixture.send("PATCH", "/v2/orders/\(id)", #"{"qty":9}"#).message
        == "cannot replace order in accepted status")
  }

  @Test func replacementOfASellWithoutSharesNamesTheSymbol() async throws {
    let id = try await fixture.place("sell", 100, "20", as: GatewayFixture.bobHeaders)
    let answer = await fixture.send("PATCH", "/v2/orders/\(id)", #"{"qty":101}"#, as: GatewayFixture.bobHeaders)
    #expect(answer.status == 403)
    #expect(answer["symbol"]?.string == "AAPL")
    #expect(answer["related_orders"]?[0]?.string == id)
  }

  @Test func cancelAllAnswersForEveryOpenOrder() async throws {
    #expect(await fixture.send("DELETE", "/v2/orders").text == "[]")
    var ids: Set<String> = []
    for index in 0..<1003 { ids.insert(try await fixture.place("buy", 1, index % 2 == 0 ? "0.5" : "1")) }
    let foreign = try await fixture.place(as: GatewayFixture.bobHeaders)
    let answer = await fixture.send("DELETE", "/v2/orders")
    #expect(answer.status == 207)
    let rows = try #require(answer.json?.array)
    #expect(Set(rows.compactMap { $0["id"]?.string }) == ids)
    #expect(rows.count == ids.count)
    #expect(rows.allSatisfy { $0["status"]?.integer == 200 })
    #expect(
      await fixture.send("GET", "/v2/orders/\(foreign)", as: GatewayFixture.bobHeaders)["status"]?.string == "new")
  }
}
