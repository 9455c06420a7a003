import Glibc
import Lifecycle
import Postgres
import TestKit
import Testing

/// All fault suites, one after the other: each has an exchange of its own, but the machine may be small.
@Suite(.serialized) enum FaultTests {}

/// An exchange under load into which one fault is injected.
struct FaultTrial {
  let stack: ScratchStack
  var gateways: [ScratchGateway]
  var workers: [ChildProcess]

  /// Starts the roles. Kill points and hosts go to the first worker and the first gateway.
  init(
    gateways gatewayCount: Int = 1, workers workerCount: Int = 2, gatewayKillPoint: String? = nil,
    workerKillPoint: String? = nil, proxy: (role: String, statement: String)? = nil, withStandby: Bool = false,
    redisURL: String? = nil
  ) async throws {
    let stack = try await ScratchStack(withStandby: withStandby, redisURL: redisURL)
    self.stack = stack
    cutter = try proxy.map { try CuttingProxy(server: stack.postgres.directory, statement: $0.statement) }
    workers = []
    gateways = []
    for index in 0..<workerCount {
      workers.append(
        try await stack.startWorker(
          databaseHost: proxy?.role == "worker" ? cutter?.host : nil, killPoint: index == 0 ? workerKillPoint : nil))
    }
    for index in 0..<gatewayCount {
      gateways.append(
        try await stack.startGateway(
          databaseHost: proxy?.role == "gateway" ? cutter?.host : nil, killPoint: index == 0 ? gatewayKillPoint : nil))
    }
    try await stack.untilOwned()
  }

  /// Cuts connections to PostgreSQL, where asked for.
  let cutter: CuttingProxy?

  /// Trades, injects the fault, trades on, lets everything come to rest, and checks.
  /// - Parameter mayLose: Whether the end of what was acknowledged before the fault may be gone.
  /// - Returns: what the clients were told.
  @discardableResult
  func run(
    _ fault: String, before: Duration = .milliseconds(800), after: Duration = .milliseconds(1500),
    mayLose: Bool = false, inject: () async throws -> Void
  ) async throws -> [TradingLoad.Record] {
    let watch = SettlingWatch(stack.postgres)
    let load = TradingLoad(gateways)
    try await Task.sleep(for: before)
    try await inject()
    try await Task.sleep(for: after)
    let (records, seed) = try await load.stop()
    try await settle()
    let gap = watch.stop()
    let acknowledged = records.reduce(0) { $0 + $1.acknowledged.count + $1.cancelled.count }
    let unanswered = records.reduce(0) { $0 + $1.unanswered.count }
    let deferred = records.reduce(0) { $0 + $1.deferred }
    print(
      "fault: \(fault); acknowledged \(acknowledged), unanswered \(unanswered), told to come back \(deferred), "
        + "longest gap in settling \(gap) ms, seed \(seed)")
    fflush(nil)
    try await verify(records, mayLose: mayLose)
    return records
  }

  /// Waits until nothing is left to settle.
  func settle() async throws {
    for _ in 0..<600 {
      if var connection = try? stack.postgres.connect(), let shards = try? LedgerChecks.progress(&connection),
        shards.allSatisfy({ $0.lag == 0 })
      {
        return
      }
      try await Task.sleep(for: .milliseconds(50))
    }
    Issue.record("commands are left unsettled after 30 s: \(workers.map { $0.log.suffix(2000) })")
  }

  /// Compares what clients were told with what is stored, and checks the books.
  func verify(_ all: [TradingLoad.Record], mayLose: Bool = false) async throws {
    var connection = try stack.postgres.connect()
    let stored = try StoredOrders(&connection)
    let records = mayLose ? all.map { stored.withoutLost($0) } : all
    for record in records {
      #expect(record.unexpected.isEmpty)
      #expect(record.unknown.isEmpty)
      for (name, order) in record.acknowledged { #expect(stored.named[name] == [order], "acknowledged as \(name)") }
      for name in record.refused { #expect(stored.named[name] == nil, "refused: \(name)") }
      #expect(record.cancelled.filter { stored.open.contains($0) } == [], "acknowledged as cancelled")
    }
    let known = records.reduce(0) { $0 + $1.acknowledged.count }
    #expect(stored.named.count == known, "orders that no client knows")
    try await audit(&connection)
  }

  /// The books, by the checks here and by the exchange's own audit.
  func audit() async throws {
    var connection = try stack.postgres.connect()
    try await audit(&connection)
  }

  private func audit(_ connection: inout PostgresConnection) async throws {
    let violations = try LedgerChecks.violations(&connection)
    #expect(violations == [:])
    let (status, text) = try await stack.run(["audit", "--replay"], within: 120)
    #expect(status == 0, "\(text)")
  }
}

/// All orders of a database.
struct StoredOrders {
  /// Identifiers by the client's name.
  var named: [String: [String]] = [:]
  /// Identifiers of open ones.
  var open: Set<String> = []

  init(_ connection: inout PostgresConnection) throws {
    let rows = try connection.query(
      PostgresCall(.init("all_orders", "SELECT client_order_id, order_id::text, is_open FROM orders")))
    for row in 0..<rows.count {
      named[rows.text(row, 0), default: []].append(rows.text(row, 1))
      if rows.bool(row, 2) { open.insert(rows.text(row, 1)) }
    }
  }
}

/// Looks on while an exchange settles and remembers the longest time in which a shard had work and did none.
private final class SettlingWatch: Sendable {
  private struct State {
    var longest: Int64 = 0
    var isStopped = false
  }

  private let state = Lock(State())

  init(_ postgres: ScratchPostgres) {
    startThread(name: "watch") { [self] in
      var connection = try? postgres.connect()
      var moved: [Int16: (settled: Int64, at: Int64)] = [:]
      while !state.withLock({ $0.isStopped }) {
        if connection == nil { connection = try? postgres.connect() }
        let shards = connection == nil ? nil : try? LedgerChecks.progress(&connection!)
        // While the database is away nothing moves, and the time counts for all shards that have work then.
        if shards == nil { connection = nil }
        let now = HostClock.monotonicNanoseconds()
        for shard in shards ?? [] {
          let before = moved[shard.shard]
          let gap = before.map { now - $0.at } ?? 0
          if shard.settled != before?.settled || shard.lag == 0 { moved[shard.shard] = (shard.settled, now) }
          if before?.settled != shard.settled || shard.lag > 0 { state.withLock { $0.longest = max($0.longest, gap) } }
        }
        usleep(10_000)
      }
    }
  }

  /// Milliseconds.
  func stop() -> Int64 {
    state.withLock { state in
      state.isStopped = true
      return state.longest / 1_000_000
    }
  }
}
