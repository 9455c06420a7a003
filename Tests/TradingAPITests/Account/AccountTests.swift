import APITestKit
import Accounting
import ClientKit
import Digest
import HTTP
import JSON
import Lifecycle
import Market
import Ports
import Services
import Testing

@testable import TradingAPI

@Suite struct AccountTests {
  let fixture = GatewayFixture()

  @Test func accountShowsMoneyAndShares() async throws {
    _ = try await fixture.place("buy", 10, "100", as: GatewayFixture.bobHeaders)
    fixture.exchange.state.withLock { $0.prices[GatewayFixture.apple.id] = Price("151.25")! }
    let account = await fixture.send("GET", "/v2/account", as: GatewayFixture.bobHeaders)
    #expect(account.status == 200)
    for (name, value) in [
      ("id", "0190a1b2-0000-7000-8000-00000000000b"), ("account_number", "1002"), ("status", "ACTIVE"),
      ("currency", "USD"), ("cash", "10000"), ("buying_power", "9000"), ("non_marginable_buying_power", "9000"),
      ("long_market_value", "15125"), ("equity", "25125"), ("portfolio_value", "25125"), ("short_market_value", "0"),
      ("multiplier", "1"), ("created_at", "2026-01-02T00:00:00.000000Z"), ("balance_asof", "2026-01-05"),
      ("initial_margin", "15125"), ("sma", "0"),
    ] {
      #expect(account[name]?.string == value, "\(name)")
    }
    for name in [
      "trading_blocked", "transfers_blocked", "account_blocked", "shorting_enabled", "trade_suspended_by_user",
      "pattern_day_trader",
    ] {
      #expect(account[name]?.bool == false, "\(name)")
    }
    #expect(account["daytrade_count"]?.integer == 0)
  }

  /// Where an account was opened since the last close, there was nothing then: it began with what was brought in, and no
  /// client divides by zero.
  @Test(arguments: [("2026-01-05T14:00:00Z", "12000"), ("2026-01-02T00:00:00Z", "0")])
  func theFirstDayBeginsWithWhatWasBroughtIn(opened: String, lastEquity: String) async {
    let noon = Timestamp("2026-01-05T14:00:00Z")!
    fixture.exchange.state.withLock { state in
      var account = state.accounts[GatewayFixture.alice]!
      account.createdAt = Timestamp(opened)!
      account.cash = .dollars(11_500)
      state.accounts[GatewayFixture.alice] = account
      state.movements[GatewayFixture.alice] = [
        (noon, AccountMovement(span: 0, instrument: nil, isExternal: true, amount: 120_000_000)),
        (noon, AccountMovement(span: 0, instrument: nil, isExternal: false, amount: -5_000_000)),
      ]
    }
    let account = await fixture.send("GET", "/v2/account")
    #expect(account["last_equity"]?.string == lastEquity && account["equity"]?.string == "11500")
  }

  @Test func positionShowsValueAndGain() async throws {
    _ = try await fixture.place("sell", 30, "200", as: GatewayFixture.bobHeaders)
    fixture.exchange.state.withLock { $0.prices[GatewayFixture.apple.id] = Price("149.99")! }
    let expected = """
      {"asset_id":"0190a1b2-0000-7000-8000-000000000001","symbol":"AAPL","exchange":"NASDAQ","asset_class":"us_equity",\
      "asset_marginable":false,"qty":"100","qty_available":"70","side":"long","avg_entry_price":"150",\
      "cost_basis":"15000","market_value":"14999","current_price":"149.99","unrealized_pl":"-1",\
      "unrealized_plpc":"-0.000067","unrealized_intraday_pl":null,"unrealized_intraday_plpc":null,\
      "lastday_price":null,"change_today":null}
      """
    for name in ["AAPL", GatewayFixture.apple.assetID.description] {
      let one = await fixture.send("GET", "/v2/positions/\(name)?symbol=AAPL", as: GatewayFixture.bobHeaders)
      #expect(one.text == expected)
    }
    #expect(await fixture.send("GET", "/v2/positions", as: GatewayFixture.bobHeaders).text == "[\(expected)]")
  }

  @Test func positionWithoutAPriceHasNoValue() async {
    let one = await fixture.send("GET", "/v2/positions/AAPL", as: GatewayFixture.bobHeaders)
    #expect(one["market_value"]?.isNull == true)
    #expect(one["unrealized_plpc"]?.isNull == true)
    let account = await fixture.send("GET", "/v2/account", as: GatewayFixture.bobHeaders)
    #expect(account["long_market_value"]?.string == "15000", "at cost")
  }

  @Test(arguments: ["AAPL", "MSFT", "NOSUCH", "0190a1b2-0000-7000-8000-0000000000ff"])
  func flatIsNotFound(name: String) async {
    let answer = await fixture.send("GET", "/v2/positions/\(name)")
    #expect(answer.status == 404)
    #expect(answer.code == 40_410_000)
    #expect(answer.message == "position does not exist")
  }

  @Test func absurdHoldingsDoNotTrap() async {
    fixture.exchange.state.withLock { state in
      state.positions[.init(account: GatewayFixture.bob, instrument: GatewayFixture.apple.id)]!.basis =
        PositionCost(Quantity(rawValue: .max), for: Money(rawValue: .max))
      state.prices[GatewayFixture.apple.id] = .maximum
    }
    #expect(await fixture.send("GET", "/v2/account", as: GatewayFixture.bobHeaders).status == 200)
    #expect(await fixture.send("GET", "/v2/positions", as: GatewayFixture.bobHeaders).status == 200)
  }

  @Test(arguments: [
    (1, 3, "0.333333"), (2, 3, "0.666667"), (-2, 3, "-0.666667"), (1, 2_000_000, "0"), (3, 2_000_000, "0.000002"),
    (10, 4, "2.5"), (0, 7, "0"),
  ])
  func quotientsAreRoundedHalfToEven(numerator: Int64, denominator: Int64, shown: String) {
    let quotient = Ratio.quotient(numerator, by: denominator, scale: 1_000_000)!
    #expect(text(quotient, 6) == shown)
  }

  @Test func quotientsThatDoNotFitAreAbsent() {
    #expect(Ratio.quotient(1, by: 0, scale: 100) == nil)
    #expect(Ratio.quotient(.max, by: 1, scale: 100) == nil)
    #expect(Ratio.quotient(.min, by: .max, scale: 100) == -100)
  }
}
