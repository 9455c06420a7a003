internal import AdminAPI
internal import HTTP
internal import Lifecycle
internal import Market
internal import Services
internal import Telemetry

/// The admin port of a process: health and metrics for everyone, the rest for who has the token.
struct AdminEndpoint: Service {
  /// Where it listens and who may ask.
  struct Options {
    var listen: ListenAddress
    var token: String?

    /// Reads `--admin-listen` and the token.
    init(_ line: inout CommandLineOptions, port: UInt16) {
      listen = ListenAddress.read(
        "admin-listen", default: "127.0.0.1:\(port)", &line,
        help: "Where health, metrics and admin questions are answered.")
      token = line.secret("admin-token", help: "What admin questions must bring as bearer token; none closes them.")
    }
  }

  let name = "admin endpoint"
  private let server: HTTPServer
  /// How the fleet stands.
  let fleet: FleetInquiry
  /// Which stores answer this process.
  let stores: StoreMonitor
  private let clocks: ClockMonitor
  private let findings: FindingMonitor
  private let shown: FindingMetrics

  /// Binds; whoever asks is answered from now on.
  /// - Parameters:
  ///   - metrics: What `/metrics` shows.
  ///   - process: The process's name; its role and host when nil.
  ///   - connections: Where the fleet's state is read from, over connections of the endpoint's own.
  ///   - whyNotReady: What `/readyz` answers with 503; nil when the process is ready.
  ///   - clocks: Compares this host's clock with the database's; it is run here.
  ///   - notices: What this process itself notices.
  ///   - report: Hears when a store is lost and when it is back.
  init(
    _ options: Options, role: String, process: String? = nil, metrics: Metrics, connections: ConnectionOptions,
    whyNotReady: @escaping @Sendable () async -> String?, clocks: ClockMonitor, notices: OwnNotices? = nil,
    report: @escaping @Sendable (StoreMonitor.Store, StoreOutage.Edge) -> Void = { _, _ in }
  ) throws(HTTPServerError) {
    var configuration = HTTPServerConfiguration()
    configuration.address = options.listen.host
    configuration.port = options.listen.port
    configuration.connectionLimit = 256
    let read = FleetStores(connections, role: role)
    fleet = read.fleet("admin")
    self.clocks = clocks
    findings = Self.findings(read, clocks, notices)
    let stores = read.monitor(report)
    self.stores = stores
    shown = FindingMetrics(metrics, stores)
    let name = process ?? RoleOptions.processName(role)
    let service = AdminService(
      token: options.token, metrics: metrics, fleet: fleet, findings: findings,
      fleetOperator: read.workers,
      halts: read.halts(of: name),
      process: name, whyNotReady: whyNotReady)
    server = try HTTPServer(configuration: configuration) { await service.handle($0) }
    server.start()
  }

  /// What is wrong with the exchange as it is seen from here.
  private static func findings(_ stores: FleetStores, _ clocks: ClockMonitor, _ notices: OwnNotices?) -> FindingMonitor
  {
    let now = SteadyClock()
    let inquiry = stores.health(
      skew: { clocks.skew?.ahead }, own: { notices?.counts ?? FleetHealth.OwnCounts() }, now: { now.now })
    var limits = FindingLimits()
    limits.skewRefused = clocks.bound
    return FindingMonitor(limits: limits, now: { now.now }) { await inquiry.health() }
  }

  /// Where others reach it, as `host:port`: what it listens on, or the same host's loopback when that is any address.
  func address(_ options: Options) -> String {
    let host = options.listen.host
    let shown = host == "0.0.0.0" ? "127.0.0.1" : host == "::" ? "::1" : host
    return shown.contains(":") ? "[\(shown)]:\(server.boundPort)" : "\(shown):\(server.boundPort)"
  }

  /// Watches what the answers tell of.
  func run() async {
    await LoopGroup.run([
      { await stores.run() }, { await clocks.run() }, { await findings.run { shown.show($0) } },
    ])
  }

  func stop() async { _ = await server.drain(deadline: .seconds(2)) }
}
