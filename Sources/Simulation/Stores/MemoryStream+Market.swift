package import Market
package import Ports
internal import Sharding

extension MemoryStream: MarketStream {
  package func publish(_ updates: [Shard: [MarketUpdate]]) async throws(StreamError) -> Set<InstrumentID> {
    if redis.isFull { throw Self.full }
    return try await call { state in
      var lost: Set<InstrumentID> = []
      for update in updates.sorted(by: { $0.key < $1.key }).flatMap(\.value) where !state.take(update) {
        lost.insert(update.instrument)
      }
      return lost
    }
  }

  package func renew(_ owners: [Shard: UInt64]) async throws(StreamError) -> Set<Shard> {
    try await call { state in
      let end = ContinuousClock().now + .seconds(3)
      return Set(
        owners.filter { shard, nonce in
          state.marks.updateValue(.init(value: nonce, at: end), forKey: shard)?.value != nonce
        }.keys)
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
  /// Changes follow only the state that they begin with; a whole book replaces whatever is there.
  fileprivate mutating func take(_ update: MarketUpdate) -> Bool {
    if let previous = update.previous, depths[update.instrument]?.sequence != previous { return false }
    var depth = depths[update.instrument] ?? MarketDepth(sequence: update.sequence, at: update.at)
    if update.previous == nil { depth = MarketDepth(sequence: update.sequence, at: update.at) }
    for change in update.changes { depth.set(change.side, change.level) }
    (depth.sequence, depth.at) = (update.sequence, update.at)
    depths[update.instrument] = depth
    return true
  }
}
