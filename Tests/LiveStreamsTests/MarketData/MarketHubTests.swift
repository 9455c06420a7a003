import APITestKit
import ClientKit
import Engine
import HTTP
import Lifecycle
import Market
import Ports
import Services
import TestKit
import Testing

@testable import LiveStreams

@Suite struct MarketHubTests {
  /// A client that keeps what it gets.
  private final class Client: StreamClient {
    let format: StreamFormat
    private let elements = Lock<[StreamElement]>([])
    init(_ format: StreamFormat = .json) { self.format = format }

    private let confirmed = Lock<StreamSubscriptions?>(nil)

    func take(_ elements: [StreamElement], _ chunk: HTTPStreamChunk) { self.elements.withLock { $0 += elements } }
    func confirm(_ subscriptions: StreamSubscriptions) { confirmed.withLock { $0 = subscriptions } }

    /// What has been promised last.
    var promised: StreamSubscriptions? { confirmed.withLock { $0 } }

    var all: [StreamElement] { elements.withLock { $0 } }

    /// The copy of a book that the messages make, if each follows the one before.
    var book: MarketDepth? {
      var copy: MarketDepth?
      for element in all {
        switch element {
        case .book(let depth, _): copy = depth
        case .change(let update, let from, _):
          guard var depth = copy, depth.sequence == from else {
            Issue.record("a change from \(from) does not follow \(copy?.sequence as Any)")
            return nil
          }
          for change in update.changes { depth.set(change.side, change.level) }
          (depth.sequence, depth.at) = (update.sequence, update.at)
          #expect(depth.checksum == update.checksum)
          copy = depth
        default: continue
        }
      }
      return copy
    }

    var trades: [Int64] {
      all.compactMap { if case .trade(let trade, _, _) = $0 { trade.id } else { nil } }
    }
  }

  private let market = FakeMarket()
  private let exchange = FakeExchange()
  private let hub: MarketHub
  private let apple = GatewayFixture.apple

  init() {
    exchange.state.withLock { $0.instruments = [GatewayFixture.apple, GatewayFixture.microsoft] }
    let exchange = exchange
    let directory = InstrumentDirectory(reader: exchange, instrumentLifetime: 1_000_000, priceLifetime: 1_000_000)
    var settings = MarketHubSettings()
    settings.pollPeriod = .milliseconds(1)
    settings.failurePause = .milliseconds(2)
    hub = MarketHub(market.sources, directory, settings: settings, now: { exchange.state.withLock { $0.now } })
  }

  private func follow(_ client: Client, _ subscriptions: StreamSubscriptions) {
    hub.subscribe(client, subscriptions, added: subscriptions)
  }

  /// Changes the book as a worker does, keeps the state, and tells it in the stream unless it gets lost.
  private func change(_ random: inout SeededRandom, isLost: Bool = false, isWhole: Bool = false) {
    market.state.withLock { state in
      var depth = state.depths[apple.id] ?? MarketDepth(sequence: .zero, at: Row.start)
      let (previous, quote) = (depth.sequence, depth.quote)
      depth.sequence = previous.next
      var changes: [MarketUpdate.Change] = []
      for price in Set((0..<3).map { _ in random.number(1...30) as Int64 }) {
        let level = PriceLevelView(
          price: Price(rawValue: 1_000_000 + price * 100), size: Quantity(rawValue: random.number(0...9)))
        let side: Side = price <= 15 ? .buy : .sell
        depth.set(side, level)
        changes.append(.init(side: side, level: level))
      }
      if isWhole { changes = Side.allCases.flatMap { side in depth[side].map { .init(side: side, level: $0) } } }
      state.depths[apple.id] = depth
      if state.kept != nil { state.kept![apple.id] = depth }
      let trade = TradePrint(
        at: depth.at, sequence: depth.sequence, ordinal: 0, price: Price(rawValue: 1_000_000),
        size: Quantity(rawValue: 1),
        taker: .buy)
      let update = MarketUpdate(
        instrument: apple.id, sequence: depth.sequence, previous: isWhole ? nil : previous, at: depth.at,
        trades: [trade],
        quote: depth.quote, isQuoteNew: !quote.shows(depth.quote), changes: changes, checksum: depth.checksum)
      if !isLost { state.published.append(SymbolUpdate(symbol: apple.symbol, update: update)) }
    }
  }

  private var book: MarketDepth? { market.state.withLock { $0.depths[apple.id] } }

  /// Whenever clients come, and whatever gets lost on the way: each copy is the book, change by change.
  @Test(arguments: 1...6 as ClosedRange<UInt64>) func everyClientsCopyIsTheBook(seed: UInt64) async throws {
    var random = SeededRandom(seed: seed)
    var clients: [Client] = []
    change(&random, isWhole: true)
    for step in 0..<60 {
      if step % 10 == 0 {
        let client = Client(random.oneIn(2) ? .json : .messagePack)
        follow(client, [.depth: ["AAPL"]])
        clients.append(client)
      }
      if step % 17 == 16 { market.state.withLock { $0.kept = $0.kept == nil ? [apple.id: $0.depths[apple.id]!] : nil } }
      change(&random, isLost: random.oneIn(6), isWhole: random.oneIn(12))
      if random.oneIn(2) { try await Task.sleep(for: .milliseconds(random.number(0...4))) }
    }
    market.state.withLock { $0.kept = [apple.id: $0.depths[apple.id]!] }
    change(&random)
    let book = try #require(book)
    for client in clients {
      await eventually("the copy is the book, seed \(seed)") { client.book?.sequence == book.sequence }
      #expect(client.book?.bids == book.bids && client.book?.asks == book.asks, "seed \(seed)")
    }
  }

