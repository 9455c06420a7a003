internal import Market

/// How many instruments each shard has, for choosing where the next one goes.
struct ShardLoads: Sendable {
  private(set) var counts: [Shard: Int64]

  init(_ counts: [Shard: Int64]) { self.counts = counts }

  /// Gives an instrument to the shard with the fewest, the lowest of several; nil when there are no shards.
  mutating func take() -> Shard? {
    guard let least = counts.min(by: { ($0.value, $0.key) < ($1.value, $1.key) }) else { return nil }
    counts[least.key] = least.value + 1
    return least.key
  }

  /// Gives an instrument to this shard; false when there is no such shard.
  mutating func take(_ shard: Shard) -> Bool {
    guard let count = counts[shard] else { return false }
    counts[shard] = count + 1
    return true
  }
}
