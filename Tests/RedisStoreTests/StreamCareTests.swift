import Lifecycle
import Market
import Ports
import Redis
import TestKit
import Testing

@testable import RedisStore

/// Streams that somebody has replaced by something else, or filled up to the last identifier there is, are begun anew.
@Suite struct StreamCareTests {
  static let damages = [
    ["SET KEY x"], ["HSET KEY a b"], ["XADD KEY 18446744073709551615-18446744073709551615 a b"],
    ["XADD KEY 18446744073709551615-5 seq 1 cmd x"], ["XADD KEY 10000000000000-0 seq 1 cmd x"],
  ]

  let server: RedisServer
  let settings: RedisStoreSettings
  let operators: RedisClient
  let found = Lock<[String]>([])
  let shard = Shard(rawValue: 17)
  let other = Shard(rawValue: 18)

  init() throws {
    server = try RedisServer()
    settings = server.settings()
    operators = RedisClient(RedisSettings(address: server.address, name: "operator"))
    settings.damage.hear { [found] key in found.withLock { $0.append(key.key) } }
  }

  private func spoil(_ key: String, _ damage: [String]) async throws {
    _ = try await operators.send(
      [RedisCommand("DEL", key)] + damage.map { .words($0.replacing("KEY", with: key)) })
  }

  @Test(arguments: damages) func rowsComeAgainAfterAStreamWasDamaged(damage: [String]) async throws {
    let stream = RedisOrderStream(settings)
    var random = SplitMix(seed: 7)
    let rows = (1...4).map { LogEntry.random(shard: shard, sequence: $0, &random) }
    let others = (1...4).map { LogEntry.random(shard: other, sequence: $0, &random) }
    try await stream.publish([rows[0], others[0]])
    var positions: [Shard: StreamPosition?] = [shard: nil, other: nil]
    func read(until sequence: Int64) async throws {
      var seen: Set<Int64> = []
      while seen.isDisjoint(with: [sequence]) {
        for entry in try await stream.read(after: positions, limit: 10, wait: .milliseconds(100)) {
          positions[entry.shard] = entry.position
          if entry.shard == shard, let row = entry.entry { seen.insert(row.sequence.rawValue) }
        }
        // What a damaged stream refuses is lost here, and read from the log by its owner.
        try? await stream.publish([rows[Int(sequence) - 1]])
      }
    }
    try await read(until: 1)
    try await spoil(Keys.orders(shard), damage)
    try await read(until: 2)
    // An identifier that no clock gives is seen at the reader's next look at its streams; entries are read until then.
    for _ in 0..<1_000 where found.withLock({ $0.isEmpty }) {
      for entry in try await stream.read(after: positions, limit: 10, wait: .milliseconds(50)) {
        positions[entry.shard] = entry.position
      }
    }
    #expect(found.withLock { Set($0) } == [Keys.orders(shard)])
    let healed = found.withLock { $0.count }
    try await read(until: 3)
    #expect(found.withLock { $0.count } == healed, "told once")
    try await stream.trim(positions.compactMapValues { $0 })
  }

  @Test(arguments: damages) func newsAreHeardAgainAfterTheirStreamWasDamaged(damage: [String]) async throws {
    try await EventWakeUpTests.check(settings) { try await spoil(Keys.events(3), damage) }
    #expect(found.withLock { Set($0) } == [Keys.events(3)])
  }

  @Test func workersLookAfterStreamsThatNobodyWrites() async throws {
    for (index, key) in Keys.sharedStreams.enumerated() {
      try await spoil(key, Self.damages[index % Self.damages.count])
    }
    _ = try await RedisMembership(settings).workers()
    #expect(found.withLock { $0.sorted() } == Keys.sharedStreams.sorted())
  }

  @Test(arguments: damages) func marketDataGoesOnAfterItsKeysWereDamaged(damage: [String]) async throws {
    let instrument = Instrument(
      id: InstrumentID(rawValue: 3), assetID: UniqueID(high: 0, low: 3), symbol: Symbol("AAPL")!, name: "Apple",
      exchange: "NASDAQ", shard: shard, tradable: true, referencePrice: nil)
    let stream = RedisMarketStream(settings) { [instrument.id: instrument.symbol] }
    let reader = RedisMarketState(settings)
    var book = MarketDepth(sequence: .zero, at: Timestamp(rawValue: 0))
    func update(_ sequence: Int64, whole: Bool) -> MarketUpdate {
      let level = PriceLevelView(price: Price(rawValue: 100_000), size: Quantity(rawValue: sequence))
      let previous = book.sequence
      book.set(.buy, level)
      (book.sequence, book.at) = (Sequence(rawValue: sequence), Timestamp(rawValue: 1_764_000_000_000_000))
      return MarketUpdate(
        instrument: instrument.id, sequence: book.sequence, previous: whole ? nil : previous, at: book.at, trades: [],
        quote: book.quote, isQuoteNew: true, changes: [.init(side: .buy, level: level)], checksum: book.checksum)
    }
    func readable() async throws -> Bool {
      _ = try await reader.updates(after: [shard: StreamPosition(milliseconds: 5, counter: 0)])
      let depth = try await reader.depth(of: instrument)
      let quotes = try await reader.quotes(of: [instrument])
      return depth == book && quotes[instrument.id] == book.quote
    }
    #expect(try await stream.publish([shard: [update(1, whole: true)]]) == [])
    #expect(try await stream.renew([shard: 7]) == [shard])
    #expect(try await stream.renew([shard: 7]) == [])
    #expect(try await readable())
    // The stream: the next update goes through, and where none comes the renewal heals.
    try await spoil(Keys.market(shard), damage)
    #expect(try await stream.publish([shard: [update(2, whole: false)]]) == [])
    #expect(try await readable())
    try await spoil(Keys.market(shard), damage)
    #expect(try await stream.renew([shard: 7]) == [])
    // The mark and the state: whole books are asked for.
    try await spoil(Keys.marketMark(shard), damage)
    #expect(try await stream.renew([shard: 7]) == [shard])
    #expect(try await readable())
    try await spoil(Keys.marketState(shard, instrument.symbol), damage)
    #expect(try await !readable())
    #expect(try await stream.publish([shard: [update(3, whole: false)]]) == [instrument.id])
    #expect(try await stream.publish([shard: [update(4, whole: true)]]) == [])
    #expect(try await readable())
    // A level that is not the book's.
    _ = try await operators.send(.words("HSET \(Keys.marketState(shard, instrument.symbol)) a9.5 700"))
    #expect(try await !readable())
    #expect(try await stream.renew([shard: 7]) == [shard])
    #expect(
      found.withLock { $0 } == [
        Keys.market(shard), Keys.market(shard), Keys.marketMark(shard), Keys.marketState(shard, instrument.symbol),
        Keys.marketState(shard, instrument.symbol),
      ])
  }
}