  /// What changes of sessions, halts and bands, and what the next auction would lead to, goes to those who follow it, once.
  @Test func statusesAreReportedWhenTheyChange() async throws {
    let client = Client()
    let day = Day("2026-11-27")!
    let terms = BandTerms(reference: Price("100")!, previousClose: Price("100")!, tier: .tier1)
    func set(_ phase: InstrumentPhase, reason: String? = nil, pausedUntil: Timestamp? = nil) {
      market.state.withLock {
        $0.statuses[apple.id] = TradingStatus(
          phase, since: Row.start, haltReason: reason, collects: reason != nil, pausedUntil: pausedUntil)
      }
    }
    set(InstrumentPhase(SessionPoint(day, .preOpen)))
    follow(client, [.statuses: ["AAPL"], .lulds: ["*"], .imbalances: ["AAPL"]])
    await eventually("somebody looks") { await hub.turns > 90 }
    #expect(client.all.isEmpty, "what is seen for the first time is no news")

    let level = PriceLevelView(price: Price("100")!, size: Quantity(rawValue: 30))
    market.state.withLock { state in
      state.calls[apple.id] = MarketCall(
        at: Row.start, phase: InstrumentPhase(SessionPoint(day, .preOpen)), last: nil, bids: [level], asks: [level])
    }
    await eventually("the auction is told") { client.all.count == 1 }
    guard case .imbalance(let news, "AAPL", _)? = client.all.last else {
      Issue.record("\(client.all)")
      return
    }
    #expect(news.indication?.price == Price("100")! && news.indication?.paired == Quantity(rawValue: 30))

    set(InstrumentPhase(SessionPoint(day, .open), band: terms))
    await eventually("the opening is told") { client.all.count == 3 }
    set(InstrumentPhase(SessionPoint(day, .open), band: terms, limit: .upper))
    await eventually("the limit state is told") { client.all.count == 4 }
    set(InstrumentPhase(SessionPoint(day, .open), isHalted: true, band: terms), reason: "limit", pausedUntil: Row.start)
    await eventually("the pause is told, and what is collected") { client.all.count == 7 }
    set(InstrumentPhase(SessionPoint(day, .open), band: terms))
    await eventually("the reopening is told") { client.all.count == 9 }

    let codes = client.all.compactMap { if case .status(let codes, _, _, _) = $0 { codes.status } else { nil } }
    #expect(codes == ["T", "P", "T"])
    let bands = client.all.compactMap { element -> BandNews? in
      if case .band(let news, _, _) = element { news } else { nil }
    }
    #expect(bands.map(\.letter) == [.opening, .duringTheDay, .suspended, .reopening])
    #expect(bands.map { $0.band?.upper } == [Price("105")!, Price("105")!, nil, Price("105")!])
    #expect(bands.map(\.limit) == [nil, .upper, nil, nil])
  }

  /// What happens right behind the confirmation is told, whatever channel it is in.
  @Test(arguments: 0..<20) func whatIsPromisedIsReported(round: Int) async throws {
    let day = Day("2026-11-27")!
    market.state.withLock {
      $0.statuses[apple.id] = TradingStatus(InstrumentPhase(SessionPoint(day, .open)), since: Row.start)
    }
    // Somebody else has been there for a while, or not.
    if round % 2 == 1 {
      let early = Client()
      follow(early, [.statuses: ["MSFT"], .trades: ["MSFT"]])
      await eventually("the other is served") { early.promised != nil }
    }
    let client = Client()
    follow(client, [.statuses: ["AAPL"], .trades: ["AAPL"]])
    await eventually("it is promised") { client.promised != nil }
    market.state.withLock {
      $0.statuses[apple.id] = TradingStatus(
        InstrumentPhase(SessionPoint(day, .open), isHalted: true), since: Row.start, haltReason: "news")
    }
    var random = SeededRandom(seed: 5)
    change(&random)
    await eventually("the halt and the trade are told") {
      client.trades.count == 1
        && client.all.contains { if case .status(let codes, _, _, _) = $0 { codes.status == "H" } else { false } }
    }
  }

  /// Who follows every book waits for them himself: the streams are looked at meanwhile.
  @Test func whatIsLeftByTheClosedIsGone() async throws {
    let clients = (0..<40).map { _ in Client() }
    for client in clients { follow(client, [.depth: ["AAPL", "MSFT"], .trades: ["*"]]) }
    await eventually("they are promised") { clients.allSatisfy { $0.promised != nil } }
    for client in clients { hub.leave(client) }
    let last = Client()
    follow(last, [.trades: ["AAPL"]])
    await eventually("the last one is promised") { last.promised != nil }
    #expect(await hub.followedBooks == 0)
  }

