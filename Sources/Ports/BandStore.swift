public import Market
public import Sharding

/// Where price bands and trading pauses are kept. What is written is fenced by the leader's term.
public protocol BandStore: Sendable {
  /// Instruments whose bands or pauses somebody has to look after.
  /// - Parameters:
  ///   - tradesSince: Trades behind this moment count for reference prices.
  ///   - referencesUntil: Reference prices that came about later stand: their trades need not be read. Nil reads none.
  func bandProgress(tradesSince: Timestamp, referencesUntil: Timestamp?) async throws(StoreError) -> [BandProgress]

  /// Appends bands to their shard's log: all or nothing, and nothing while one of the instruments has been told something by
  /// the exchange that is not processed.
  func append(
    _ instructions: [BandDecisions.Instruction], of shard: Shard, within leadership: Leadership, at now: Timestamp
  )
    async throws(StoreError) -> AppendOutcome

  /// Halts an instrument, unless it is halted, and collects its orders until the pause ends.
  /// - Returns: Whether it pauses by this; nil when the term has ended.
  func pause(_ pause: BandDecisions.Pause, within leadership: Leadership) async throws(StoreError) -> Bool?

  /// Ends pauses of instruments of a shard: what was collected crosses. Those that have ended are left alone.
  /// - Returns: Whether the term stands.
  func resume(_ instruments: [InstrumentID], of shard: Shard, within leadership: Leadership) async throws(StoreError)
    -> Bool
}
