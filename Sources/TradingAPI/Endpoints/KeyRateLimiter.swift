internal import Lifecycle
internal import Market

/// Token buckets, one a key: a minute's requests at most at once, refilled evenly.
final class KeyRateLimiter: Sendable {
  /// What a request is told about its bucket.
  struct Verdict: Hashable, Sendable {
    /// Whether it may go on.
    var isAllowed: Bool
    /// Requests a minute.
    var limit: Int64
    /// Requests that may follow at once.
    var remaining: Int64
    /// When the bucket is full again.
    var fullAt: Timestamp
    /// How long it takes until the next request is let through: whole seconds, at least one.
    var retryAfter: Duration
  }

  /// Most buckets; when it is reached the full ones are forgotten, and with none of these all.
  private static let maximumBuckets = 100_000
  /// Requests a minute at most that can be told apart from no limit.
  private static let maximumLimit = 1_000_000

  private let standard: Int
  /// When each key's bucket would be full if nothing more came.
  private let buckets = Lock<[String: Timestamp]>([:])

  /// Makes buckets.
  /// - Parameter requestsPerMinute: Of keys without a limit of their own; 0 for no limit.
  init(requestsPerMinute: Int) { standard = requestsPerMinute }

  /// Takes a token; nil when the key has no limit.
  /// - Parameter own: The key's own limit.
  func admit(_ key: String, own: Int?, now: Timestamp) -> Verdict? {
    guard case let limit = Int64(min(own ?? standard, Self.maximumLimit)), limit > 0 else { return nil }
    let interval = 60_000_000 / limit
    return buckets.withLock { buckets in
      if buckets.count >= Self.maximumBuckets { buckets = buckets.filter { $0.value > now } }
      if buckets.count >= Self.maximumBuckets { buckets.removeAll() }
      let fullAt = min(max(buckets[key] ?? now, now), now.advanced(byMicroseconds: limit * interval))
      let used = fullAt.microseconds(since: now)
      let isAllowed = used + interval <= limit * interval
      let after = isAllowed ? fullAt.advanced(byMicroseconds: interval) : fullAt
      buckets[key] = after
      let free = (limit * interval - after.microseconds(since: now)) / interval
      let wait = used + interval - limit * interval
      return Verdict(
        isAllowed: isAllowed, limit: limit, remaining: max(0, free), fullAt: after,
        retryAfter: .seconds(max(1, (wait + 999_999) / 1_000_000)))
    }
  }
}
