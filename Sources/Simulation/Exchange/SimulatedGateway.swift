internal import Accounting
internal import Market
internal import Ports
internal import Services

/// A gateway of the product without its HTTP: its desk, in a process of its own.
final class SimulatedGateway: Sendable {
  let process: SimulatedProcess
  private let desk: OrderDeskService
  private let lags: Task<Void, Never>
  private let make: @Sendable () -> SimulatedGateway

  init(
    _ name: String, database: MemoryDatabase, redis: MemoryRedis, in surroundings: Surroundings,
    now: @escaping @Sendable () -> Timestamp
  ) {
    let process = SimulatedProcess(name)
    self.process = process
    let ledger = MemoryLedger(database, of: process, in: surroundings)
    var settings = OrderDeskSettings()
    settings.asidePatience = .seconds(1)
    desk = OrderDeskService(
      ledgers: [.init(main: ledger, aside: ledger), .init(main: ledger, aside: ledger)],
      stream: MemoryStream(redis, of: process, in: surroundings), reader: ledger, settings: settings, now: now,
      random: { surroundings.bits() })
    lags = Task { [desk] in await desk.run() }
    make = { SimulatedGateway(name + "'", database: database, redis: redis, in: surroundings, now: now) }
  }

  /// Ends it.
  func stop() async {
    lags.cancel()
    process.bury()
    await lags.value
  }

  /// The one that is started when this one has died.
  func successor() -> SimulatedGateway { make() }

  /// Hands a request in.
  /// - Returns: Nil when the gateway has died before it answered: the client's connection breaks.
  func submit(_ request: EntryRequest) async -> DeskReply? {
    await withTaskGroup(of: DeskReply?.self) { group in
      group.addTask { await self.desk.submit(request) }
      group.addTask {
        while !self.process.isDead, !Task.isCancelled { try? await Task.sleep(for: .milliseconds(100)) }
        return nil
      }
      let reply = await group.next() ?? nil
      group.cancelAll()
      if process.isDead { process.bury() }
      return reply
    }
  }
}
