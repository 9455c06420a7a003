internal import Lifecycle
internal import Market

/// Token buckets, one an account: a minute's requests at most at once, refilled evenly.
final class KeyRateLimiter: Sendable {
  /// What a request is told about its bucket.
  struct Verdict: Hashable, Sendable {
    /// Whether it may go on.
    var isAllowed: Bool
    /// Requests that may follow at once.
    var remaining: Int64
    /// When the bucket is full again.
    var fullAt: Timestamp
    /// Seconds until the next request is let through, at least 1.
    var retryAfterSeconds: Int
  }

  private struct Bucket {
    /// When the bucket would be full if nothing more came.
    var fullAt: Timestamp
  }

  /// Most buckets; when it is reached the full ones are forgotten.
  private static let maximumBuckets = 100_000

  /// Requests a minute.
  let limit: Int64
  private let interval: Int64
  private let buckets = Lock<[AccountNumber: Bucket]>([:])

  /// Nil when `requestsPerMinute` is 0: no limit.
  init?(requestsPerMinute: Int) {
    guard requestsPerMinute > 0 else { return nil }
    limit = Int64(min(requestsPerMinute, 1_000_000))
    interval = 60_000_000 / limit
  }

  /// Takes a token.
  func admit(_ account: AccountNumber, now: Timestamp) -> Verdict {
    buckets.withLock { buckets in
      if buckets.count >= Self.maximumBuckets { buckets = buckets.filter { $0.value.fullAt > now } }
      let fullAt = min(max(buckets[account]?.fullAt ?? now, now), now.advanced(byMicroseconds: limit * interval))
      let used = fullAt.microseconds(since: now)
      let isAllowed = used + interval <= limit * interval
      let after = isAllowed ? fullAt.advanced(byMicroseconds: interval) : fullAt
      buckets[account] = Bucket(fullAt: after)
      let free = (limit * interval - after.microseconds(since: now)) / interval
      let wait = used + interval - limit * interval
      return Verdict(
        isAllowed: isAllowed, remaining: max(0, free), fullAt: after,
        retryAfterSeconds: Int(max(1, (wait + 999_999) / 1_000_000)))
    }
  }
}
