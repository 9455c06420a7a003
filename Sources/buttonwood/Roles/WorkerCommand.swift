internal import Digest
internal import Glibc
internal import Lifecycle
internal import Market
internal import Ports
internal import Services
internal import Sharding
internal import Telemetry

/// `buttonwood worker`: claims shards, matches and settles.
enum WorkerCommand {
  private struct Options {
    var connections: ConnectionOptions
    var admin: AdminEndpoint.Options
    var execution = ExecutionSettings()
    var probe: Duration
    var clockBound: Duration
    var keepsQuotes: Bool
    var advertise: String?

    init(_ arguments: [String]) throws(CommandLineExit) {
      var line = CommandLineOptions(
        "buttonwood worker",
        """
        Claims its share of the shards, matches their orders and settles them. Any number may run; one of them leads. \
        "buttonwood worker drain ID" and "buttonwood worker resume ID" tell a running one to hand its shards over and to \
        take shards again.
        """, arguments)
      connections = ConnectionOptions(&line)
      admin = AdminEndpoint.Options(&line, port: 9081)
      execution.market = RoleOptions.marketDirector(&line)
      execution.batchLimit = line.integer(
        "settle-batch", default: execution.batchLimit, in: 1...10_000, unit: "commands",
        help: "Most commands in one settling transaction.")
      execution.leaseLifetime = line.duration(
        "lease", default: execution.leaseLifetime, in: .milliseconds(100)...(.seconds(600)),
        help: "How long a claim lasts unrenewed; a dead worker's shards are free after it.")
      execution.renewalPeriod = line.duration(
        "renewal", default: execution.renewalPeriod, in: .milliseconds(20)...(.seconds(60)),
        help: "How often leases are renewed and free shards looked for.")
      execution.pollPeriod = line.duration(
        "look", default: execution.pollPeriod, in: .milliseconds(10)...(.seconds(60)),
        help: "How often the fleet is looked at: a crash is noticed after about one look.")
      probe = line.duration(
        "probe", default: TimeLimits.probe.value, in: .milliseconds(10)...(.seconds(10)),
        help: "How long a silent worker has to answer when it is asked; asked three times, it is called hung.")
      execution.drainLimit = line.duration(
        "drain", default: execution.drainLimit, in: .zero...(.seconds(600)),
        help: "How long SIGTERM waits for other workers to take the shards over.")
      clockBound = RoleOptions.clockBound(&line)
      keepsQuotes =
        line.choice(
          "quote-history", default: QuoteArchiveMode.on,
          help: "Whether each change of a best bid or ask is kept for GET /v2/stocks/quotes.") == .on
      execution.balance.tolerancePercent = line.integer(
        "balance-tolerance", default: execution.balance.tolerancePercent, in: 1...1_000, unit: "percent",
        help: "How far a worker's load may be from the mean before the leader moves shards.")
      execution.balance.coolDown = line.duration(
        "balance-cool-down", default: execution.balance.coolDown, in: .zero...(.seconds(86_400)),
        help: "How long the leader leaves a shard where it has moved it.")
      advertise = line.optional(
        "admin-advertise", "HOST:PORT", shown: "what it listens on", expected: "an address such as 10.0.0.5:9081",
        help: "Where other hosts' workers reach the admin endpoint, to ask a silent worker whether it is well."
      ) { text in ListenAddress(text) == nil ? nil : text }
      if execution.renewalPeriod * 2 > execution.leaseLifetime {
        line.mistake("--renewal must be at most half of --lease")
      }
      try line.finish()
    }
  }

  private enum QuoteArchiveMode: String, CaseIterable {
    case on
    case off
  }

  /// The role's settings.
  static var settings: [Setting] {
    do throws(CommandLineExit) { _ = try Options(Setting.question) } catch {
      if case .settings(let settings) = error { return settings }
    }
    return []
  }

  /// Runs the role, or the command about running workers that the first word names; returns the exit status.
  static func run(_ arguments: [String]) async -> Int32 {
    switch arguments.first {
    case "drain": return await WorkerInstructionCommand.drain(Array(arguments.dropFirst()))
    case "resume": return await WorkerInstructionCommand.resume(Array(arguments.dropFirst()))
    default: return await work(arguments)
    }
  }

