internal import Sharding
internal import Lifecycle
internal import Market
internal import Ports
internal import Services

/// A worker of the product in a process of its own.
final class SimulatedWorker: Sendable {
  let id: WorkerID
  let process: SimulatedProcess
  let service: WorkerService
  let task: Task<Void, Never>
  /// How far this host's clock is off.
  let skew = Lock(Int64(0))

  init(
    _ name: String, shards: [Shard], database: MemoryDatabase, redis: MemoryRedis, in environment: Environment,
    probe: any HealthProbe, showsMarket: Bool, settings: ExecutionSettings, now: @escaping @Sendable () -> Timestamp,
    report: @escaping @Sendable (WorkerEvent) -> Void
  ) {
    process = SimulatedProcess(name)
    id = WorkerID(rawValue: name)
    let ledger = MemoryStore(database, of: process, in: environment)
    let stream = MemoryStream(redis, of: process, in: environment)
    let market = showsMarket ? MarketPublisher(stream: stream) : nil
    let began = ContinuousClock().now
    let service = WorkerService(
      identity: Heartbeat(
        worker: id, host: "host", pid: 1, version: "simulation", startedAt: now(), admin: ""),
      shards: shards,
      dependencies: .init(
        ledger: ledger, claims: ledger, preparations: ledger, leading: ledger, stream: stream, leases: stream,
        handOvers: stream, members: stream, fleet: stream, leaders: stream, probe: probe,
        market: market, wakeUps: stream, marketDay: ledger,
        laneExecutor: SeededExecutor.shared),
      settings: settings, now: { [skew] in now().advanced(byMicroseconds: skew.withLock { $0 }) },
      random: { environment.bits() }, clock: { ContinuousClock().now - began + .seconds(1) }, report: report)
    self.service = service
    task = Task {
      await withTaskGroup(of: Void.self) { group in
        if let market { group.addTask { await market.run() } }
        await service.run()
        group.cancelAll()
      }
    }
  }
}
