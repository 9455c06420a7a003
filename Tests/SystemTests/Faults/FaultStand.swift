import Glibc
import Lifecycle
import Postgres
import Redis
import TestKit
import Testing

/// A running exchange into which faults are injected, and which can be made whole again.
final class FaultStand: Sendable {
  /// A place for a role: whoever works there uses the same links and the same clock.
  struct Place: Sendable {
    var links: FaultLinks?
    var clock: ScratchClock?

    func deviations(_ proxy: String?) -> ScratchStack.Deviations {
      var deviations = ScratchStack.Deviations()
      deviations.databaseHost = links?.postgres.directory ?? proxy
      deviations.redisSocket = links?.redis.path
      deviations.environment = clock?.environment ?? [:]
      return deviations
    }
  }

  struct Worker: Sendable {
    var process: ChildProcess
    var place: Place
  }

  struct Gateway: Sendable {
    var server: ScratchGateway
    var place: Place
  }

  private struct State {
    var workers: [Worker] = []
    var gateways: [Gateway] = []
    var spareWorkers: [Place] = []
    var spareGateways: [Place] = []
    var watch: ShardMonitor?
    var records: [TradingLoad.Record] = []
  }

  let topology: FaultTopology
  let stack: ScratchStack
  /// Where clients trade.
  let board = Lock<[ScratchGateway]>([])
  let gatewayCutter: CuttingProxy?
  let workerCutter: CuttingProxy?
  let gatewayStaller: StallingProxy?
  let workerStaller: StallingProxy?
  private let client: RedisClient
  private let state = Lock(State())

  init(_ topology: FaultTopology) async throws {
    self.topology = topology
    let stack = try await ScratchStack()
    self.stack = stack
    client = RedisClient(RedisSettings(address: stack.redis.address, name: "faults"))
    func cutter(_ statement: String) throws -> CuttingProxy? {
      topology.isCuttable ? try CuttingProxy(server: stack.postgres.directory, statement: statement) : nil
    }
    gatewayCutter = try cutter("commit")
    workerCutter = try cutter("settle_move_cursors")
    let directory = stack.postgres.directory
    gatewayStaller = topology.isStalling ? try StallingProxy(server: directory) : nil
    workerStaller = topology.isStalling ? try StallingProxy(server: directory) : nil
    let places = try await makePlaces(topology.workers + topology.gateways)
    state.withLock { state in
      state.spareWorkers = Array(places.prefix(topology.workers))
      state.spareGateways = Array(places.dropFirst(topology.workers))
    }
    try await heal()
  }

  // MARK: Who is there

  /// The workers that run, frozen ones among them.
  var workers: [Worker] { state.withLock { $0.workers }.filter { $0.process.exitStatus == nil } }

  /// The gateways that run.
  var gateways: [Gateway] { state.withLock { $0.gateways }.filter { $0.server.process.exitStatus == nil } }

  /// Starts one more worker.
  @discardableResult
  func addWorker(killPoint: String? = nil) async throws -> Worker {
    let place = try await takePlace(\.spareWorkers)
    var deviations = place.deviations(workerCutter?.host ?? workerStaller?.host)
    deviations.killPoint = killPoint
    deviations.options = topology.balanceOptions + topology.marketOptions
    let worker = Worker(process: try await stack.startWorker(deviations), place: place)
    state.withLock { $0.workers.append(worker) }
    return worker
  }

  /// Starts one more gateway and sends clients there.
  @discardableResult
  func addGateway(
    port: UInt16? = nil, killPoint: String? = nil, options: [String] = [], launcher: [String] = [],
    isPublic: Bool = true
  ) async throws -> ScratchGateway {
    let place = try await takePlace(\.spareGateways)
    var deviations = place.deviations(gatewayCutter?.host ?? gatewayStaller?.host)
    deviations.killPoint = killPoint
    deviations.options = options + topology.marketOptions
    deviations.launcher = launcher
    let server = try await stack.startGateway(port: port, deviations)
    state.withLock { $0.gateways.append(Gateway(server: server, place: place)) }
    if isPublic { board.withLock { $0.append(server) } }
    return server
  }

  /// Takes note of a worker's death, now or in this moment, so that the time until others go on is measured.
  func kill(_ worker: Worker) async throws {
    worker.process.signal(SIGKILL)
    state.withLock { $0.watch }?.died(worker.process.pid)
    try await worker.process.end()
  }

  /// The worker that leads.
  func leader() async throws -> Worker {
    try await eventually("a leader") {
      guard let name = try? await self.redis("HGET", "bw:leader", "worker").text else { return nil }
      return self.workers.first { $0.process.pid == process(of: name) }
    }
  }

  // MARK: Asking the servers

  /// Runs a Redis command.
  @discardableResult
  func redis(_ words: String...) async throws -> RedisValue {
    var command = RedisCommand(words[0])
    for word in words.dropFirst() { command.add(word) }
    return try await client.send(command)
  }

