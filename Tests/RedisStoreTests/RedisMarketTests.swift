import Market
import Ports
import Redis
import TestKit
import Testing

@testable import RedisStore

@Suite struct RedisMarketTests {
  private let server: RedisServer
  private let stream: RedisMarketStream
  private let state: RedisMarketState
  private let operators: RedisClient
  private let instrument = Instrument(
    id: InstrumentID(rawValue: 3), assetID: UniqueID(high: 0, low: 3), symbol: Symbol("AAPL")!, name: "Apple",
    exchange: "NASDAQ", shard: Shard(rawValue: 17), tradable: true, referencePrice: nil)

  init() throws {
    server = try RedisServer()
    stream = RedisMarketStream(server.settings()) { [:] }
    state = RedisMarketState(server.settings())
    operators = RedisClient(RedisSettings(address: server.address, name: "operator"))
  }

  private func market(_ settings: RedisStoreSettings) -> RedisMarketStream {
    RedisMarketStream(settings, markLifetime: .seconds(600)) { [instrument] in [instrument.id: instrument.symbol] }
  }

  /// A book that changes at random, told as workers tell it.
  private struct Teller {
    var random: SeededRandom
    var book = MarketDepth(sequence: .zero, at: Timestamp(rawValue: 0))
    let instrument: InstrumentID

    mutating func next(isWhole: Bool = false) -> MarketUpdate {
      let previous = book.sequence
      let quote = book.quote
      book.sequence = Sequence(rawValue: previous.rawValue + random.number(1...4))
      book.at = Timestamp(rawValue: 1_764_000_000_000_000 + book.sequence.rawValue)
      var changes: [MarketUpdate.Change] = []
      for _ in 0..<random.number(1...6) {
        let change = MarketUpdate.Change(
          side: random.oneIn(2) ? .buy : .sell,
          level: PriceLevelView(
            price: Price(rawValue: random.number(1...40) * 2_525),
            size: Quantity(rawValue: random.oneIn(3) ? 0 : random.number(1...900))))
        guard !changes.contains(where: { $0.side == change.side && $0.level.price == change.level.price }) else {
          continue
        }
        book.set(change.side, change.level)
        changes.append(change)
      }
      if isWhole { changes = Side.allCases.flatMap { side in book[side].map { .init(side: side, level: $0) } } }
      let trades = (0..<random.number(0...2)).map { ordinal in
        TradePrint(
          at: book.at, sequence: book.sequence, ordinal: Int32(ordinal),
          price: Price(rawValue: random.number(1...99_999)),
          size: Quantity(rawValue: random.number(1...99)), taker: random.oneIn(2) ? .buy : .sell)
      }
      return MarketUpdate(
        instrument: instrument, sequence: book.sequence, previous: isWhole ? nil : previous, at: book.at,
        trades: trades, quote: book.quote, isQuoteNew: !quote.shows(book.quote), changes: changes,
        checksum: book.checksum)
    }
  }

  @Test(arguments: 1...4 as ClosedRange<UInt64>) func linesAreReadBackExactly(seed: UInt64) {
    var teller = Teller(random: SeededRandom(seed: seed), instrument: instrument.id)
    for step in 0..<200 {
      let update = teller.next(isWhole: step % 9 == 0)
      var line: [UInt8] = []
      MarketText.write(update, to: &line)
      #expect(MarketText.parse(line) == update, "\(String(decoding: line, as: UTF8.self))")
      line[Int(teller.random.next() % UInt64(line.count))] = UInt8(ascii: "?")
      #expect(MarketText.parse(line) == nil, "\(String(decoding: line, as: UTF8.self))")
    }
  }

