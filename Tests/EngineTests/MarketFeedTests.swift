import Accounting
import Market
import TestKit
import Testing

@testable import Engine

@Suite struct MarketFeedTests {
  /// A client's copy of every book, made of updates alone.
  private struct Client {
    var books: [InstrumentID: MarketDepth] = [:]
    var trades: [TradePrint] = []
    var wholeBooks = 0

    mutating func follow(_ updates: [MarketUpdate]) -> [MarketDepth.Verdict] {
      updates.map { update in
        if update.previous == nil { wholeBooks += 1 }
        trades += update.trades
        var book = books[update.instrument] ?? MarketDepth(sequence: .zero, at: update.at)
        defer { books[update.instrument] = book }
        return book.follow(update)
      }
    }
  }

  /// An owner that could not tell of it may have left orders on show that have gone since: who takes over tells of every
  /// instrument that is listed.
  @Test func booksInWhichNothingStandsAreToldByANewOwner() throws {
    let listed = ModelExchange.instruments
    var engine = try ShardEngine(ShardBook(shard: Row.shard, processed: .zero, orders: [], instruments: listed))
    var feed = MarketFeed()
    let books = feed.books(engine, at: Row.start)
    #expect(books.map(\.instrument) == listed)
    #expect(books.allSatisfy { $0.isEmptyBook && !$0.isQuoteNew }, "which is no news of what never had orders")
    #expect(feed.books(of: [listed[1]], engine, at: Row.start).map(\.instrument) == [listed[1]])
    let order = PlaceOrder(
      id: Row.id(1), account: AccountNumber(rawValue: 1), instrument: Row.instrument,
      terms: OrderTerms(.buy, Quantity(rawValue: 1), at: Price(rawValue: 10_000), type: .limit, timeInForce: .day))
    let settlement = engine.apply([
      LogEntry(shard: Row.shard, sequence: Sequence(rawValue: 1), acceptedAt: Row.start, command: .place(order))
    ])
    let update = try #require(feed.follow(settlement, engine, at: Row.start).first)
    #expect(update.previous == nil && update.isQuoteNew, "nobody has a state that changes could follow")
  }

  @Test func aNewQuoteStaysNewWhenAWholeBookFollowsInTheSameUpdate() {
    var update = MarketUpdate(
      instrument: Row.instrument, sequence: Sequence(rawValue: 1), previous: .zero, at: Row.start, trades: [],
      quote: MarketDepth(sequence: .zero, at: Row.start).quote, isQuoteNew: true, changes: [], checksum: 0)
    var whole = update
    (whole.previous, whole.isQuoteNew) = (nil, false)
    update.absorb(whole)
    #expect(update.isQuoteNew && update.isEmptyBook)
  }

  /// Whatever happens, owners change or updates go out together: a client that follows has the engine's books, price by
  /// price, its checksums agree, and it has seen every trade once.
  @Test(arguments: 1...12 as ClosedRange<UInt64>)
  func aClientThatFollowsHasTheBooks(seed: UInt64) throws {
    var model = ModelExchange(seed: seed)
    var (engine, feed, client) = (try model.engine(), MarketFeed(), Client())
    var waiting: [InstrumentID: MarketUpdate] = [:]
    for step in 0..<120 {
      model.accept(model.random.number(1...10))
      let settlement = engine.apply(model.unsettled(model.random.oneIn(3) ? model.random.number(0...6) : .max))
      _ = model.store(settlement)
      let at = Row.time(Int64(step))
      for update in feed.follow(settlement, engine, at: at) {
        if waiting[update.instrument]?.absorb(update) == nil { waiting[update.instrument] = update }
      }
      if model.random.oneIn(8) {
        engine = try model.engine()
        feed = MarketFeed()
        for update in feed.books(engine, at: at) {
          if waiting[update.instrument]?.absorb(update) == nil { waiting[update.instrument] = update }
        }
      }
      guard model.random.oneIn(2) else { continue }
      let verdicts = client.follow(waiting.keys.sorted().map { waiting[$0]! })
      waiting = [:]
      #expect(!verdicts.contains(.broken), "seed \(seed), step \(step)")
      for (instrument, book) in client.books {
        let depth = engine.depth(instrument, at: at)
        #expect(book.bids == depth.bids && book.asks == depth.asks, "seed \(seed), step \(step), \(instrument)")
      }
    }
    _ = client.follow(waiting.keys.sorted().map { waiting[$0]! })
    let seen = client.trades.map(\.id).sorted()
    #expect(seen == model.trades.map { $0.sequence.rawValue << 20 | Int64($0.ordinal) }.sorted(), "seed \(seed)")
    #expect(client.wholeBooks >= 2 && seen.count > 30, "the mix is rich")
  }

  /// A copy that was read elsewhere between two updates is followed on from there; one that missed something says so.
  @Test(arguments: 1...6 as ClosedRange<UInt64>)
  func aGapIsNoticedAndABookReadFromElsewhereGoesOn(seed: UInt64) throws {
    var model = ModelExchange(seed: seed)
    var (engine, feed) = (try model.engine(), MarketFeed())
    var copies: [InstrumentID: MarketDepth] = [:]
    var stale: [InstrumentID: MarketDepth] = [:]
    var broken = 0
    for step in 0..<80 {
      model.accept(6)
      let settlement = engine.apply(model.unsettled())
      _ = model.store(settlement)
      let at = Row.time(Int64(step))
      for update in feed.follow(settlement, engine, at: at) {
        if copies[update.instrument]?.follow(update) == .broken { Issue.record("seed \(seed), step \(step)") }
        // Every third update does not arrive.
        if update.sequence.rawValue % 3 != 0, stale[update.instrument]?.follow(update) == .broken {
          broken += 1
          stale[update.instrument] = nil
        }
      }
      for instrument in engine.instruments where model.random.oneIn(5) || stale[instrument] == nil {
        copies[instrument] = engine.depth(instrument, at: at)
        stale[instrument] = copies[instrument]
      }
    }
    #expect(broken > 5, "gaps are noticed, seed \(seed)")
  }

  @Test func whatChangesNothingIsNotReported() throws {
    var model = ModelExchange(seed: 3)
    var (engine, feed) = (try model.engine(), MarketFeed())
    model.accept(30)
    _ = feed.follow(engine.apply(model.unsettled()), engine, at: Row.start)
    let cancel = Row.cancel(engine.cursor.next.rawValue)
    #expect(feed.follow(engine.apply([cancel]), engine, at: Row.start) == [])
  }
}
