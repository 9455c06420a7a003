internal import Lifecycle
internal import Market

/// Which shards are not claimed for a while: those whose books could not be rebuilt, each for twice as long as the time
/// before. That is no command's fault and only people can mend it, so trying must cost little and must not end.
struct ClaimRests: Sendable {
  private var failures: [Shard: Int] = [:]
  private var until: [Shard: ContinuousClock.Instant] = [:]

  /// The shards that must not be claimed now.
  func resting(now: ContinuousClock.Instant) -> Set<Shard> { Set(until.filter { now < $0.value }.keys) }

  /// The books could not be rebuilt.
  /// - Returns: How long the shard rests.
  mutating func failed(_ shard: Shard, now: ContinuousClock.Instant, _ backoff: Backoff) -> Duration {
    failures[shard, default: 0] += 1
    let pause = backoff.bound(afterFailures: failures[shard]!)
    until[shard] = now + pause
    return pause
  }

  /// The shard was taken over.
  mutating func recovered(_ shard: Shard) {
    failures[shard] = nil
    until[shard] = nil
  }
}
