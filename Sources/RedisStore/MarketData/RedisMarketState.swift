internal import Lifecycle
public import Market
public import Ports
internal import Redis

/// Reads market data that workers publish in Redis.
public final class RedisMarketState: MarketStateReader {
  /// Entries of a shard that are read at a time at most.
  private static let portion = 500

  private let queries: RedisClient
  private let follower: RedisClient
  private let nextPoll = Lock(Int64(0))

  /// Makes a reader; it connects at its first call.
  public init(_ settings: RedisStoreSettings) {
    queries = settings.client(for: "market-state")
    follower = settings.client(for: "market-follow")
  }

  public func quotes(of instruments: [Instrument]) async throws(StreamError) -> [InstrumentID: Quote] {
    let shards = Set(instruments.map(\.shard)).sorted()
    let commands =
      shards.map { RedisCommand("GET", Keys.marketMark($0)) }
      + instruments.map { RedisCommand("HGET", Keys.marketState($0.shard, $0.symbol), "quote") }
    return try await streamErrors { () async throws(RedisError) in
      let replies = try await queries.send(commands)
      for reply in replies where !reply.isOfAnotherType { _ = try reply.accepted() }
      let kept = Set(zip(shards, replies).filter { $0.1.bytes != nil }.map(\.0))
      var quotes: [InstrumentID: Quote] = [:]
      for (instrument, reply) in zip(instruments, replies.dropFirst(shards.count)) where kept.contains(instrument.shard)
      {
        quotes[instrument.id] = reply.bytes.flatMap { MarketText.quote($0) }
      }
      return quotes
    }
  }

  public func depth(of instrument: Instrument) async throws(StreamError) -> MarketDepth? {
    try await streamErrors { () async throws(RedisError) in
      let replies = try await queries.send([
        RedisCommand("GET", Keys.marketMark(instrument.shard)),
        RedisCommand("HGETALL", Keys.marketState(instrument.shard, instrument.symbol)),
      ])
      for reply in replies where !reply.isOfAnotherType { _ = try reply.accepted() }
      return replies[0].bytes == nil ? nil : MarketStateScript.depth(replies[1])
    }
  }

  /// Does not wait. Now and then it looks whether streams end before the reader's position, as they do after a wipe when the
  /// host's clock has been set back.
  public func updates(
    after positions: [Shard: StreamPosition?]
  ) async throws(StreamError) -> [Shard: MarketStretch] {
    let now = HostClock.monotonicNanoseconds()
    let polls = nextPoll.withLock { next in
      guard now >= next else { return false }
      next = now + 1_000_000_000
      return true
    }
    let shards = positions.keys.sorted()
    let commands = shards.map { shard in
      guard !polls, case .some(.some(let position)) = positions[shard] else { return Self.last(shard) }
      return RedisCommand(
        "XREAD", "COUNT", String(Self.portion), "STREAMS", Keys.market(shard), position.description)
    }
    return try await streamErrors { () async throws(RedisError) in
      let replies = try await follower.send(commands)
      var stretches: [Shard: MarketStretch] = [:]
      for (shard, reply) in zip(shards, replies) {
        // A stream of another type is as good as none, until its owner has replaced it.
        let reply = reply.isOfAnotherType ? .null : try reply.accepted()
        guard !polls, case .some(.some) = positions[shard] else {
          let last = Self.entries(reply).last?.position ?? StreamPosition(milliseconds: 0, counter: 0)
          guard case .some(.some(let position)) = positions[shard] else {
            stretches[shard] = MarketStretch(position: last)
            continue
          }
          if last < position { stretches[shard] = MarketStretch(position: last, isBroken: true) }
          continue
        }
        guard let entries = reply.array?.first?.array?.last.map(Self.entries), let last = entries.last else { continue }
        stretches[shard] = MarketStretch(position: last.position, updates: entries.compactMap(\.update))
      }
      return stretches
    }
  }

  private static func last(_ shard: Shard) -> RedisCommand {
    RedisCommand("XREVRANGE", Keys.market(shard), "+", "-", "COUNT", "1")
  }

  private static func entries(_ reply: RedisValue) -> [(position: StreamPosition, update: SymbolUpdate?)] {
    (reply.array ?? []).compactMap { entry in
      guard let parts = entry.array, parts.count == 2, let position = parts[0].bytes.flatMap({ StreamPosition($0) })
      else { return nil }
      let symbol = parts[1]["symbol"]?.text.flatMap { Symbol($0) }
      let update = parts[1]["update"]?.bytes.flatMap { MarketText.parse($0) }
      guard let symbol, let update else { return (position, nil) }
      return (position, SymbolUpdate(symbol: symbol, update: update))
    }
  }
}
