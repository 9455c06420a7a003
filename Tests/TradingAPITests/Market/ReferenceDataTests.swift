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

func text(_ value: Int64, _ digits: Int) -> String {
  var bytes: [UInt8] = []
  JSONWriter.appendDecimal(value, fractionDigits: digits, to: &bytes)
  return String(decoding: bytes, as: UTF8.self)
}

@Suite struct ReferenceDataTests {
  let fixture = GatewayFixture()

  static let apple = """
    {"id":"0190a1b2-0000-7000-8000-000000000001","class":"us_equity","exchange":"NASDAQ","symbol":"AAPL",\
    "name":"Apple Inc.","status":"active","tradable":true,"marginable":false,"shortable":false,\
    "easy_to_borrow":false,"fractionable":false,"maintenance_margin_requirement":100,"attributes":[]}
    """

  @Test func assetIsFoundBySymbolAndIdentifier() async {
    for name in ["AAPL", "0190a1b2-0000-7000-8000-000000000001", "0190A1B2000070008000000000000001"] {
      #expect(await fixture.send("GET", "/v2/assets/\(name)").text == Self.apple)
    }
    let unknown = await fixture.send("GET", "/v2/assets/ZZNOSUCH")
    #expect(unknown.status == 404)
    #expect(unknown.code == 40_410_000)
    #expect(unknown.message == "asset not found for ZZNOSUCH")
  }

  @Test func exchangeCodesThatClientsDoNotKnowAreEmpty() async {
    let asset = await fixture.send("GET", "/v2/assets/MSFT")
    #expect(asset["exchange"]?.string == "ARCA")
    #expect(asset["name"]?.string == "Microsoft \"Corp\"")
  }

  @Test func assetListIsFiltered() async throws {
    func symbols(_ query: String) async throws -> [String] {
      try #require(await fixture.send("GET", "/v2/assets?" + query).json?.array).compactMap { $0["symbol"]?.string }
    }
    #expect(try await symbols("status=active&asset_class=us_equity") == ["AAPL", "HALT", "MSFT"])
    #expect(try await symbols("status=&asset_class=") == ["AAPL", "HALT", "MSFT"])
    #expect(try await symbols("asset_class=crypto") == [])
    #expect(try await symbols("status=inactive") == [])
    #expect(try await symbols("exchange=NASDAQ") == ["AAPL"])
    #expect(await fixture.send("GET", "/v2/assets?status=odd").status == 422)
  }

  @Test(arguments: [
    (
      "2026-01-05T15:00:00Z", "2026-01-05T10:00:00.000000-05:00", "2026-01-06T09:30:00-05:00",
      "2026-01-05T16:00:00-05:00"
    ),
    (
      "2026-01-05T22:00:00Z", "2026-01-05T17:00:00.000000-05:00", "2026-01-07T09:30:00-05:00",
      "2026-01-06T16:00:00-05:00"
    ),
    (
      "2026-07-02T15:00:00Z", "2026-07-02T11:00:00.000000-04:00", "2026-07-06T09:30:00-04:00",
      "2026-07-02T16:00:00-04:00"
    ),
    (
      "2026-11-27T15:00:00Z", "2026-11-27T10:00:00.000000-05:00", "2026-11-30T09:30:00-05:00",
      "2026-11-27T13:00:00-05:00"
    ),
  ])
  func clockOfAnOpenMarketReportsTheNextClose(now: String, timestamp: String, open: String, close: String) async {
    fixture.exchange.state.withLock { $0.now = Timestamp(now)!.advanced(byMicroseconds: -1000) }
    let clock = await fixture.send("GET", "/v2/clock")
    #expect(
      clock.text == """
        {"timestamp":"\(timestamp)","is_open":true,"next_open":"\(open)","next_close":"\(close)"}
        """)
  }

  @Test func clockOfTheCalendarClosesAtNight() {
    let clock = MarketClock(mode: .calendar)
    let night = clock.state(at: Timestamp("2026-01-06T02:00:00Z")!)
    #expect(!night.isOpen)
    #expect(night.nextOpen == Timestamp("2026-01-06T14:30:00Z")!)
    #expect(night.nextClose == Timestamp("2026-01-06T21:00:00Z")!)
    let noon = clock.state(at: Timestamp("2026-01-06T17:00:00Z")!)
    #expect(noon.isOpen)
    #expect(noon.nextClose < noon.nextOpen)
    #expect(!clock.state(at: Timestamp("2026-01-06T21:00:00Z")!).isOpen)
  }

  @Test func calendarListsSessions() async throws {
    let days = await fixture.send("GET", "/v2/calendar?start=2026-11-25&end=2026-11-30T00:00:00Z")
    #expect(
      days.text == """
        [{"date":"2026-11-25","open":"09:30","close":"16:00","session_open":"0400","session_close":"2000",\
        "settlement_date":"2026-11-27"},\
        {"date":"2026-11-27","open":"09:30","close":"13:00","session_open":"0400","session_close":"1700",\
        "settlement_date":"2026-11-30"},\
        {"date":"2026-11-30","open":"09:30","close":"16:00","session_open":"0400","session_close":"2000",\
        "settlement_date":"2026-12-01"}]
        """)
    #expect(await fixture.send("GET", "/v2/calendar?start=2026-02-30").status == 422)
    #expect(await fixture.send("GET", "/v2/calendar?start=2026-02-02&end=2026-02-01").text == "[]")
    let all = await fixture.send("GET", "/v2/calendar?start=0001-01-01&end=9999-12-31")
    #expect((3500...4200).contains(all.json?.array?.count ?? 0))
  }

  /// What libraries send for fields that nobody has set changes nothing and is no reason to refuse what somebody has.
  @Test(arguments: [
    #"{"dtbp_check":"","trade_confirm_email":"none","suspend_trade":false,"no_shorting":false,"fractional_trading":false}"#,
    #"{"dtbp_check":null,"trade_confirm_email":"none","max_margin_multiplier":"","pdt_check":""}"#,
    #"{"trade_confirm_email":"none","max_margin_multiplier":"0","max_options_trading_level":0,"disable_overnight_trading":false}"#,
    #"{"trade_confirm_email":"none","max_margin_multiplier":"1","no_shorting":true,"ptp_no_exception_entry":false}"#,
  ])
  func zeroValuesAreNoTargets(body: String) async {
    let fixture = GatewayFixture()
    let answer = await fixture.send("PATCH", "/v2/account/configurations", body)
    #expect(answer.status == 200, "\(answer.text)")
    #expect(answer["trade_confirm_email"]?.string == "none" && answer["dtbp_check"]?.string == "both")
    #expect(answer["no_shorting"]?.bool == true && answer["fractional_trading"]?.bool == false)
    #expect(answer["suspend_trade"]?.bool == false)
  }

  @Test(arguments: [
    #"{"fractional_trading":true}"#, #"{"max_margin_multiplier":"4"}"#, #"{"max_options_trading_level":2}"#,
    #"{"dtbp_check":"never"}"#, #"{"suspend_trade":"perhaps"}"#,
  ])
  func targetsThatCannotBeGrantedAreRefused(body: String) async {
    let fixture = GatewayFixture()
    #expect(await fixture.send("PATCH", "/v2/account/configurations", body).status == 422)
  }
}