  /// The state is the book, and a reader who noted the stream's end before misses nothing.
  @Test(arguments: 1...3 as ClosedRange<UInt64>) func whoReadsTheStateAndFollowsHasTheBook(seed: UInt64) async throws {
    let stream = market(server.settings())
    #expect(try await stream.renew([instrument.shard: 1]) == [instrument.shard])
    #expect(try await stream.renew([instrument.shard: 1]) == [])
    #expect(try await stream.renew([instrument.shard: 2]) == [instrument.shard])
    var teller = Teller(random: SeededRandom(seed: seed), instrument: instrument.id)
    #expect(try await state.depth(of: instrument) == nil)
    _ = try await stream.publish([instrument.shard: [teller.next(isWhole: true)]])
    var positions: [Shard: StreamPosition?] = [instrument.shard: nil]
    positions[instrument.shard] = try await state.updates(after: positions)[instrument.shard]?.position
    var copy = try #require(try await state.depth(of: instrument))
    for step in 0..<60 {
      let lost = try await stream.publish([instrument.shard: [teller.next(isWhole: step % 25 == 24)]])
      #expect(lost == [])
      if step % 7 == 0 { #expect(try await state.depth(of: instrument) == teller.book) }
      #expect(try await state.quotes(of: [instrument])[instrument.id] == teller.book.quote)
    }
    while copy.sequence < teller.book.sequence {
      guard let stretch = try await state.updates(after: positions)[instrument.shard] else { continue }
      positions[instrument.shard] = stretch.position
      for entry in stretch.updates {
        #expect(entry.symbol == instrument.symbol)
        #expect(copy.follow(entry.update) == .followed)
      }
    }
    #expect(copy == teller.book)
  }

  @Test func updatesOfAnotherStateAreRefusedUntilTheWholeComes() async throws {
    let stream = market(server.settings())
    var teller = Teller(random: SeededRandom(seed: 5), instrument: instrument.id)
    _ = try await stream.renew([instrument.shard: 1])
    _ = try await stream.publish([instrument.shard: [teller.next(isWhole: true)]])
    let skipped = teller.next()
    #expect(try await stream.publish([instrument.shard: [teller.next()]]) == [instrument.id])
    #expect(try await stream.publish([instrument.shard: [skipped]]) == [])
    _ = try await operators.send(RedisCommand("FLUSHALL"))
    #expect(try await state.depth(of: instrument) == nil, "who cannot tell how old a state is asks the ledger")
    #expect(try await stream.renew([instrument.shard: 1]) == [instrument.shard], "a wipe is seen")
    #expect(try await stream.publish([instrument.shard: [teller.next()]]) == [instrument.id])
    #expect(try await stream.publish([instrument.shard: [teller.next(isWhole: true)]]) == [])
    #expect(try await state.depth(of: instrument) == teller.book)
  }

  /// An empty book replaces what another owner has left, and is nothing where there was nothing.
  @Test func anEmptyBookIsWrittenOnlyOverAnother() async throws {
    let (stream, other) = (market(server.settings()), market(server.settings()))
    var teller = Teller(random: SeededRandom(seed: 9), instrument: instrument.id)
    let old = teller.next(isWhole: true)
    var empty = teller.next(isWhole: true)
    (empty.changes, empty.isQuoteNew) = ([], false)
    let nothing = MarketDepth(sequence: empty.sequence, at: empty.at)
    (empty.quote, empty.checksum) = (nothing.quote, nothing.checksum)
    _ = try await stream.renew([instrument.shard: 1])
    #expect(try await stream.publish([instrument.shard: [empty]]) == [])
    #expect(try await state.depth(of: instrument) == nil)
    #expect(try await stream.renew([instrument.shard: 1]) == [], "nothing is missing")
    #expect(try await other.publish([instrument.shard: [teller.next(isWhole: true)]]) == [])
    #expect(try await state.depth(of: instrument)?.bids.isEmpty == teller.book.bids.isEmpty)
    #expect(try await stream.publish([instrument.shard: [empty]]) == [])
    let depth = try #require(try await state.depth(of: instrument))
    #expect(depth.bids.isEmpty && depth.asks.isEmpty && depth.sequence == empty.sequence)
    #expect(try await stream.renew([instrument.shard: 1]) == [])
    // What it replaced comes back with a replica that lagged behind.
    #expect(try await other.publish([instrument.shard: [old]]) == [])
    #expect(try await stream.renew([instrument.shard: 1]) == [instrument.shard])
  }

  /// A replica that lagged behind has taken over: what it has is whole, and old. Nothing may trade for long.
  @Test func aStateOfBeforeIsSeen() async throws {
    let stream = market(server.settings())
    var teller = Teller(random: SeededRandom(seed: 8), instrument: instrument.id)
    _ = try await stream.renew([instrument.shard: 1])
    _ = try await stream.publish([instrument.shard: [teller.next(isWhole: true)]])
    let key = Keys.marketState(instrument.shard, instrument.symbol)
    _ = try await operators.send(RedisCommand("COPY", key, "before"))
    #expect(try await stream.publish([instrument.shard: [teller.next()]]) == [])
    #expect(try await stream.renew([instrument.shard: 1]) == [])
    _ = try await operators.send(RedisCommand("RENAME", "before", key))
    #expect(try await stream.renew([instrument.shard: 1]) == [instrument.shard])
    _ = try await stream.publish([instrument.shard: [teller.next(isWhole: true)]])
    #expect(try await stream.renew([instrument.shard: 1]) == [])
    #expect(try await state.depth(of: instrument) == teller.book)
  }

  @Test func theDeployedUserMayDoIt() async throws {
    let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    let server = try RedisServer(options: ["--aclfile", "/\(root)/deploy/redis-users.acl"])
    let settings = RedisStoreSettings(
      address: RedisAddress(
        endpoint: .unix(path: server.socketPath), login: RedisLogin(user: "buttonwood-worker", password: "PASSWORD")),
      name: "w")
    let (stream, state) = (market(settings), RedisMarketState(settings))
    var teller = Teller(random: SeededRandom(seed: 6), instrument: instrument.id)
    _ = try await stream.renew([instrument.shard: 1])
    _ = try await stream.publish([instrument.shard: [teller.next(isWhole: true)]])
    for _ in 0..<20 { #expect(try await stream.publish([instrument.shard: [teller.next()]]) == []) }
    #expect(try await state.depth(of: instrument) == teller.book)
    #expect(try await state.quotes(of: [instrument]).count == 1)
    #expect(try await state.updates(after: [instrument.shard: nil])[instrument.shard]?.updates.isEmpty == true)
  }

  @Test func anInstrumentWithoutASymbolIsAnError() async {
    var teller = Teller(random: SeededRandom(seed: 7), instrument: instrument.id)
    let update = teller.next(isWhole: true)
    await #expect(throws: StreamError.self) { try await stream.publish([instrument.shard: [update]]) }
  }
}
