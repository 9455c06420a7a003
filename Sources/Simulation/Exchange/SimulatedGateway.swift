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
  let feed: EventFeed
  /// How far this host's clock is off.
  let skew = Lock(Int64(0))
  private let desk: OrderDeskService
  private let tasks: [Task<Void, Never>]
  private let make: @Sendable () -> SimulatedGateway

  init(
    _ name: String, database: MemoryDatabase, redis: MemoryRedis, in surroundings: Surroundings,
    now: @escaping @Sendable () -> Timestamp
  ) {
    let process = SimulatedProcess(name)
    self.process = process
    let ledger = MemoryLedger(database, of: process, in: surroundings)
    let stream = MemoryStream(redis, of: process, in: surroundings)
    var settings = OrderDeskSettings()
    settings.asidePatience = .seconds(1)
    let ownNow: @Sendable () -> Timestamp = { [skew] in now().advanced(byMicroseconds: skew.withLock { $0 }) }
    let desk = OrderDeskService(
      ledgers: [.init(main: ledger, aside: ledger), .init(main: ledger, aside: ledger)], stream: stream,
      reader: ledger, settings: settings, now: ownNow, random: { surroundings.bits() })
    let feed = EventFeed(
      news: ledger, history: ledger, nudges: stream, accounts: ledger, now: ownNow, random: { surroundings.bits() })
    self.desk = desk
    self.feed = feed
    tasks = [Task { await desk.run() }, Task { await feed.run() }]
    make = { SimulatedGateway(name + "'", database: database, redis: redis, in: surroundings, now: now) }
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
