import Glibc
import Lifecycle
import Postgres
import TestKit
import Testing

/// All fault suites, one after the other: each has an exchange of its own, but the machine may be small.
@Suite(.serialized) enum FaultTests {}

/// An exchange of a test's own under load into which one fault is injected. Faults that an exchange outlives as it was are
/// rows of the ``FaultMatrix`` instead.
struct FaultTrial {
  let stack: ScratchStack
  var gateways: [ScratchGateway]
  var workers: [ChildProcess]

  /// Starts the roles.
  init(
    gateways gatewayCount: Int = 1, workers workerCount: Int = 2, withStandby: Bool = false, redisURL: String? = nil
  ) async throws {
    let stack = try await ScratchStack(withStandby: withStandby, redisURL: redisURL)
    self.stack = stack
    workers = []
    gateways = []
    for _ in 0..<workerCount { workers.append(try await stack.startWorker()) }
    for _ in 0..<gatewayCount { gateways.append(try await stack.startGateway()) }
    try await stack.untilOwned()
  }

  /// Trades, injects the fault, trades on, lets everything come to rest, and checks.
  /// - Parameter mayLose: Whether the end of what was acknowledged before the fault may be gone.
  /// - Returns: what the clients were told.
  @discardableResult
  func run(
    _ fault: String, before: Duration = .milliseconds(800), after: Duration = .milliseconds(1500),
    mayLose: Bool = false, inject: () async throws -> Void
  ) async throws -> [TradingLoad.Record] {
    let watch = ShardMonitor(stack.postgres)
    let load = TradingLoad(Lock(gateways))
    try await Task.sleep(for: before)
    try await inject()
    try await Task.sleep(for: after)
    let (records, seed) = try await load.stop()
    try await settle()
    let gap = watch.stop().gap
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
    #expect(stored.verdict(on: records).complaints == [])
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