  /// Runs a Redis command that may be refused.
  func redisReply(_ words: [String], _ more: [[UInt8]]) async throws -> RedisValue {
    var command = RedisCommand(words[0])
    for word in words.dropFirst() { command.add(word) }
    for bytes in more { command.add(bytes) }
    return try await client.send([command])[0]
  }

  /// The number that a query gives.
  func number(_ sql: String) throws -> Int64 {
    var connection = try stack.postgres.connect()
    return try connection.query(PostgresCall(.init("number", "SELECT (\(sql))::bigint"))).int8(0, 0)
  }

  /// All shards as PostgreSQL has them.
  func cursors() throws -> [ShardCursor] {
    var connection = try stack.postgres.connect()
    return try ShardCursor.all(&connection)
  }

  /// What workers that run have said of shards that they claimed and that nobody had handed to them. (The balance may move
  /// shards at any time.)
  private var forcedClaims: Set<String> {
    let lines = workers.flatMap { $0.process.log.split(separator: "\n") }
    return Set(
      lines.filter {
        $0.contains("\"claimed a shard\"") && !$0.contains("\"why\":\"handed over\"") && !$0.contains("\"epoch\":1,")
      }.map(String.init))
  }

  /// Waits until no shard has changed hands for a while: a fleet that has just begun spreads its shards, and a wipe in the
  /// middle of a hand-over may well let a third worker take the shard.
  private func untilOwnersStay() async throws {
    for _ in 0..<30 {
      let claims = workers.map { $0.process.log.ranges(of: "\"claimed a shard\"").count }
      try await Task.sleep(for: .seconds(1))
      if claims == workers.map({ $0.process.log.ranges(of: "\"claimed a shard\"").count }) { return }
    }
    Issue.record("shards change hands for 30 s without a fault")
  }

  // MARK: A row

