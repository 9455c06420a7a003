import APITestKit
import ClientKit
import Digest
import HTTP
import JSON
import Lifecycle
import Market
import Ports
import Testing

@testable import TradingAPI

@Suite struct MarketDataTests {
  let market = FakeMarket()
  let fixture: GatewayFixture
  static let apple = GatewayFixture.apple.id
  static let microsoft = GatewayFixture.microsoft.id

  init() {
    fixture = GatewayFixture(market: market.sources)
    let start = Timestamp("2026-01-05T14:30:00Z")!
    market.state.withLock { state in
      for (id, count) in [(Self.apple, 7), (Self.microsoft, 3)] {
        state.trades[id] = (0..<count).map { index in
          TradePrint(
            at: start.advanced(byMicroseconds: Int64(index) * 20_000_000 + 1),
            sequence: Sequence(rawValue: Int64(index)),
            ordinal: 0, price: Price(rawValue: 1_000_000 + Int64(index) * 500), size: Quantity(rawValue: 10),
            taker: .buy)
        }
      }
      var depth = MarketDepth(sequence: Sequence(rawValue: 41), at: start)
      for index in 0..<12 as Range<Int64> {
        depth.set(.buy, Self.level(1_000_000 - index * 100, index + 1))
        depth.set(.sell, Self.level(1_000_500 + index * 100, index + 1))
      }
      state.depths[Self.apple] = depth
      state.quotes[Self.apple] = [depth.quote]
    }
  }

  private static func level(_ price: Int64, _ size: Int64) -> PriceLevelView {
    PriceLevelView(price: Price(rawValue: price), size: Quantity(rawValue: size))
  }

