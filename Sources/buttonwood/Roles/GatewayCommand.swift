internal import ClientKit
internal import Digest
internal import HTTP
internal import Lifecycle
internal import LiveStreams
internal import Market
internal import Ports
internal import Services
internal import Telemetry
internal import TradingAPI

/// `buttonwood gateway`: serves the Trading API.
enum GatewayCommand {
  private struct Options {
    var connections: ConnectionOptions
    var listen: ListenAddress
    var admin: AdminEndpoint.Options
    var readers: Int
    var drain: Duration
    var acceptor = OrderAcceptanceSettings()
    var gateway = GatewayConfiguration()
    var server = HTTPServerConfiguration()
    var feed = TradeUpdateHubSettings()
    var clock: MarketClockMode
    var clockBound: Duration

    init(_ arguments: [String]) throws(CommandLineExit) {
      var line = CommandLineOptions(
        "buttonwood gateway", "Serves the Trading API: takes orders durably and answers questions. Any number may run.",
        arguments)
      connections = ConnectionOptions(&line)
      listen = ListenAddress.read("listen", default: "127.0.0.1:8080", &line, help: "Where to serve the Trading API.")
      admin = AdminEndpoint.Options(&line, port: 9080)
      clock = RoleOptions.marketClock(&line)
      clockBound = RoleOptions.clockBound(&line)
      acceptor.pipelines = line.integer(
        "lanes", default: acceptor.pipelines, in: 1...64,
        help: "Accepting transactions in flight, each on its own connection.")
      acceptor.batchLimit = line.integer(
        "accept-batch", default: acceptor.batchLimit, in: 1...4096, unit: "requests",
        help: "Most requests in one accepting transaction.")
      acceptor.queueLimit = line.integer(
        "accept-queue", default: acceptor.queueLimit, in: 1...1_000_000, unit: "requests",
        help: "Most requests waiting in a lane; beyond it 429.")
      acceptor.shardLagLimit = Int64(
        line.integer(
          "shard-lag-limit", default: Int(acceptor.shardLagLimit), in: 1...100_000_000, unit: "commands",
          help: "Most commands of a shard accepted and not settled; beyond it 429."))
      readers = line.integer("readers", default: 2, in: 1...64, help: "Connections for questions.")
      gateway.requestsPerMinute = line.integer(
        "rate-limit", default: 0, in: 0...1_000_000, unit: "requests a minute",
        help: "Most requests of a key that has no limit of its own; 0 for no limit.")
      server.connectionLimit = line.integer(
        "connection-limit", default: server.connectionLimit, in: 1...1_000_000, help: "Most client connections.")
      server.inFlightLimit = line.integer(
        "in-flight-limit", default: server.inFlightLimit, in: 1...1_000_000, help: "Most requests being answered.")
      server.connectionLimitPerAddress = line.integer(
        "connections-per-address", default: server.connectionLimit / 4, in: 0...1_000_000,
        help: "Most connections of one client address (of an IPv6 address, its /64); 0 for no limit.")
      let proxies = line.text(
        "trusted-proxies", "ADDRESSES", default: "",
        help:
          "Numeric addresses of proxies, with commas between them: they may have any number of connections, and who sent a "
          + "request is what the last of its X-Forwarded-For says.")
      let trusted = TrustedAddresses(proxies.split(separator: ",").map { String($0.filter { $0 != " " }) })
      if trusted == nil { line.mistake("--trusted-proxies must be numeric addresses with commas between them") }
      server.trustedProxies = trusted ?? TrustedAddresses()
      server.probes = ["/readyz", "/healthz"]
      server.bodyLimit = gateway.maximumBodyBytes
      server.streams.count = line.integer(
        "stream-limit", default: server.streams.count, in: 0...1_000_000,
        help: "Most open streams, WebSockets and server-sent events together; beyond it 503.")
      server.streams.guestsPerAddress = line.integer(
        "guests-per-address", default: server.streams.count / 4, in: 0...1_000_000,
        help: "Most open WebSockets of one client address that have yet to prove whose they are; 0 for no limit.")
      server.streams.queueBytes = line.integer(
        "stream-queue", default: server.streams.queueBytes, in: (768 << 10)...(1 << 30), unit: "bytes",
        help:
          "Most bytes that wait for the client of one stream; a WebSocket beyond it is closed. Half of it and what is "
          + "read at once have to fit.")
      server.streams.totalQueueBytes = line.integer(
        "stream-memory", default: server.streams.totalQueueBytes, in: (1 << 20)...(1 << 40), unit: "bytes",
        help: "Bytes that wait for all streams' clients before each is held to its share of them.")
      server.streams.pingInterval = line.duration(
        "stream-ping", default: server.streams.pingInterval, in: .milliseconds(100)...(.seconds(3_600)),
        help: "How long a stream is silent before the server pings or sends a comment.")
      server.streams.idleLimit = line.duration(
        "stream-idle", default: server.streams.idleLimit, in: .seconds(1)...(.seconds(86_400)),
        help: "How long a stream's client may not be heard of, or leave unread what was sent.")
      feed.streamsPerAccount = line.integer(
        "streams-per-account", default: feed.streamsPerAccount, in: 0...1_000_000,
        help: "Most streams of one account; 0 for no limit.")
      feed.pollPeriod = line.duration(
        "event-poll", default: feed.pollPeriod, in: .milliseconds(10)...(.seconds(60)),
        help: "How often it is looked for events that Redis told nothing of, and for revoked keys.")
      drain = line.duration(
        "drain", default: TimeLimits.gatewayDrain.value, help: "How long SIGTERM waits for requests in flight.")
      if server.streams.pingInterval >= server.streams.idleLimit {
        line.mistake("--stream-ping must be shorter than --stream-idle")
      }
      try line.finish()
      server.address = listen.host
      server.port = listen.port
    }
  }

