internal import Market
internal import Ports

/// Reads the shards' streams from positions that the caller keeps; one call at a time.
protocol EntryReader: Actor {
  /// Waits for entries behind the given positions, at most `wait`; `limit` bounds each shard's.
  func read(
    after positions: [Shard: StreamPosition?], limit: Int, wait: Duration
  ) async throws(StreamError) -> [StreamEntry]

  /// Waits a moment after a failure, `wait` at most, so that a caller in a loop does not spin.
  func rest(atMost wait: Duration) async
}
