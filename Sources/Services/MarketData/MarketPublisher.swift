internal import Lifecycle
internal import Market
public import Ports

/// Publishes market data behind settling, in the background: settling never waits for it.
///
/// What cannot be published at once waits, updates of an instrument together as one. When too much waits, or publishing
/// fails, it is dropped, and whole books follow as soon as that may help.
public final class MarketPublisher: Sendable {
  /// Bounds and rhythms.
  public struct Settings: Sendable {
    /// Levels and trades that wait at most.
    public var waitingLimit = 100_000
    /// Rest between two publications, in which updates gather: gateways look every 20 ms.
    public var publicationPause = Duration.milliseconds(10)
    /// Quotes that wait for the history at most; further ones are dropped.
    public var quoteLimit = 50_000
    /// Quotes written in one go at most.
    public var quoteBatch = 2_000
    /// How long quotes gather before they are written.
    public var quotePause = Duration.milliseconds(200)
    /// How often the shards' marks are renewed; they last for several such periods.
    public var renewalPeriod = Duration.milliseconds(500)
    /// How long after a failure whole books are tried.
    public var failurePause = Duration.milliseconds(250)

    /// The defaults.
    public init() {}
  }

  /// What was published and what was not, since the start.
  public struct Counts: Hashable, Sendable {
    /// Updates that were published.
    public var published = 0
    /// Whole books among them.
    public var books = 0
    /// Updates that were dropped.
    public var dropped = 0
    /// Times that the stream could not be used.
    public var failures = 0
    /// Quotes that are in the history.
    public var quotes = 0
    /// Quotes that the history misses.
    public var quotesDropped = 0

    /// All zero.
    public init() {}
  }

  /// What needs to be told whole.
  struct Loss: Sendable {
    var shards: Set<Shard> = []
    var instruments: Set<InstrumentID> = []
    var isEmpty: Bool { shards.isEmpty && instruments.isEmpty }
  }

  /// Updates that wait to be published, those of an instrument together as one.
  private struct Waiting: GatheredWork {
    var updates: [Shard: [InstrumentID: MarketUpdate]] = [:]
    /// Levels and trades in them.
    var weight = 0
    var isEmpty: Bool { updates.isEmpty }

    mutating func add(_ update: MarketUpdate, of shard: Shard) {
      weight += update.changes.count + update.trades.count + 1
      if updates[shard]?[update.instrument]?.absorb(update) == nil {
        updates[shard, default: [:]][update.instrument] = update
      }
    }
  }

  private struct State {
    var loss = Loss()
    var restsUntil: ContinuousClock.Instant?
    var owners: [Shard: UInt64] = [:]
    var quotes: [InstrumentQuote] = []
    var counts = Counts()
  }

  private let stream: any MarketStream
  private let archive: (any QuoteArchive)?
  private let settings: Settings
  private let troubles: PortTroubles
  private let clock = ContinuousClock()
  private let state = Lock(State())
  private let queue = BackgroundQueue<Waiting>()

  /// Publishes to `stream`.
  /// - Parameters:
  ///   - history: Keeps quotes; nil keeps none.
  ///   - troubles: Hears what fails.
  public init(
    stream: any MarketStream, archive: (any QuoteArchive)? = nil, settings: Settings = Settings(),
    troubles: PortTroubles = PortTroubles { _ in }
  ) {
    self.troubles = troubles
    self.stream = stream
    self.archive = archive
    self.settings = settings
  }

  /// What has been done.
  public var counts: Counts { state.withLock { $0.counts } }

  /// Renews marks and writes quotes until canceled.
  public func run() async {
    var loops: [@Sendable () async -> Void] = [{ await self.keepMarks() }]
    if let archive { loops.append { await self.keepQuotes(in: archive) } }
    await LoopGroup.run(loops)
  }

  /// Takes a shard in hand: all its books are wanted.
  func begin(_ shard: Shard, nonce: UInt64) {
    state.withLock { state in
      state.owners[shard] = nonce
      state.loss.shards.insert(shard)
    }
  }

