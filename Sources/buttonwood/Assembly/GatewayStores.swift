internal import ClientKit
internal import Lifecycle
internal import LiveStreams
internal import Ports
internal import Postgres
internal import PostgresStore
internal import RedisStore
internal import Services
internal import Telemetry

/// What a gateway rests on: both stores behind their ports, each over connections of its own.
struct GatewayStores: Sendable {
  let reader: any AccountReader
  let accountStore: any AccountStore
  let market: MarketSources
  let keyListener: any KeyWatch
  let clock: any DatabaseClock
  let schema: any SchemaReader
  let days: any DayTableReader
  let marketClock: any MarketClockReader
  let stream: any OrderStream
  /// One pair for each pipeline.
  let ledgers: [OrderAcceptanceService.PipelineLedgers]
  let news: any AccountEventReader
  let backlog: any AccountEventReader
  let wakeUps: any EventWakeUps
  private let pools: [PostgresPool]

  /// - Parameters:
  ///   - readers: Connections of each kind of question.
  ///   - pipelines: Accepting transactions in flight.
  ///   - stalled: Hears of sessions that were ended because their clients had stopped.
  ///   - retried: Hears why an accepting transaction is tried again.
  init(
    _ connections: ConnectionOptions, readers: Int, pipelines: Int, _ log: Log,
    stalled: @escaping @Sendable (StalledSessionEvent) -> Void,
    retried: @escaping @Sendable (StoreError.Cause) -> Void
  ) {
    let url = connections.databaseURL
    func session(_ name: String) -> PostgresSession {
      PostgresSession(StoreSettings.ledger(url: url, role: "gateway"), name: name)
    }
    func acceptanceLedger(_ name: String) -> PostgresAcceptanceLedger {
      PostgresAcceptanceLedger(
        session: PostgresSession(StoreSettings.acceptance(url: url, role: "gateway"), name: name),
        sessionGuard: SessionGuard(report: stalled), retried: retried)
    }
    // Apart, so that long histories hold up nobody who asks for his account.
    pools = ["read", "keep", "market"].map { name in PostgresPool((0..<readers).map { session("\(name)-\($0)") }) }
    reader = PostgresAccountReader(pool: pools[0])
    accountStore = PostgresAccountStore(pool: pools[1])
    let redis = RedisStoreSettings(address: connections.redis, name: RoleOptions.processName("gateway"))
    market = MarketSources(reader: PostgresMarketDataReader(pool: pools[2]), state: RedisMarketState(redis))
    keyListener = PostgresKeyListener(session: session("keys"))
    clock = PostgresClock(session: session("host-clock"))
    schema = PostgresHealthReader(session: session("schema"))
    days = PostgresShardReader(session: session("days"))
    let clockSession = session("clock")
    marketClock = PostgresMarketDayStore(session: clockSession)
    stream = RedisOrderStream(redis, keyring: .of(clockSession, log))
    ledgers = (0..<pipelines).map { pipeline in
      .init(main: acceptanceLedger("accept-\(pipeline)"), aside: acceptanceLedger("aside-\(pipeline)"))
    }
    news = PostgresAccountEventReader(session: session("events"))
    backlog = PostgresAccountEventReader(session: session("event-history"))
    wakeUps = RedisEventWakeUps(redis)
  }

  /// Ends the connections that questions go over.
  func close() async {
    for pool in pools { await pool.close() }
  }
}
