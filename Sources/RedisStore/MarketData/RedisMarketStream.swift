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
  /// States that are looked at whenever marks are renewed, of all shards together.
  private static let pollsPerRenewal = 128
  /// Marks a shard as kept by an owner, and says by whom it was.
  private static let mark = RuledScript(
    name: "mark", rule: .marketMark, isUrgent: false,
    """
    local before = redis.call('GET', KEYS[1])
    redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
    return { before, damaged }
    """)
  private let client: RedisClient
  private let damage: DamageReports
  private let markLifetime: Duration
  private let symbols: @Sendable () async throws -> [InstrumentID: Symbol]
  private let known = Lock<[InstrumentID: Symbol]>([:])
  private let rota = Lock(StateRota())

  /// Makes a stream; it connects at its first call.
  /// - Parameters:
  ///   - markLifetime: How long a mark stands.
  ///   - symbols: The symbols of all instruments; asked when an instrument is met that is not known.
  public init(
    _ settings: RedisStoreSettings, markLifetime: Duration = .seconds(3),
    symbols: @escaping @Sendable () async throws -> [InstrumentID: Symbol]
  ) {
    self.markLifetime = markLifetime
    client = settings.client(for: "market")
    damage = settings.damage
    self.symbols = symbols
  }

  public func publish(_ updates: [Shard: [MarketUpdate]]) async throws(StreamError) -> Set<InstrumentID> {
    let names = try await names(of: updates.values.joined().map(\.instrument))
    var lost: Set<InstrumentID> = []
    var states: [(update: MarketUpdate, call: RuledScript.Call)] = []
    var entries: [(key: String, command: RedisCommand)] = []
    for (shard, updates) in updates {
      for update in updates {
        guard let symbol = names[update.instrument] else { throw StreamError(reason: "an instrument has no symbol") }
        states.append((update, MarketStateScript.call(update, key: Keys.marketState(shard, symbol))))
        entries.append((Keys.market(shard), Self.entry(update, symbol, shard)))
      }
    }
    return try await streamErrors { () async throws(RedisError) in
      for (state, answer) in zip(states, try await client.run(states.map(\.call), reports: damage)) where !answer.isYes
      {
        lost.insert(state.update.instrument)
      }
      rota.withLock { rota in
        for (shard, updates) in updates {
          for update in updates where !lost.contains(update.instrument) {
            guard let symbol = names[update.instrument] else { continue }
            rota.wrote(
              Keys.marketState(shard, symbol), of: shard, through: update.sequence, isEmpty: update.isEmptyBook)
          }
        }
      }
      try await client.append(entries, reports: damage)
      return lost
    }
  }

  public func renew(_ owners: [Shard: UInt64]) async throws(StreamError) -> Set<Shard> {
    let shards = owners.keys.sorted()
    let calls = shards.map { shard in
      Self.mark.call(Keys.marketMark(shard), [String(owners[shard]!), String(markLifetime.milliseconds)])
    }
    return try await streamErrors { () async throws(RedisError) in
      let answers = try await client.run(calls, reports: damage)
      let unknown = shards.enumerated().filter { answers[$0.offset].value.text != String(owners[$0.element]!) }
      return try await Set(unknown.map(\.element)).union(brokenStates(shards))
    }
  }

  /// Looks at some states of each shard and at its stream, and takes away what is damaged.
  /// - Returns: Shards of which a state is missing, is not whole, or is older than what was written here.
  private func brokenStates(_ shards: [Shard]) async throws(RedisError) -> Set<Shard> {
    _ = try await client.run(shards.map { StreamCare.call(Keys.market($0)) }, reports: damage)
    let polls = rota.withLock { rota in
      rota.keep(shards)
      let limit = max(1, Self.pollsPerRenewal / max(1, shards.count))
      return shards.flatMap { shard in rota.next(of: shard, limit: limit).map { (shard: shard, key: $0) } }
    }
    _ = try await client.run(polls.map { MarketStateScript.tend($0.key) }, reports: damage)
    let states = try await client.send(polls.map { RedisCommand("HGETALL", $0.key) })
    let broken = rota.withLock { rota in
      zip(polls, states).filter { poll, state in
        guard let depth = MarketStateScript.depth(state) else {
          return state.array?.isEmpty != true || !rota.mayBeMissing(poll.key, of: poll.shard)
        }
        return rota.isOutdated(poll.key, of: poll.shard, at: depth.sequence)
      }
    }
    _ = try await client.run(
      broken.compactMap { poll, state in
        state["seq"]?.text.map { MarketStateScript.discard(poll.key, sequence: $0) }
      }, reports: damage)
    return Set(broken.map(\.0.shard))
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
