internal import Accounting
internal import ClientKit
internal import Lifecycle
internal import LiveStreams
internal import Market
internal import Ports
internal import Services

/// A gateway of the product without its HTTP, in a process of its own: its desk, and the feed of accounts' events.
final class SimulatedGateway: Sendable {
  let process: SimulatedProcess
  let feed: TradeUpdateHub
  /// How far this host's clock is off.
  let skew = Lock(Int64(0))
  private let acceptor: OrderAcceptanceService
  private let tasks: [Task<Void, Never>]
  private let make: @Sendable () -> SimulatedGateway

  init(
    _ name: String, database: MemoryDatabase, redis: MemoryRedis, in environment: Environment,
    now: @escaping @Sendable () -> Timestamp
  ) {
    let process = SimulatedProcess(name)
    self.process = process
    let ledger = MemoryStore(database, of: process, in: environment)
    let stream = MemoryStream(redis, of: process, in: environment)
    var settings = OrderAcceptanceSettings()
    settings.asidePatience = .seconds(1)
    let ownNow: @Sendable () -> Timestamp = { [skew] in now().advanced(byMicroseconds: skew.withLock { $0 }) }
    let acceptor = OrderAcceptanceService(
      ledgers: [.init(main: ledger, aside: ledger), .init(main: ledger, aside: ledger)], stream: stream,
      reader: ledger, settings: settings, now: ownNow, random: { environment.bits() })
    let feed = TradeUpdateHub(
      news: ledger, backlog: ledger, wakeUps: stream, accounts: ledger, now: ownNow, random: { environment.bits() })
    self.acceptor = acceptor
    self.feed = feed
    tasks = [Task { await acceptor.run() }, Task { await feed.run() }]
    make = { SimulatedGateway(name + "'", database: database, redis: redis, in: environment, now: now) }
  }

  /// Ends it.
  func stop() async {
    for task in tasks { task.cancel() }
    process.bury()
    for task in tasks { await task.value }
  }

  /// The one that is started when this one has died.
  func successor() -> SimulatedGateway { make() }

  /// Hands a request in.
  /// - Returns: Nil when the gateway has died before it answered: the client's connection breaks.
  func submit(_ request: AcceptanceRequest) async -> AcceptanceReply? {
    await withTaskGroup(of: AcceptanceReply?.self) { group in
      group.addTask { await self.acceptor.submit(request) }
      group.addTask {
        while !self.process.isDead, !Task.isCancelled { try? await Task.sleep(for: .milliseconds(250)) }
        return nil
      }
      let reply = await group.next() ?? nil
      group.cancelAll()
      if process.isDead { process.bury() }
      return reply
    }
  }
}