  /// Lets go of shards that are not held any more.
  func keep(_ shards: some Collection<Shard>) {
    state.withLock { state in
      guard state.owners.count > shards.count else { return }
      let kept = Set(shards)
      state.owners = state.owners.filter { kept.contains($0.key) }
      state.loss.shards.formIntersection(kept)
    }
  }

  /// What needs to be told whole, now that it may help.
  func takeLoss() -> Loss {
    state.withLock { state in
      guard !state.loss.isEmpty else { return Loss() }
      if let rests = state.restsUntil, clock.now < rests { return Loss() }
      defer { state.loss = Loss() }
      return state.loss
    }
  }

  /// Publishes what happened in a shard, as soon as possible.
  func offer(_ updates: [MarketUpdate], of shard: Shard) {
    guard !updates.isEmpty else { return }
    state.withLock { keepQuotes(of: updates, &$0) }
    let dropped = queue.add(sending: { await self.publish($0) }) { waiting in
      for update in updates { waiting.add(update, of: shard) }
      guard waiting.weight > settings.waitingLimit else { return Waiting() }
      defer { waiting = Waiting() }
      return waiting
    }
    if !dropped.isEmpty { state.withLock { lose(dropped, &$0) } }
  }

  /// Takes note of updates that nobody will see.
  private func lose(_ waiting: Waiting, _ state: inout State) {
    for (shard, updates) in waiting.updates {
      state.counts.dropped += updates.count
      if state.owners[shard] != nil { state.loss.shards.insert(shard) }
    }
  }

  private func keepQuotes(of updates: [MarketUpdate], _ state: inout State) {
    guard archive != nil else { return }
    for update in updates where update.isQuoteNew {
      guard state.quotes.count < settings.quoteLimit else {
        state.counts.quotesDropped += 1
        continue
      }
      state.quotes.append(InstrumentQuote(instrument: update.instrument, quote: update.quote))
    }
  }

  private func publish(_ waiting: Waiting) async {
    do throws(StreamError) {
      let lost = try await stream.publish(waiting.updates.mapValues { Array($0.values) })
      troubles.succeeded(.marketStream)
      published(waiting.updates, lost: lost)
      try? await Task.sleep(for: settings.publicationPause)
    } catch {
      troubles.failed(.marketStream, error)
      failed(waiting)
    }
  }

  private func published(_ batch: [Shard: [InstrumentID: MarketUpdate]], lost: Set<InstrumentID>) {
    state.withLock { state in
      state.restsUntil = nil
      state.loss.instruments.formUnion(lost)
      for update in batch.values.lazy.flatMap(\.values) {
        state.counts.published += 1
        if update.previous == nil { state.counts.books += 1 }
      }
    }
  }

  private func failed(_ batch: Waiting) {
    let behind = queue.drop()
    state.withLock { state in
      state.counts.failures += 1
      lose(batch, &state)
      lose(behind, &state)
      state.restsUntil = clock.now + settings.failurePause
    }
  }

  // MARK: Marks and quotes

  private func keepMarks() async {
    while !Task.isCancelled {
      let owners = state.withLock { $0.owners }
      if !owners.isEmpty,
        let lost = await troubles.attempt(
          .marketMarks, { () async throws(StreamError) in try await stream.renew(owners) })
      {
        state.withLock { state in
          for shard in lost where state.owners[shard] == owners[shard] { state.loss.shards.insert(shard) }
        }
      }
      try? await Task.sleep(for: settings.renewalPeriod)
    }
  }

  private func keepQuotes(in archive: any QuoteArchive) async {
    while !Task.isCancelled {
      let batch = state.withLock { state in
        let batch = Array(state.quotes.prefix(settings.quoteBatch))
        state.quotes.removeFirst(batch.count)
        return batch
      }
      if !batch.isEmpty {
        let isKept =
          await troubles.attempt(.quoteArchive) { () async throws(StoreError) in try await archive.record(batch) }
          != nil
        state.withLock { state in
          if isKept { state.counts.quotes += batch.count } else { state.counts.quotesDropped += batch.count }
        }
      }
      if batch.count < settings.quoteBatch { try? await Task.sleep(for: settings.quotePause) }
    }
  }
}
