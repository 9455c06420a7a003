internal import Market
internal import Ports
internal import Postgres
internal import PostgresStore
internal import RedisStore
internal import Services
internal import Sharding
internal import Telemetry

/// What a worker rests on: both stores behind their ports, each over connections of its own.
struct WorkerStores: Sendable {
  let reader: any AccountReader
  let clock: any DatabaseClock
  let schema: any SchemaReader
  let fleetEvents: any FleetHistory
  let marketStream: any MarketStream
  private let url: String
  private let redis: RedisStoreSettings
  private let keyring: StreamKeyring

  init(_ connections: ConnectionOptions, _ worker: WorkerID, _ log: Log) {
    let url = connections.databaseURL
    let reading = Self.session("read", url)
    let reader = PostgresAccountReader(pool: PostgresPool([reading]))
    self.url = url
    self.reader = reader
    redis = RedisStoreSettings(address: connections.redis, name: worker.rawValue)
    keyring = .of(reading, log)
    clock = PostgresClock(session: Self.session("clock", url))
    schema = PostgresHealthReader(session: Self.session("schema", url))
    fleetEvents = RedisFleetEvents(redis)
    marketStream = RedisMarketStream(redis) {
      let instruments = try await reader.instruments()
      return Dictionary(uniqueKeysWithValues: instruments.map { ($0.id, $0.symbol) })
    }
  }

  /// Where quotes are kept, over a connection of its own.
  var quotes: any QuoteArchive { PostgresQuoteArchive(session: Self.session("quotes", url)) }

  /// Has damaged keys that were replaced told to `hearer`, which must not block.
  func hearDamage(_ hearer: @escaping @Sendable (_ key: String, _ reason: String) -> Void) {
    redis.damage.hear { hearer($0.key, $0.reason) }
  }

  /// What the worker's services work on.
  /// - Parameter stalled: Hears of sessions that were ended because their clients had stopped.
  func dependencies(
    probe: any HealthProbe, market: MarketPublisher, pulse: WorkPulse, isClockFit: @escaping @Sendable () -> Bool,
    stalled: @escaping @Sendable (StalledSessionEvent) -> Void
  ) -> WorkerService.Dependencies {
    func session(_ name: String) -> PostgresSession { Self.session(name, url) }
    let sessionGuard = SessionGuard(report: stalled)
    return WorkerService.Dependencies(
      ledger: PostgresSettlementLedger(
        session: session("settle"), sessionGuard: sessionGuard, onProgress: { pulse.progressed() }),
      claims: PostgresSettlementLedger(
        session: session("claim"), deepSession: session("recover"), halfSession: session("recover-half"),
        sessionGuard: sessionGuard),
      preparations: PostgresSettlementLedger(
        session: session("prepare"), deepSession: session("prepare-deep"), halfSession: session("prepare-half")),
      leading: PostgresTermStore(session: session("lead")), stream: RedisOrderStream(redis, keyring: keyring),
      leases: RedisLeaseStore(redis, for: "lease"), handOvers: RedisLeaseStore(redis, for: "handover"),
      members: RedisMembership(redis, for: "member"), fleet: RedisMembership(redis, for: "fleet"),
      leaders: RedisLeadership(redis), probe: probe, market: market, wakeUps: RedisEventWakeUps(redis),
      marketDay: PostgresMarketDayStore(session: session("market")),
      stalledSessions: PostgresStalledSessions(session: session("sessions"), sessionGuard: sessionGuard),
      pulse: pulse, isClockFit: isClockFit)
  }

  private static func session(_ name: String, _ url: String) -> PostgresSession {
    PostgresSession(StoreSettings.ledger(url: url, role: "worker"), name: name)
  }
}
