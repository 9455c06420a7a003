package import Market
package import Ports

/// Instruments and their last prices, recent enough to judge orders by.
package protocol InstrumentCatalog: Sendable {
  /// The instrument with this symbol or asset identifier; nil when there is none.
  func instrument(named name: String, now: Timestamp) async throws(StoreError) -> Instrument?
  /// Those of these instruments that there are, by their numbers.
  func instruments(
    _ numbers: [InstrumentID], now: Timestamp
  ) async throws(StoreError) -> [InstrumentID: Instrument]
  /// An instrument as it was last read, without asking; nil if it never was.
  func lastKnown(_ number: InstrumentID) -> Instrument?
  /// The price of an instrument's latest trade; nil before the first.
  func lastPrice(of number: InstrumentID, now: Timestamp) async throws(StoreError) -> Price?
  /// Whether any instrument lies in a shard.
  func hasInstruments(in shard: Shard, now: Timestamp) async throws(StoreError) -> Bool
}