  /// Injects a row's fault under load, lets everything come to rest, and checks.
  /// - Parameters:
  ///   - isStrict: Whether the injection itself must succeed: faults that are injected at once may spoil each other.
  ///   - isJudged: Whether the books and the clients' records are looked at now; what is settled is always waited for.
  /// - Returns: whether the exchange is fit for another row.
  func run(_ row: FaultRow, isStrict: Bool = true, isJudged: Bool = true) async throws -> Bool {
    if row.keepsOwners { try await untilOwnersStay() }
    let claimsBefore = forcedClaims
    let watch = ShardMonitor(stack.postgres)
    state.withLock { $0.watch = watch }
    let load = try await inject(row, isStrict)
    if load != nil { try await Task.sleep(for: row.after) }
    try await heal()
    let records = try await load?.stop().records ?? []
    try await settle()
    state.withLock { $0.records += records }
    var entry = FaultReport.Entry(row: row, records)
    (entry.gap, entry.takeOver) = watch.stop()
    guard isJudged else { return true }
    try await judge(&entry)
    if row.keepsOwners { #expect(forcedClaims.subtracting(claimsBefore) == [], "shards changed hands: \(row.title)") }
    try await row.expect(self, records)
    FaultReport.shared.add(entry)
    return entry.lost == 0 && entry.doubled == 0 && entry.isAudited
  }

  private func inject(_ row: FaultRow, _ isStrict: Bool) async throws -> TradingLoad? {
    var load: TradingLoad?
    if case .trading(let style) = row.load {
      load = TradingLoad(board, style: style)
      try await Task.sleep(for: .milliseconds(300))
    }
    do {
      try await row.inject(self)
    } catch {
      if isStrict { Issue.record("\(row.title): \(error)") } else { print("fault: \(row.title): \(error)") }
    }
    if case .afterwards = row.load { load = TradingLoad(board) }
    return load
  }

  /// Waits until nothing is left to settle.
  func settle() async throws {
    do {
      _ = try await eventually("the settlement of everything", seconds: 60) {
        (try? self.cursors())?.allSatisfy { $0.lag == 0 } == true ? true : nil
      }
    } catch {
      Issue.record("commands are left unsettled: \(workers.map { $0.process.log.suffix(2000) })")
      throw error
    }
  }

  /// Compares what clients were told, in this row and before, with what is stored, and checks the books.
  private func judge(_ entry: inout FaultReport.Entry) async throws {
    var connection = try stack.postgres.connect()
    let verdict = try StoredOrders(&connection).verdict(on: state.withLock { $0.records })
    #expect(verdict.complaints.prefix(20) == [], "\(entry.row.title): \(verdict.complaints.count) complaints")
    (entry.lost, entry.doubled) = (verdict.lost, verdict.doubled)
    let violations = try LedgerChecks.violations(&connection)
    #expect(violations == [:], "\(entry.row.title)")
    let (status, text) = try await stack.run(["audit", "--replay"], within: 300)
    #expect(status == 0, "\(entry.row.title): \(text.prefix(4000))")
    entry.isAudited = violations.isEmpty && status == 0
  }

  // MARK: Making whole

  /// Undoes every fault: servers run, links are sound, clocks are right, as many roles run as there should be, and every
  /// worker has shards.
  func heal() async throws {
    stack.redis.resume()
    try stack.redis.start(withDump: true)
    try? stack.postgres.signalAll(SIGCONT)
    for staller in [gatewayStaller, workerStaller] { staller?.release() }
    try await stack.postgres.start()
    let (workers, gateways) = state.withLock { ($0.workers, $0.gateways) }
    for place in workers.map(\.place) + gateways.map(\.place) {
      place.links?.become(.sound)
      place.clock?.set(seconds: 0)
    }
    for process in workers.map(\.process) + gateways.map(\.server.process) { process.signal(SIGCONT) }
    try await tidyGateways()
    try await tidyWorkers()
    try await untilShared()
  }

  /// Waits until every shard has an owner that runs.
  func untilOwned() async throws {
    try await untilOwners("an owner of every shard") { owners, running in owners.isSubset(of: running) }
  }

  /// Waits until every worker has shards: while they move, a fault may free some of them.
  private func untilShared() async throws {
    try await untilOwners("shards for every worker") { owners, running in owners == running }
  }

  private func untilOwners(_ what: String, _ isSo: (Set<pid_t?>, Set<pid_t?>) -> Bool) async throws {
    _ = try await eventually(what, seconds: 60) { () -> Bool? in
      guard let cursors = try? self.cursors() else { return nil }
      return isSo(Set(cursors.map(\.owner)), Set(self.workers.map(\.process.pid))) ? true : nil
    }
  }

  private func tidyWorkers() async throws {
    state.withLock { state in
      let ended = state.workers.filter { $0.process.exitStatus != nil }
      state.workers.removeAll { $0.process.exitStatus != nil }
      state.spareWorkers += ended.map(\.place)
    }
    while workers.count < topology.workers { try await addWorker() }
    while workers.count > topology.workers { try await stopWorker(workers[0]) }
  }

  private func tidyGateways() async throws {
    state.withLock { state in
      let ended = state.gateways.filter { $0.server.process.exitStatus != nil }
      state.gateways.removeAll { $0.server.process.exitStatus != nil }
      state.spareGateways += ended.map(\.place)
    }
    let known = Set(board.withLock { $0.map(\.port) })
    for gateway in gateways where !known.contains(gateway.server.port) { try await stopGateway(gateway.server) }
    let served = Set(gateways.map(\.server.port))
    board.withLock { $0.removeAll { !served.contains($0.port) } }
    while gateways.count < topology.gateways { try await addGateway() }
    while gateways.count > topology.gateways { try await stopGateway(gateways[0].server) }
  }

  /// Tells a worker to stop: it hands its shards over.
  func stopWorker(_ worker: Worker) async throws {
    let status = try await worker.process.stop(SIGTERM)
    #expect(status == 0, "a worker told to stop: \(worker.process.log.suffix(2000))")
    state.withLock { state in
      state.workers.removeAll { $0.process.pid == worker.process.pid }
      state.spareWorkers.append(worker.place)
    }
  }

  /// Sends clients elsewhere and tells a gateway to stop.
  func stopGateway(_ server: ScratchGateway) async throws {
    board.withLock { $0.removeAll { $0.port == server.port } }
    let status = try await server.process.stop(SIGTERM)
    #expect(status == 0, "a gateway told to stop: \(server.process.log.suffix(2000))")
    state.withLock { state in
      guard let index = state.gateways.firstIndex(where: { $0.server.port == server.port }) else { return }
      state.spareGateways.append(state.gateways.remove(at: index).place)
    }
  }

  private func takePlace(_ spares: any WritableKeyPath<State, [Place]> & Sendable) async throws -> Place {
    if let place = state.withLock({ $0[keyPath: spares].popLast() }) { return place }
    return try await makePlaces(1)[0]
  }

  private func makePlaces(_ count: Int) async throws -> [Place] {
    var places: [Place] = []
    for _ in 0..<count {
      places.append(
        Place(
          links: topology.isLinked ? try FaultLinks(stack) : nil,
          clock: topology.hasClocks ? try await ScratchClock() : nil))
    }
    return places
  }
}

/// The links of one role.
struct FaultLinks: Sendable {
  let redis: ScratchLink
  let postgres: ScratchLink

  init(_ stack: ScratchStack) throws {
    redis = try ScratchLink(to: stack.redis.socketPath, name: "redis.sock")
    postgres = try ScratchLink(to: "\(stack.postgres.directory)/.s.PGSQL.5432", name: ".s.PGSQL.5432")
  }

  func become(_ condition: ScratchLink.Condition) {
    redis.become(condition)
    postgres.become(condition)
  }
}

/// Waits until a process has died at its kill point.
func untilKilled(_ process: ChildProcess) async throws {
  let status = try await process.end(within: 40)
  #expect(status == 128 + SIGKILL, "\(process.log.suffix(2000))")
}

/// Asks until there is an answer.
/// - Throws: when there is none within a generous limit.
func eventually<Result>(
  _ what: String, seconds: Int = 30, _ ask: () async throws -> Result?
) async throws -> Result {
  for _ in 0..<(seconds * 50) {
    if let result = try await ask() { return result }
    try await Task.sleep(for: .milliseconds(20))
  }
  throw ChildProcess.Failure(description: "waited \(seconds) s for \(what)")
}
