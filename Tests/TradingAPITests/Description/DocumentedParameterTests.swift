import APITestKit
import Accounting
import JSON
import Lifecycle
import Market
import Ports
import Testing

@testable import TradingAPI

/// Parameters that the published description has, and what they do.
@Suite struct DocumentedParameterTests {
  private let fixture = GatewayFixture()

  private static func order(_ number: UInt64) -> OrderID {
    .order(submittedAt: Timestamp("2026-01-05T14:00:00Z")!, shard: Shard(rawValue: 3), random: number)
  }

  private func fill(_ order: OrderID, _ sequence: Int64, at: String) {
    let fill = AccountActivity.Fill(
      order: order, instrument: GatewayFixture.apple.id, side: .buy, price: Price("10")!,
      quantity: Quantity(rawValue: 1), filled: Quantity(rawValue: 1), leaves: .zero)
    let place = ActivityPlace.event(shard: Shard(rawValue: 3), sequence: Sequence(rawValue: sequence), ordinal: 0)
    fixture.exchange.state.withLock {
      $0.activities[GatewayFixture.alice, default: []].append(
        AccountActivity(place: place, at: Timestamp(at)!, detail: .fill(fill)))
    }
  }

  private func orders(_ query: String) async -> [String] {
    let answer = await fixture.send("GET", "/v2/account/activities?direction=asc&\(query)")
    #expect(answer.status == 200, "\(answer.text)")
    return (answer.json?.array ?? []).compactMap { $0["order_id"]?.string }
  }

  @Test func activitiesOfAnOrder() async {
    let (one, two) = (Self.order(1), Self.order(2))
    fill(one, 1, at: "2026-01-05T14:01:00Z")
    fill(two, 2, at: "2026-01-05T14:02:00Z")
    fill(one, 3, at: "2026-01-05T14:03:00Z")
    #expect(await orders("order_id=\(one)") == [one.description, one.description])
    #expect(await orders("order_id=\(two)&activity_types=FILL") == [two.description])
    #expect(await orders("order_id=\(two)&activity_types=CSD") == [])
    #expect(await orders("order_id=00000000-0000-4000-8000-000000000000") == [])
    #expect(await fixture.send("GET", "/v2/account/activities?order_id=7").status == 422)
  }

  /// In July New York is four hours behind, in January five.
  @Test func aMomentNamesTheDayInNewYork() async {
    fill(Self.order(1), 1, at: "2026-07-01T03:59:59Z")
    fill(Self.order(2), 2, at: "2026-07-01T04:00:00Z")
    for (date, order) in [
      ("2026-06-30", 1), ("2026-07-01T02:00:00Z", 1), ("2026-07-01T00:00:00Z", 1), ("2026-07-01", 2),
      ("2026-07-01T04:00:00Z", 2), ("2026-07-01T23:00:00-04:00", 2),
    ] as [(String, UInt64)] {
      #expect(await orders("date=\(date)") == [Self.order(order).description], "\(date)")
    }
  }

  @Test func calendarsByDayOfSettlement() async {
    func days(_ query: String) async -> [String] {
      (await fixture.send("GET", "/v2/calendar?\(query)").json?.array ?? []).compactMap { $0["date"]?.string }
    }
    let range = "start=2026-11-25&end=2026-11-30"
    #expect(await days(range) == ["2026-11-25", "2026-11-27", "2026-11-30"])
    #expect(await days(range + "&date_type=TRADING") == ["2026-11-25", "2026-11-27", "2026-11-30"])
    #expect(await days(range + "&date_type=SETTLEMENT") == ["2026-11-24", "2026-11-25", "2026-11-27"])
    #expect(await fixture.send("GET", "/v2/calendar?date_type=PAYMENT").status == 422)
  }

  @Test func cashflowsAreListedWhenTheyAreAskedFor() async {
    let moments = [("2026-01-04T12:00:00Z", 1_000_000), ("2026-01-05T12:00:00Z", -250_000)] as [(String, Int64)]
    fixture.exchange.state.withLock { state in
      state.movements[GatewayFixture.alice] = moments.map {
        (Timestamp($0)!, AccountMovement(span: 0, instrument: nil, isExternal: true, amount: $1))
      }
    }
    func history(_ query: String) async -> Answer {
      await fixture.send("GET", "/v2/account/portfolio/history?period=3D&timeframe=1D\(query)")
    }
    for query in ["", "&cashflow_types=", "&cashflow_types=NONE"] {
      let plain = await history(query)
      #expect(plain.status == 200 && plain["cashflow"] == nil, "\(plain.text)")
    }
    let all = await history("&cashflow_types=ALL")
    #expect(all["cashflow"]?["CSD"]?.array?.map(\.numberText) == ["0", "100", "100"], "\(all.text)")
    #expect(all["cashflow"]?["CSW"]?.array?.map(\.numberText) == ["0", "0", "-25"], "\(all.text)")
    let some = await history("&cashflow_types=TRANS,DIV")
    #expect(some["cashflow"]?["TRANS"]?.array?.map(\.numberText) == ["0", "100", "75"], "\(some.text)")
    #expect(some["cashflow"]?["DIV"]?.array?.count == 3 && some["cashflow"]?["CSD"] == nil)
    #expect(await history("&cashflow_types=GIFT").status == 422)
  }

  /// What there is nothing of is an empty list in its shape.
  @Test(arguments: EmptyList.allCases) func nothingIsAnAnswer(list: EmptyList) async {
    let answer = await fixture.send("GET", list.path + "?symbols=AAPL&limit=10")
    #expect(answer.status == 200 && answer.json?.members?.isEmpty == false, "\(answer.text)")
    #expect(await fixture.send("GET", list.path, as: []).status == 401)
  }

  @Test func thePageForPeopleShowsEveryOperation() async {
    let page = await fixture.send("GET", "/docs", as: [])
    #expect(page.status == 200 && page.header("Content-Type")?.hasPrefix("text/html") == true)
    for operation in Endpoint.all.compactMap(\.operation) {
      #expect(page.text.contains("id=\"\(operation.name)\""), "\(operation.name)")
    }
    // Whole without a network and without a script.
    #expect(!page.text.contains("<script") && !page.text.contains("src=") && !page.text.contains("https://"))
    #expect(page.text.contains("curl -H") && page.text.contains("TradingClient("))
  }
}
