import APITestKit
import Accounting
import ClientKit
import HTTP
import JSON
import Lifecycle
import Market
import Ports
import Services
import Testing

@testable import TradingAPI

@Suite struct ClosePositionTests {
  private let fixture = GatewayFixture(Self.quick)
  private let bob = GatewayFixture.bobHeaders

  private static var quick: GatewayConfiguration {
    var configuration = GatewayConfiguration()
    configuration.entry.cancelPolls = 5
    configuration.entry.cancelPollPause = .milliseconds(1)
    return configuration
  }

  init() {
    fixture.exchange.state.withLock { $0.prices[GatewayFixture.apple.id] = Price("150")! }
  }

  private var lastPlaced: PlaceRequest? {
    fixture.exchange.state.withLock { state in
      if case .place(let place)? = state.submitted.last { place } else { nil }
    }
  }

  @Test func closingSellsTheFreeSharesAtTheMarket() async throws {
    _ = try await fixture.place("sell", 30, "200", as: bob)
    let answer = await fixture.send("DELETE", "/v2/positions/AAPL", as: bob)
    #expect(answer.status == 200, "\(answer.text)")
    for (name, value) in [
      ("symbol", "AAPL"), ("side", "sell"), ("type", "market"), ("qty", "70"), ("time_in_force", "day"),
    ] {
      #expect(answer[name]?.string == value)
    }
    #expect(answer["limit_price"]?.isNull == true)
    let place = try #require(lastPlaced)
    #expect(place.type == .market && place.quantity == Quantity(rawValue: 70) && place.price == Price("142.5")!)
    let again = await fixture.send("DELETE", "/v2/positions/AAPL", as: bob)
    #expect(again.status == 403 && again.code == 40_310_000)
    #expect(again.message == "insufficient qty available for order (requested: 100, available: 0)")
  }

  @Test(arguments: [
    ("qty=12", "12"), ("qty=1e1", "10"), ("qty=10.0", "10"), ("percentage=50", "50"), ("percentage=100", "100"),
    ("percentage=33.9", "33"), ("percentage=1", "1"), ("qty=&percentage=", "100"),
  ])
  func aPartIsClosed(query: String, quantity: String) async {
    let answer = await fixture.send("DELETE", "/v2/positions/AAPL?\(query)", as: bob)
    #expect(answer.status == 200 && answer["qty"]?.string == quantity, "\(answer.text)")
  }

  @Test(arguments: [
    ("qty=1&percentage=5", 422, 40_010_001), ("qty=x", 422, 40_010_001), ("qty=0", 422, 42_210_000),
    ("qty=-1", 422, 42_210_000), ("qty=1.5", 422, 42_210_000), ("percentage=0", 422, 40_010_001),
    ("percentage=100.1", 422, 40_010_001), ("percentage=x", 422, 40_010_001), ("percentage=0.5", 422, 42_210_000),
    ("qty=101", 403, 40_310_000),
  ])
  func anImpossiblePartIsRefusedAndChangesNothing(query: String, status: Int, code: Int64) async {
    let answer = await fixture.send("DELETE", "/v2/positions/AAPL?\(query)", as: bob)
    #expect(answer.status == status && answer.code == code, "\(answer.text)")
    #expect(lastPlaced == nil)
  }

  @Test(arguments: ["AAPL", "MSFT", "NONE"]) func whatIsNotHeldIsNotFound(name: String) async {
    let answer = await fixture.send("DELETE", "/v2/positions/\(name)")
    #expect(answer.status == 404 && answer.code == 40_410_000 && answer.message == "position does not exist")
  }

  @Test func aRepeatWithTheSameKeyIsTheFirstAnswer() async {
    let headers = bob + [("Idempotency-Key", "close-1")]
    let first = await fixture.send("DELETE", "/v2/positions/AAPL", as: headers)
    let second = await fixture.send("DELETE", "/v2/positions/AAPL?qty=", as: headers)
    #expect(first.status == 200 && second["id"]?.string == first["id"]?.string)
    fixture.exchange.state.withLock { $0.positions = [:] }
    #expect(await fixture.send("DELETE", "/v2/positions/AAPL", as: headers)["id"]?.string == first["id"]?.string)
    let other = await fixture.send("DELETE", "/v2/positions/AAPL", as: bob + [("Idempotency-Key", "close-2")])
    #expect(other.status == 404)
  }

  @Test func closingAllAnswersEachPosition() async throws {
    fixture.exchange.state.withLock { state in
      state.positions[.init(account: GatewayFixture.bob, instrument: GatewayFixture.microsoft.id)] = PositionRecord(
        instrument: GatewayFixture.microsoft.id, held: .zero,
        basis: PositionCost(Quantity(rawValue: 5), for: .dollars(10)))
    }
    _ = try await fixture.place("sell", 100, "200", as: bob)
    let answer = await fixture.send("DELETE", "/v2/positions", as: bob)
    #expect(answer.status == 207)
    let list = try #require(answer.json?.array)
    #expect(list.map { $0["symbol"]?.string } == ["AAPL", "MSFT"])
    #expect(list.map { $0["status"]?.integer } == [403, 200])
    #expect(list[0]["body"]?["code"]?.integer == 40_310_000 && list[0]["body"]?["held_for_orders"]?.string == "100")
    #expect(list[1]["body"]?["qty"]?.string == "5" && list[1]["body"]?["type"]?.string == "market")
    #expect(await fixture.send("DELETE", "/v2/positions").text == "[]")
  }

  @Test func canceledOrdersFreeTheirSharesFirst() async throws {
    _ = try await fixture.place("sell", 100, "200", as: bob)
    _ = try await fixture.place("buy", 1, "10", as: bob)
    fixture.exchange.state.withLock { $0.pollsUntilCanceled = 3 }
    let answer = await fixture.send("DELETE", "/v2/positions?cancel_orders=True", as: bob)
    let list = try #require(answer.json?.array)
    #expect(answer.status == 207 && list.count == 1 && list[0]["body"]?["qty"]?.string == "100", "\(answer.text)")
    let cancels = fixture.exchange.state.withLock { state in
      state.submitted.filter { if case .cancel = $0 { true } else { false } }.count
    }
    #expect(cancels == 2)
  }

  @Test func theWaitForCanceledOrdersIsBounded() async throws {
    _ = try await fixture.place("sell", 60, "200", as: bob)
    let answer = await fixture.send("DELETE", "/v2/positions?cancel_orders=true", as: bob)
    #expect(answer.json?[0]?["body"]?["qty"]?.string == "40", "what is free is sold all the same")
  }

  @Test func anUnknownOutcomeOfOneOfManyIsSaid() async throws {
    fixture.exchange.state.withLock { $0.reply = .outcomeUnknown }
    #expect(await fixture.send("DELETE", "/v2/positions/AAPL", as: bob).response.dropsConnection)
    let answer = await fixture.send("DELETE", "/v2/positions", as: bob)
    #expect(answer.json?[0]?["status"]?.integer == 500)
    #expect(answer.json?[0]?["body"]?["reason"]?.string == "outcome_unknown")
  }
}
