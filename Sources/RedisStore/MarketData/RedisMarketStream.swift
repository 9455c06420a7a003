internal import Lifecycle
public import Market
public import Ports
internal import Redis

/// Publishes market data in Redis: what happens in a stream a shard, the latest state in a hash an instrument, and a mark a
/// shard that says for a while that the hashes are kept.
///
/// The hash is changed before the stream tells of it: who notes where the stream ends and then reads the hash misses nothing.
public final class RedisMarketStream: MarketStream {
  /// Entries that a shard's stream keeps, about.
  static let streamLength = 20_000
  private let client: RedisClient
  private let markMilliseconds: Int64
  private let symbols: @Sendable () async throws -> [InstrumentID: Symbol]
  private let known = Lock<[InstrumentID: Symbol]>([:])

  /// Makes a stream; it connects at its first call.
  /// - Parameters:
  ///   - markLifetime: How long a mark stands.
  ///   - symbols: The symbols of all instruments; asked when an instrument is met that is not known.
  public init(
    _ settings: RedisStoreSettings, markLifetime: Duration = .seconds(3),
    symbols: @escaping @Sendable () async throws -> [InstrumentID: Symbol]
  ) {
    markMilliseconds = markLifetime.milliseconds
    client = settings.client(for: "market")
    self.symbols = symbols
  }

  public func publish(_ updates: [Shard: [MarketUpdate]]) async throws(StreamError) -> Set<InstrumentID> {
    let names = try await names(of: updates.values.joined().map(\.instrument))
    var lost: Set<InstrumentID> = []
    var states: [(update: MarketUpdate, call: RedisScript.Call)] = []
    var entries: [RedisCommand] = []
    for (shard, updates) in updates {
      for update in updates {
        guard let symbol = names[update.instrument] else { throw StreamError(reason: "an instrument has no symbol") }
        states.append((update, MarketStateScript.call(update, key: Keys.marketState(shard, symbol))))
        entries.append(Self.entry(update, symbol, shard))
      }
    }
    return try await streamErrors { () async throws(RedisError) in
      for (state, reply) in zip(states, try await client.run(states.map(\.call))) {
        if try reply.accepted().integer == 0 { lost.insert(state.update.instrument) }
      }
      for reply in try await client.send(entries) { _ = try reply.accepted() }
      return lost
    }
  }

  public func renew(_ owners: [Shard: UInt64]) async throws(StreamError) -> Set<Shard> {
    let shards = owners.keys.sorted()
    let commands = shards.flatMap { shard -> [RedisCommand] in
      let (key, owner) = (Keys.marketMark(shard), String(owners[shard]!))
      return [RedisCommand("GET", key), RedisCommand("SET", key, owner, "PX", String(markMilliseconds))]
    }
    return try await streamErrors { () async throws(RedisError) in
      let replies = try await client.send(commands)
      for reply in replies { _ = try reply.accepted() }
      return Set(
        shards.enumerated().filter { replies[2 * $0.offset].text != String(owners[$0.element]!) }.map(\.element))
    }
  }

  private func names(of instruments: [InstrumentID]) async throws(StreamError) -> [InstrumentID: Symbol] {
    let names = known.withLock { $0 }
    if instruments.allSatisfy({ names[$0] != nil }) { return names }
    do {
      let read = try await symbols()
      known.withLock { $0 = read }
      return read
    } catch {
      throw StreamError(reason: "\(error)")
    }
  }

  private static func entry(_ update: MarketUpdate, _ symbol: Symbol, _ shard: Shard) -> RedisCommand {
    var command = RedisCommand(
      "XADD", Keys.market(shard), "MAXLEN", "~", String(streamLength), "*", "symbol", symbol.description, "update")
    command.add { MarketText.write(update, to: &$0) }
    return command
  }
}
