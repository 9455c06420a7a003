internal import Lifecycle
internal import Market
internal import Postgres
internal import PostgresStore
internal import RedisStore
internal import Services

extension FleetHealthInquiry {
  /// Looks at both stores over connections of its own.
  convenience init(
    _ settings: PostgresOptions, _ redis: RedisStoreSettings,
    skew: @escaping @Sendable () -> Duration? = { nil },
    own: @escaping @Sendable () -> FleetHealth.OwnCounts = { FleetHealth.OwnCounts() },
    now: @escaping @Sendable () -> Timestamp
  ) {
    let session = PostgresSession(settings, name: "findings")
    self.init(
      shards: PostgresShardReader(session: session), ledger: PostgresHealthReader(session: session),
      leases: RedisLeaseStore(redis, for: "findings"), members: RedisMembership(redis, for: "findings"),
      leaders: RedisLeadership(redis), skew: skew, own: own, now: now)
  }
}

/// The wall clock as it stood when the process began, and what has passed since: it shows moments and does not jump.
struct SteadyClock: Sendable {
  private let began = HostClock.microsecondsSinceEpoch()
  private let origin = HostClock.monotonicNanoseconds()

  /// The moment now.
  var now: Timestamp { Timestamp(rawValue: began + (HostClock.monotonicNanoseconds() - origin) / 1_000) }
}
