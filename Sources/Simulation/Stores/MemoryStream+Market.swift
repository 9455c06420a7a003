internal import Lifecycle
package import Market
package import Ports
internal import Sharding

extension MemoryStream: MarketStream {
  package func publish(_ updates: [Shard: [MarketUpdate]]) async throws(StreamError) -> Set<InstrumentID> {
    if redis.isFull { throw Self.full }
    let all = updates.sorted { $0.key < $1.key }.flatMap { shard, updates in updates.map { (shard, $0) } }
    let lost = try await call { state in Set(all.filter { !state.take($0.1) }.map(\.1.instrument)) }
    written.withLock { written in
      for (shard, update) in all where !lost.contains(update.instrument) {
        written[update.instrument] = (shard, update.sequence, update.isEmptyBook)
      }
    }
    return lost
  }

  package func renew(_ owners: [Shard: UInt64]) async throws(StreamError) -> Set<Shard> {
    let written = written.withLock { $0 }
    return try await call { state in
      let end = ContinuousClock().now + .seconds(3)
      // A book that is missing, or older than what was written here: a wipe, or a replica that lagged behind.
      let old = written.filter { instrument, book in
        state.depths[instrument].map { $0.sequence < book.sequence } ?? !book.isEmpty
      }
      var lost = Set(old.map(\.value.shard)).intersection(owners.keys)
      for (shard, nonce) in owners {
        if state.marks.updateValue(.init(value: nonce, at: end), forKey: shard)?.value != nonce { lost.insert(shard) }
      }
      return lost
    }
  }
}

extension MemoryStream: MarketStateReader {
  package func quotes(of instruments: [Instrument]) async throws(StreamError) -> [InstrumentID: Quote] {
    try await call { state in
      instruments.reduce(into: [:]) { quotes, instrument in
        guard state.marks[instrument.shard] != nil else { return }
        quotes[instrument.id] = state.depths[instrument.id]?.quote
      }
    }
  }

  package func depth(of instrument: Instrument) async throws(StreamError) -> MarketDepth? {
    try await call { state in state.marks[instrument.shard].flatMap { _ in state.depths[instrument.id] } }
  }

  /// What has been published is kept as it stands alone: nobody follows it from entry to entry.
  package func updates(
    after positions: [Shard: StreamPosition?]
  ) async throws(StreamError) -> [Shard: MarketStretch] {
    try await call { _ in [:] }
  }
}

extension MemoryRedis.State {
  /// Changes follow only the state that they begin with; a whole book replaces whatever is there, an empty one only what is
  /// there.
  fileprivate mutating func take(_ update: MarketUpdate) -> Bool {
    if let previous = update.previous, depths[update.instrument]?.sequence != previous { return false }
    if update.isEmptyBook, depths[update.instrument] == nil { return true }
    var depth = depths[update.instrument] ?? MarketDepth(sequence: update.sequence, at: update.at)
    if update.previous == nil { depth = MarketDepth(sequence: update.sequence, at: update.at) }
    for change in update.changes { depth.set(change.side, change.level) }
    (depth.sequence, depth.at) = (update.sequence, update.at)
    depths[update.instrument] = depth
    return true
  }
}
