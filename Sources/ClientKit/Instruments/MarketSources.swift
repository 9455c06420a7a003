package import Market
package import Ports
package import Services

/// Where a gateway's market data comes from.
package struct MarketSources: Sendable {
  /// What is committed.
  package let reader: any MarketDataReader
  /// What is kept beside the ledger and may be gone; nil for nothing.
  package let state: (any MarketStateReader)?

  /// Names the sources.
  package init(reader: any MarketDataReader, state: (any MarketStateReader)?) {
    self.reader = reader
    self.state = state
  }

  /// A book as it was published; nil when none was, or when that cannot be read.
  package func publishedDepth(of instrument: Instrument, _ troubles: PortTroubles) async -> MarketDepth? {
    guard let state else { return nil }
    return await troubles.attempt(.marketStream) { () async throws(StreamError) in
      try await state.depth(of: instrument)
    }.flatMap(\.self)
  }

  /// A book as it was published, or else made of the open orders; nil when it cannot be read.
  package func depth(of instrument: Instrument, _ troubles: PortTroubles) async -> MarketDepth? {
    if let depth = await publishedDepth(of: instrument, troubles) { return depth }
    return await troubles.attempt(.depth) { () async throws(StoreError) in
      try await reader.depths(of: [instrument.id])
    }?[instrument.id]
  }
}
