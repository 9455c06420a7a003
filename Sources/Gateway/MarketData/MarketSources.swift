public import Ports

/// Where a gateway's market data comes from.
public struct MarketSources: Sendable {
  /// What is committed.
  let reader: any MarketDataReader
  /// What is kept beside the ledger and may be gone; nil for nothing.
  let state: (any MarketStateReader)?

  /// Names the sources.
  public init(reader: any MarketDataReader, state: (any MarketStateReader)?) {
    self.reader = reader
    self.state = state
  }
}
