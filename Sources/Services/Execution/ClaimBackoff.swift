internal import Lifecycle
internal import Market

/// Which shards are not claimed for a while, because they could not be worked here: each for about twice as long as the time
/// before. That is no command's fault and only people can mend it, so trying must cost little and must not end.
///
/// Shared by those who claim shards and by the lane that finds out whether it can work them.
final class ClaimBackoff: Sendable {
  private let retries = Lock<[Shard: PortRetry]>([:])
  private let backoff: Backoff
  private let random: @Sendable () -> UInt64
  private let clock = ContinuousClock()

  /// - Parameter random: Any bits, all as likely.
  init(_ backoff: Backoff, random: @escaping @Sendable () -> UInt64) {
    self.backoff = backoff
    self.random = random
  }

  /// The shards that must not be claimed now.
  var resting: Set<Shard> {
    let now = clock.now
    return retries.withLock { retries in Set(retries.filter { $0.value.isResting(now: now) }.keys) }
  }

  /// The shard cannot be worked here.
  /// - Returns: How long it is left alone.
  @discardableResult
  func failed(_ shard: Shard) -> Duration {
    let (now, bits) = (clock.now, random())
    return retries.withLock { [backoff] in $0[shard, default: PortRetry(backoff)].failed(now: now, random: bits) }
  }

  /// The shard can be worked.
  func recovered(_ shard: Shard) { retries.withLock { $0[shard] = nil } }
}