  /// Trades and quotes go to those who asked, once each, in order.
  @Test func tradesAreReportedOnceToThoseWhoFollow() async throws {
    var random = SeededRandom(seed: 9)
    let (one, all, other) = (Client(), Client(.messagePack), Client())
    follow(one, [.trades: ["AAPL"], .quotes: ["AAPL"]])
    follow(all, [.trades: ["*"]])
    follow(other, [.trades: ["MSFT"], .quotes: ["MSFT"]])
    await eventually("the stream is followed") { market.state.withLock { $0.isFollowed } }
    for _ in 0..<40 { change(&random) }
    market.state.withLock { $0.published += $0.published.suffix(3) }
    change(&random)
    let expected = (1...41 as ClosedRange<Int64>).map { $0 << 20 }
    await eventually("all trades are told") { one.trades.count >= 41 && all.trades.count >= 41 }
    #expect(one.trades == expected && all.trades == expected && other.all.isEmpty)
    #expect(one.all.contains { if case .quote = $0 { true } else { false } })
    hub.leave(all)
    hub.subscribe(one, [:], added: [:])
    change(&random)
    follow(other, [.trades: ["AAPL"]])
    change(&random)
    await eventually("the other follows now") { !other.trades.isEmpty }
    #expect(one.trades == expected && all.trades == expected)
  }

  @Test func barsAreReportedWhenTheirMinuteIsOverAndAgainWhenTheyChange() async throws {
    let minute = Timestamp("2026-01-05T15:00:00Z")!
    func set(_ seconds: Int64) {
      exchange.state.withLock { $0.now = minute.advanced(byMicroseconds: seconds * 1_000_000) }
    }
    func trade(_ seconds: Int64, _ price: Int64) {
      market.state.withLock {
        $0.trades[apple.id, default: []].append(
          TradePrint(
            at: minute.advanced(byMicroseconds: seconds * 1_000_000), sequence: .zero, ordinal: 0,
            price: Price(rawValue: price), size: Quantity(rawValue: 1), taker: .buy))
      }
    }
    set(10)
    trade(5, 1_000_000)
    let client = Client()
    follow(client, [.bars: ["*"], .updatedBars: ["AAPL"], .dailyBars: ["AAPL"]])
    await eventually("the clock is read") { await hub.turns > 2 }
    #expect(client.all.isEmpty)
    set(61)
    await eventually("the bar is told") { client.all.count == 2 }
    guard case .bar(let bar, .minute, "AAPL") = client.all[0], case .bar(let day, .day, "AAPL") = client.all[1] else {
      Issue.record("\(client.all)")
      return
    }
    #expect(
      bar.start == minute && bar.close == Price(rawValue: 1_000_000) && day.start == BarFrame.day.start(of: minute))
    trade(59, 1_010_000)
    set(91)
    await eventually("the change is told") { client.all.count == 3 }
    guard case .bar(let again, .updated, "AAPL") = client.all[2] else {
      Issue.record("\(client.all)")
      return
    }
    #expect(again.start == minute && again.close == Price(rawValue: 1_010_000))
    set(200)
    let turns = await hub.turns
    await eventually("quiet minutes are over") { await hub.turns > turns + 2 }
    #expect(client.all.count == 3)
  }

  @Test func schedulesReportEachMinuteOnce() {
    var schedule = BarSchedule(MarketHubSettings())
    var published: [Timestamp] = []
    var reviewed: [Timestamp] = []
    let start = Timestamp("2026-01-05T15:00:20Z")!
    for second in stride(from: 0, to: 1_200, by: 7) as StrideTo<Int64> {
      for due in schedule.due(now: start.advanced(byMicroseconds: second * 1_000_000)) {
        switch due {
        case .publish(let minute): published.append(minute)
        case .review(let minute): reviewed.append(minute)
        }
      }
    }
    let minutes = (0..<20 as Range<Int64>).map {
      Timestamp("2026-01-05T15:00:00Z")!.advanced(byMicroseconds: $0 * 60_000_000)
    }
    #expect(published == Array(minutes.prefix(published.count)) && published.count >= 19)
    #expect(reviewed == Array(minutes.prefix(reviewed.count)) && reviewed.count >= 18)
    // After a long stall the oldest minutes are left to history.
    let late = schedule.due(now: start.advanced(byMicroseconds: 86_400_000_000))
    #expect(late.filter { if case .publish = $0 { true } else { false } }.count <= 5)
  }
}

/// Waits until `condition` holds; looks are counted, not seconds.
private func eventually(_ what: Comment, _ condition: () async -> Bool) async {
  for _ in 0..<30_000 {
    if await condition() { return }
    try? await Task.sleep(for: .milliseconds(1))
  }
  Issue.record("never: \(what)")
}

private enum Row {
  static let start = Timestamp("2026-01-05T15:00:00Z")!
}