  @Test func aTradeHasTheNamesThatClientsRead() async {
    let answer = await fixture.send("GET", "/v2/stocks/trades/latest?symbols=AAPL,HALT,ZZZZ&feed=iex")
    #expect(
      answer.text == """
        {"trades":{"AAPL":{"t":"2026-01-05T14:32:00.000001000Z","x":"E","p":100.3,"s":10,"c":["@"],"i":6291456,"z":"C"}}}
        """)
    let single = await fixture.send("GET", "/v2/stocks/AAPL/trades/latest")
    #expect(single["symbol"]?.string == "AAPL" && single["trade"]?["p"]?.numberText == "100.3")
  }

  @Test func barsAreAlignedAndNamedAsClientsReadThem() async {
    let answer = await fixture.send(
      "GET", "/v2/stocks/bars?symbols=MSFT&timeframe=1Day&start=2026-01-01&end=2026-02-01")
    #expect(
      answer.text == """
        {"bars":{"MSFT":[{"t":"2026-01-05T05:00:00Z","o":100,"h":100.1,"l":100,"c":100.1,"v":30,"n":3,"vw":100.05}]},\
        "next_page_token":null}
        """)
    let none = await fixture.send(
      "GET", "/v2/stocks/bars?symbols=HALT,MSFT&timeframe=1Day&start=2020-01-01&end=2020-02-01")
    #expect(none.text == #"{"bars":{},"next_page_token":null}"#)
    let single = await fixture.send("GET", "/v2/stocks/HALT/bars?timeframe=1Min&start=2026-01-01&end=2026-02-01")
    #expect(single.text == #"{"symbol":"HALT","bars":[],"next_page_token":null}"#)
  }

  /// A page's limit counts over all symbols; the tokens lead through every row once, in either order.
  @Test(arguments: ["asc", "desc"], [1, 2, 3, 4, 10, 100])
  func pagesBringEveryRowOnce(sort: String, limit: Int) async throws {
    var rows: [String: [String]] = [:]
    var token: String?
    var pages = 0
    repeat {
      let more = token.map { "&page_token=\($0)" } ?? ""
      let answer = await fixture.send(
        "GET", "/v2/stocks/trades?symbols=MSFT,AAPL&start=2026-01-05&end=2026-01-06&sort=\(sort)&limit=\(limit)\(more)")
      #expect(answer.status == 200, "\(answer.text)")
      var count = 0
      for symbol in ["AAPL", "MSFT"] {
        let found = try answer["trades"]?[symbol]?.array?.map { try #require($0["t"]?.string) } ?? []
        rows[symbol, default: []] += found
        count += found.count
      }
      pages += 1
      token = answer["next_page_token"]?.string
      #expect(token == nil ? count <= limit : count == limit)
    } while token != nil && pages < 50
    #expect(rows["AAPL"]?.count == 7 && rows["MSFT"]?.count == 3)
    for found in rows.values { #expect(found == (sort == "asc" ? found.sorted() : found.sorted().reversed())) }
    #expect(pages == (10 + limit - 1) / limit)
  }

  @Test(arguments: [
    ("bars", "invalid_timeframe", "symbols=AAPL&timeframe=61Min"), ("bars", "missing_symbols", "timeframe=1Min"),
    ("trades", "invalid_symbol", "symbols=AAPL,no%20such"), ("trades", "invalid_limit", "symbols=AAPL&limit=0"),
    ("trades", "invalid_limit", "symbols=AAPL&limit=10001"),
    ("trades", "invalid_start", "symbols=AAPL&start=yesterday"),
    ("trades", "end_before_start", "symbols=AAPL&start=2026-01-02&end=2026-01-01"),
    ("trades", "invalid_page_token", "symbols=AAPL&page_token=abc"),
    ("quotes", "invalid_feed", "symbols=AAPL&feed=odd"),
    ("quotes", "invalid_sort", "symbols=AAPL&sort=up"), ("bars", "invalid_adjustment", "symbols=AAPL&adjustment=odd"),
    ("bars", "not_supported", "symbols=AAPL&currency=EUR"), ("bars", "invalid_asof", "symbols=AAPL&asof=then"),
  ])
  func whatCannotBeReadIsRefused(path: String, reason: String, query: String) async {
    let answer = await fixture.send("GET", "/v2/stocks/\(path)?\(query)")
    #expect(answer.status == 400 && answer.code == 40_010_000)
    #expect(answer["reason"]?.string == reason && answer.message?.isEmpty == false)
  }

  @Test func anAuctionIsIndicatedByWhatIsCollected() async throws {
    let level = { (price: Int64, size: Int64) in Self.level(price, size) }
    var call = MarketCall(
      at: Timestamp("2026-01-05T14:00:00Z")!, phase: InstrumentPhase(SessionPoint(Day("2026-01-05")!, .preOpen)),
      last: Price(rawValue: 1_000_000), bids: [level(990_000, 40), level(1_010_000, 30)], asks: [level(980_000, 50)])
    market.state.withLock { $0.calls[Self.apple] = call }
    let crossed = await fixture.send("GET", "/v2/stocks/AAPL/indication")
    #expect(crossed["phase"]?.string == "pre_open" && crossed["t"]?.string == "2026-01-05T14:00:00Z")
    // At 98 and at 99 fifty shares trade and twenty bids are left; 99 is nearer to the last price.
    #expect(crossed["price"]?.numberText == "99" && crossed["paired"]?.integer == 50)
    #expect(crossed["imbalance"]?.integer == 20 && crossed["imbalance_side"]?.string == "buy")
    call.bids = []
    call.phase.isHalted = true
    market.state.withLock { $0.calls[Self.apple] = call }
    let empty = await fixture.send("GET", "/v2/stocks/AAPL/indication")
    #expect(empty["phase"]?.string == "halted" && empty["price"]?.isNull == true && empty["paired"]?.integer == 0)
    #expect(await fixture.send("GET", "/v2/stocks/NOSUCH/indication").status == 404)
  }

  /// Own auctions in the published form: by trading days, each price once.
  @Test func auctionsAreReportedByDays() async throws {
    func day(_ text: String, _ opening: [(Int64, Int64)], _ closing: [(Int64, Int64)] = []) -> DailyAuctions {
      func prints(_ prints: [(Int64, Int64)], _ time: String) -> [DailyAuctions.Print] {
        prints.map {
          .init(at: Timestamp("\(text)T\(time):00Z")!, price: Price(rawValue: $0), size: Quantity(rawValue: $1))
        }
      }
      return DailyAuctions(
        day: Day(text)!, opening: prints(opening, "14:30"), closing: prints(closing, "21:00"))
    }
    market.state.withLock {
      $0.auctions[Self.apple] = [
        day("2026-01-05", [(1_000_000, 30), (1_010_000, 5)], [(1_005_000, 7)]), day("2026-01-06", [], [(990_000, 1)]),
      ]
      $0.auctions[Self.microsoft] = [day("2026-01-05", [(4_000_000, 2)])]
    }
    let span = "start=2026-01-01&end=2026-02-01"
    let single = await fixture.send("GET", "/v2/stocks/AAPL/auctions?\(span)&limit=1")
    let token = try #require(single["next_page_token"]?.string)
    #expect(
      single.text == """
        {"symbol":"AAPL","auctions":[{"d":"2026-01-05","o":[{"t":"2026-01-05T14:30:00Z","x":"E","p":100,"s":30,"c":"O"},\
        {"t":"2026-01-05T14:30:00Z","x":"E","p":101,"s":5,"c":"O"}],"c":[{"t":"2026-01-05T21:00:00Z","x":"E","p":100.5,\
        "s":7,"c":"6"}]}],"next_page_token":"\(token)"}
        """)
    let rest = await fixture.send("GET", "/v2/stocks/AAPL/auctions?\(span)&limit=1&page_token=\(token)")
    #expect(rest["auctions"]?.array?.compactMap { $0["d"]?.string } == ["2026-01-06"])
    #expect(rest["next_page_token"]?.isNull == true)
    let both = await fixture.send("GET", "/v2/stocks/auctions?symbols=MSFT,AAPL,HALT&\(span)&sort=desc&feed=sip")
    #expect(both["auctions"]?["AAPL"]?.array?.compactMap { $0["d"]?.string } == ["2026-01-06", "2026-01-05"])
    #expect(both["auctions"]?["MSFT"]?.array?.count == 1 && both["auctions"]?["HALT"] == nil)
    let none = await fixture.send("GET", "/v2/stocks/auctions?symbols=HALT&\(span)")
    #expect(none.text == #"{"auctions":{},"next_page_token":null}"#)
    #expect(await fixture.send("GET", "/v2/stocks/auctions?symbols=AAPL&limit=0").status == 400)
    #expect(await fixture.send("GET", "/v2/stocks/auctions").status == 400)
  }

  @Test func aBookComesFromWhereItIsKeptAndElseFromTheLedger() async throws {
    let stored = try #require(market.state.withLock { $0.depths[Self.apple] })
    let cold = await fixture.send("GET", "/v2/stocks/AAPL/depth")
    #expect(cold["sequence"]?.integer == 41 && cold["checksum"]?.integer == Int64(stored.checksum))
    #expect(cold["b"]?.array?.count == 12 && cold["a"]?.array?.count == 12)
    #expect(cold["b"]?.array?[0]["p"]?.numberText == "100" && cold["a"]?.array?[0]["p"]?.numberText == "100.05")
    let two = await fixture.send("GET", "/v2/stocks/AAPL/depth?levels=2")
    #expect(two["b"]?.array?.count == 2 && two["checksum"]?.integer == Int64(stored.checksum))
    let book = await fixture.send("GET", "/v2/stocks/AAPL/orderbook?levels=1")
    #expect(book["orderbook"]?["a"]?.array?.count == 1 && book["orderbook"]?["t"]?.string == "2026-01-05T14:30:00Z")
    var newer = stored
    newer.sequence = Sequence(rawValue: 42)
    newer.set(.buy, Self.level(1_000_200, 5))
    market.state.withLock { $0.kept = [Self.apple: newer] }
    let warm = await fixture.send("GET", "/v2/stocks/AAPL/depth")
    #expect(warm["sequence"]?.integer == 42 && warm["b"]?.array?.count == 13)
    #expect(await fixture.send("GET", "/v2/stocks/AAPL/quotes/latest")["quote"]?["bp"]?.numberText == "100.02")
    market.state.withLock { $0.kept = nil }
    #expect(await fixture.send("GET", "/v2/stocks/AAPL/quotes/latest")["quote"]?["bp"]?.numberText == "100")
    #expect(await fixture.send("GET", "/v2/stocks/NOSUCH/depth").status == 404)
    #expect(await fixture.send("GET", "/v2/stocks/AAPL/depth?levels=0").status == 400)
  }

  @Test func snapshotsHaveTheLatestOfEverything() async {
    let answer = await fixture.send("GET", "/v2/stocks/snapshots?symbols=AAPL,HALT")
    #expect(answer["AAPL"]?["latestTrade"]?["p"]?.numberText == "100.3")
    #expect(answer["AAPL"]?["latestQuote"]?["as"]?.integer == 1)
    #expect(answer["AAPL"]?["dailyBar"]?["v"]?.integer == 70)
    #expect(answer["AAPL"]?["minuteBar"]?["t"]?.string == "2026-01-05T14:32:00Z")
    // What there is none of is not there, and never null.
    #expect(answer["AAPL"]?["prevDailyBar"] == nil && answer["HALT"]?["latestTrade"] == nil)
    #expect(await fixture.send("GET", "/v2/stocks/ZZZZ/snapshot").text == #"{"symbol":"ZZZZ"}"#)
    let quote = answer["HALT"]?["latestQuote"]
    #expect(quote?["bp"]?.integer == 0 && quote?["bx"]?.string == " ")
    let single = await fixture.send("GET", "/v2/stocks/AAPL/snapshot")
    #expect(single["symbol"]?.string == "AAPL" && single["dailyBar"]?["n"]?.integer == 7)
  }

  @Test func theRestIsSmallAndTrue() async {
    #expect(await fixture.send("GET", "/v2/stocks/meta/exchanges").text == #"{"E":"Buttonwood"}"#)
    #expect(await fixture.send("GET", "/v2/stocks/meta/conditions/trade?tape=A").text.contains(#""@":"Regular Sale""#))
    for path in ["AAPL/auctions/latest", "AAPL", "meta/conditions/odd", "AAPL/trades/first", "a/b/c/d/e"] {
      #expect(await fixture.send("GET", "/v2/stocks/\(path)").status == 404, "\(path)")
    }
    #expect(await fixture.send("POST", "/v2/stocks/bars").status == 405)
    #expect(await fixture.send("GET", "/v2/stocks/bars?symbols=AAPL", as: []).status == 401)
    market.state.withLock { $0.failure = .unavailable(.connection, reason: "away") }
    #expect(await fixture.send("GET", "/v2/stocks/trades?symbols=AAPL").status == 503)
  }

  @Test func tokensAreOpaqueAndExact() {
    for symbol in ["A", "BRK.B", "ZZ-9"] {
      for at in [0, 1_764_000_000_123_456, -5] as [Int64] {
        let token = MarketPageToken(
          symbol: symbol,
          cursor: MarketCursor(at: Timestamp(rawValue: at), sequence: Sequence(rawValue: 17), ordinal: 3))
        #expect(MarketPageToken(token.text) == token)
        #expect(token.text.utf8.allSatisfy { $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "/") })
      }
    }
    for text in ["", "abc", "QUFB", "QUFBfDF8Mnw=", Base64.encode(Array("AAPL|1|2|9999999999".utf8))] {
      #expect(MarketPageToken(text) == nil, "\(text)")
    }
  }
}