  /// Takes the gateway out of the load balancer while its clock is off: it answers still, but what it accepts would carry times
  /// that are wrong.
  private static func follow(_ clocks: ClockMonitor, _ service: GatewayService) async {
    while !Task.isCancelled {
      // Until the first comparison nothing speaks against it: a database that does not answer shows by itself.
      service.doubt(because: clocks.skew == nil ? nil : clocks.complaint)
      try? await Task.sleep(for: ClockMonitor.poll)
    }
  }

  /// The role's settings.
  static var settings: [Setting] {
    do throws(CommandLineExit) { _ = try Options(Setting.question) } catch {
      if case .settings(let settings) = error { return settings }
    }
    return []
  }

  /// Runs until SIGTERM; returns the exit status.
  static func run(_ arguments: [String]) async -> Int32 {
    let options: Options
    do throws(CommandLineExit) { options = try Options(arguments) } catch { return error.report() }
    let log = Log.standardError().with(["role": "gateway"])
    let now: @Sendable () -> Timestamp = { Timestamp(rawValue: HostClock.microsecondsSinceEpoch()) }
    let metrics = Metrics()
    let counts = GatewayMetrics(
      metrics, pipelines: options.acceptor.pipelines, lagLimit: options.acceptor.shardLagLimit)
    let stalledSessions = StalledSessionLog(log, metrics)
    let troubleLog = PortTroubleLog(log, metrics, silent: ["connection", "outage", "redis"])
    let troubles = troubleLog.ports
    let stores = GatewayStores(
      options.connections, readers: options.readers, pipelines: options.acceptor.pipelines, log,
      stalled: { stalledSessions.record($0) }, retried: { counts.countRetry($0) })
    let clocks = RoleOptions.clockMonitor(stores.clock, options.clockBound, troubleLog, log, metrics)
    let acceptor = OrderAcceptanceService(
      ledgers: stores.ledgers, stream: stores.stream, reader: stores.reader, settings: options.acceptor,
      troubles: troubles,
      now: now)
    metrics.counter(
      "buttonwood_log_rows_unpublished_total",
      help: "Accepted commands that could not be put into their shard's stream; workers find them in the database."
    ) { [weak acceptor] in acceptor.map { Int64($0.unpublished) } }
    let marketClock = MarketClockMonitor(
      ledger: stores.marketClock, expected: options.clock, troubles: troubles
    ) { mode in
      log.warning(
        "the leader follows another clock than --market-clock says",
        ["clock": mode.rawValue, "expected": options.clock.rawValue])
    }
    let feed = TradeUpdateHub(
      news: stores.news, backlog: stores.backlog, wakeUps: stores.wakeUps, accounts: stores.reader,
      configuration: options.gateway, settings: options.feed, meter: StreamMetrics(metrics),
      troubles: troubles,
      clock: { marketClock.clock }, now: now)
    let foundation = ClientFoundation(
      configuration: options.gateway, reader: stores.reader, troubles: troubles, clock: { marketClock.clock }, now: now)
    let randomPool = RandomPool()
    let service = GatewayService(
      foundation, acceptor: acceptor, accountStore: stores.accountStore, market: stores.market,
      streams: StreamService(foundation, feed: feed, market: stores.market), random: { randomPool.word() })
    do {
      let monitor = Lock<StoreMonitor?>(nil)
      var serverOptions = options.server
      serverOptions.bodyGate = { await service.judgeBody(of: $0, length: $1) }
      let server = try HTTPServer(configuration: serverOptions) { request in
        let response = await counts.counting(request) { await service.handle($0) }
        if response.status == 503 { monitor.withLock { $0 }?.refused(.postgres) }
        return response
      }
      let eventLog = GatewayLog(log: log)
      let admin = try AdminEndpoint(
        options.admin, role: "gateway", metrics: metrics, connections: options.connections,
        whyNotReady: { await service.whyNotReady() }, clocks: clocks, report: { eventLog.record($0, $1) })
      monitor.withLock { $0 = admin.stores }
      StreamMetrics.show(server, metrics)
      let schema = SchemaWait(reader: stores.schema, log: log)
      if let obstacle = await schema.obstacle() { service.close(because: obstacle) }
      let days = DayTableMonitor(stores.days, metrics, log)
      let isReady = Signal()
      /// A loop that needs the schema.
      func loop(_ name: String, _ body: @escaping @Sendable () async -> Void) -> LoopService {
        LoopService(name) {
          await isReady.wait()
          await body()
        }
      }
      let isDrained = Signal()
      let isAnswered = Lock(false)
      // The server stops first: what it has taken is answered while all that answers rest on still works.
      let isClean = await RoleServices.run(
        [
          admin,
          LoopService("schema") {
            await schema.run { obstacle in
              if let obstacle { service.close(because: obstacle) } else { service.open() }
            }
            isReady.give()
            await Signal().wait()
          },
          loop("order desk") { await acceptor.run() }, loop("market clock") { await marketClock.run() },
          loop("events") { await feed.run() }, loop("counts") { await counts.follow(acceptor) },
          loop("day tables") { await days.run() }, loop("clock") { await Self.follow(clocks, service) },
          loop("journal") { await eventLog.follow { (acceptor.unpublished, admin.stores.isUp(.redis)) } },
          loop("keys") {
            await stores.keyListener.run { change in
              switch change {
              case .key(let keyID): service.forgetKey(keyID)
              case .unknown: service.forgetAllKeys()
              }
            }
          },
          DrainingService("Trading API") {
            server.start()
            log.notice("serving the Trading API", ["address": "\(options.listen.host):\(server.boundPort)"])
            await isDrained.wait()
          } stop: {
            let isWhole = await server.drain(deadline: options.drain)
            isAnswered.withLock { $0 = isWhole }
            isDrained.give()
          },
        ], drain: options.drain, log)
      await stores.close()
      let answered = isAnswered.withLock { $0 }
      log.notice("stopped", ["answered_all": answered])
      return isClean && answered ? 0 : 1
    } catch {
      Console.write("buttonwood gateway: \(error)\n", to: .error)
      return 1
    }
  }
}
