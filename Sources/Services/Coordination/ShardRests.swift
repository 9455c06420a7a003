internal import Lifecycle
internal import Market

/// ``ClaimRests``, shared by those who claim shards and by the lane that finds out whether it can work them.
final class ShardRests: Sendable {
  private let rests = Lock(ClaimRests())
  private let backoff: Backoff
  private let clock = ContinuousClock()

  init(_ backoff: Backoff) { self.backoff = backoff }

  /// The shards that must not be claimed now.
  var resting: Set<Shard> { rests.withLock { $0.resting(now: clock.now) } }

  /// The shard cannot be worked here.
  /// - Returns: How long it rests.
  @discardableResult
  func failed(_ shard: Shard) -> Duration {
    rests.withLock { [backoff] in $0.failed(shard, now: clock.now, backoff) }
  }

  /// The shard can be worked.
  func recovered(_ shard: Shard) { rests.withLock { $0.recovered(shard) } }
}