  /// Works until SIGTERM.
  private static func work(_ arguments: [String]) async -> Int32 {
    let options: Options
    do throws(CommandLineExit) { options = try Options(arguments) } catch { return error.report() }
    let host = RoleOptions.hostName
    let id = RoleOptions.workerID(host: host)
    let log = Log.standardError().with(["role": "worker", "worker": id])
    let now: @Sendable () -> Timestamp = { Timestamp(rawValue: HostClock.microsecondsSinceEpoch()) }
    let stores = WorkerStores(options.connections, id, log)
    let metrics = Metrics()
    let troubles = PortTroubleLog(log, metrics)
    let clocks = RoleOptions.clockMonitor(stores.clock, options.clockBound, troubles, log, metrics)
    let notices = OwnNotices { .nanoseconds(HostClock.monotonicNanoseconds()) }
    let eventLog = WorkerLog(
      worker: id, log: log, fleetEvents: stores.fleetEvents, metrics: WorkerMetrics(metrics),
      stalledSessions: StalledSessionLog(log, metrics), notices: notices, troubles: troubles)
    stores.hearDamage { (key, reason) in
      notices.damagedKeys()
      eventLog.record(.keyReplaced(key, reason: reason))
    }
    do {
      let running = Lock<WorkerService?>(nil)
      let isRunning = Signal()
      let gauges = Lock<FleetGauges?>(nil)
      let obstacle = Lock<String?>("starting")
      let admin = try AdminEndpoint(
        options.admin, role: "worker", process: id.rawValue, metrics: metrics, connections: options.connections,
        whyNotReady: {
          guard let worker = running.withLock({ $0 }) else { return obstacle.withLock { $0 } ?? "starting" }
          if let complaint = clocks.complaint { return complaint }
          return await worker.isWell() ? nil : "its leases are not renewed; see the worker's log"
        }, clocks: clocks, notices: notices)
      let schema = SchemaWait(reader: stores.schema, log: log)
      let isStopping = Signal()
      let market = MarketPublisher(
        stream: stores.marketStream, archive: options.keepsQuotes ? stores.quotes : nil, troubles: troubles.ports)
      let marketCounts = MarketMetrics(metrics)
      let working = DrainingService("worker") {
        let found = await allShards(
          schema, stores.reader, isStopping: { isStopping.isGiven },
          report: { found in obstacle.withLock { $0 = found } }
        )
        guard let shards = found else { return }
        let pulse = WorkPulse()
        let worker = WorkerService(
          identity: Heartbeat(
            worker: id, host: host, pid: getpid(), version: Version.text, startedAt: now(),
            admin: options.advertise ?? admin.address(options.admin)),
          shards: shards,
          dependencies: stores.dependencies(
            probe: WorkerProbe(host: host, limit: options.probe), market: market, pulse: pulse,
            isClockFit: { clocks.isFit }, stalled: { eventLog.record(.stalledSession($0)) }),
          settings: options.execution, now: now, random: { SecureRandom.word() },
          clock: { .nanoseconds(HostClock.monotonicNanoseconds()) }, report: { eventLog.record($0) })
        running.withLock { $0 = worker }
        gauges.withLock { $0 = FleetGauges(metrics, shards) }
        isRunning.give()
        if isStopping.isGiven { worker.stop() }
        log.notice("working", ["shards": shards.count])
        await worker.run()
      } stop: {
        isStopping.give()
        running.withLock { $0 }?.stop()
      }
      // The worker stops first: what it settles while it drains is still published.
      let isClean = await RoleServices.run(
        [
          admin, LoopService("market data") { await market.run() },
          LoopService("market counts") { await marketCounts.run { market.counts } },
          LoopService("fleet figures") {
            await isRunning.wait()
            await gauges.withLock { $0 }?.run(admin.fleet, troubles.ports) {
              await running.withLock { $0 }?.isLeading ?? false
            }
          },
          working,
        ], drain: options.execution.drainLimit, log)
      log.notice("stopped")
      return isClean ? 0 : 1
    } catch {
      Console.write("buttonwood worker: \(error)\n", to: .error)
      return 1
    }
  }

  /// The exchange's shards; waits for a database and a schema that are not there yet.
  /// - Returns: nil when the process was told to stop first.
  private static func allShards(
    _ schema: SchemaWait, _ reader: any ShardLagReader, isStopping: @Sendable () -> Bool,
    report: @Sendable (String?) -> Void
  ) async -> [Shard]? {
    while !isStopping() {
      if await schema.run(until: isStopping, report) {
        do throws(StoreError) {
          let shards = try await reader.lags().keys.sorted()
          // A migration makes the shards last.
          if !shards.isEmpty { return shards }
          report("the database has no shards yet")
        } catch {
          report("waiting for PostgreSQL: \(error)")
        }
      }
      try? await Task.sleep(for: SchemaWait.period)
    }
    return nil
  }
}
