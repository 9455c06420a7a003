internal import Lifecycle
internal import Market
internal import Ports
internal import Postgres
internal import PostgresStore
internal import RedisStore
internal import Services

/// Where the state of the fleet is read: both stores, over connections of its own, so that a store that hangs keeps nobody else
/// waiting.
struct FleetStores: Sendable {
  private let settings: PostgresOptions
  private let redis: RedisStoreSettings
  private let members: RedisMembership

  /// What admin endpoints look at.
  /// - Parameter role: The process's.
  init(_ connections: ConnectionOptions, role: String) {
    settings = StoreSettings.ledger(url: connections.databaseURL, role: "\(role)-admin")
    redis = RedisStoreSettings(address: connections.redis, name: RoleOptions.processName("\(role)-admin"))
    members = RedisMembership(redis, for: "fleet")
  }

  /// What `buttonwood status` looks at.
  init(status connections: ConnectionOptions) {
    settings = StoreSettings.ledger(url: connections.databaseURL, role: "operator")
    redis = RedisStoreSettings(address: connections.redis, name: "status")
    members = RedisMembership(redis)
  }

  /// How the fleet stands.
  /// - Parameter session: What the session is called.
  func fleet(_ session: String) -> FleetInquiry {
    FleetInquiry(
      shards: PostgresShardReader(session: PostgresSession(settings, name: session)),
      leases: RedisLeaseStore(redis), members: members, leaders: RedisLeadership(redis),
      now: { Timestamp(rawValue: HostClock.monotonicNanoseconds() / 1000) })
  }

  /// What both stores know of the exchange's health.
  func health(
    skew: @escaping @Sendable () -> Duration? = { nil },
    own: @escaping @Sendable () -> FleetHealth.OwnCounts = { FleetHealth.OwnCounts() },
    now: @escaping @Sendable () -> Timestamp
  ) -> FleetHealthInquiry {
    let session = PostgresSession(settings, name: "findings")
    return FleetHealthInquiry(
      shards: PostgresShardReader(session: session), ledger: PostgresHealthReader(session: session),
      leases: RedisLeaseStore(redis, for: "findings"), members: RedisMembership(redis, for: "findings"),
      leaders: RedisLeadership(redis), skew: skew, own: own, now: now)
  }

  /// Watches whether both stores answer.
  /// - Parameter report: Hears when one is lost and when it is back.
  func monitor(_ report: @escaping @Sendable (StoreMonitor.Store, StoreOutage.Edge) -> Void) -> StoreMonitor {
    StoreMonitor(
      postgres: PostgresProbe(session: PostgresSession(settings, name: "probe")), redis: RedisProbe(redis),
      clock: { .nanoseconds(HostClock.monotonicNanoseconds()) }, report: report)
  }

  /// Tells running workers what operators ask of them.
  var workers: FleetOperator { FleetOperator(members: members) }

  /// Halts instruments in the name of whoever asks the admin endpoint of a process.
  func halts(of process: String) -> @Sendable (_ peer: String) -> any TradingHalts {
    let session = PostgresSession(settings, name: "halts")
    return { InstrumentAdministration(session: session, actor: .adminEndpoint(of: process, peer: $0)) }
  }
}
