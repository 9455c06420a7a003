internal import Gateway
internal import HTTP
internal import Lifecycle
internal import Market
internal import Postgres
internal import PostgresStore
internal import RedisStore
internal import Services
internal import Telemetry

/// The admin port of a process: health and metrics for everyone, the rest for who has the token.
struct AdminEndpoint {
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

  private let server: HTTPServer
  /// How the fleet stands.
  let fleet: FleetInquiry

  /// Binds and serves.
  /// - Parameters:
  ///   - metrics: What `/metrics` shows.
  ///   - process: The process's name; its role and host when nil.
  ///   - connections: Where the fleet's state is read from, over connections of the endpoint's own.
  init(
    _ options: Options, role: String, process: String? = nil, metrics: Metrics, connections: ConnectionOptions,
    isReady: @escaping @Sendable () async -> Bool
  ) throws(HTTPServerError) {
    var configuration = HTTPServerConfiguration()
    configuration.address = options.listen.host
    configuration.port = options.listen.port
    configuration.connectionLimit = 256
    let settings = StoreSettings.ledger(url: connections.databaseURL, role: "\(role)-admin")
    let redis = RedisStoreSettings(address: connections.redis, name: RoleOptions.processName("\(role)-admin"))
    let members = RedisMembership(redis, for: "fleet")
    fleet = FleetInquiry(
      shards: PostgresShardReader(session: PostgresSession(settings, name: "admin")),
      leases: RedisLeaseStore(redis), members: members, leaders: RedisLeadership(redis),
      now: { Timestamp(rawValue: HostClock.monotonicNanoseconds() / 1000) })
    let halts = PostgresSession(settings, name: "halts")
    let name = process ?? RoleOptions.processName(role)
    let service = AdminService(
      token: options.token, metrics: metrics, fleet: fleet, fleetOperator: FleetOperator(members: members),
      halts: { InstrumentAdministration(session: halts, actor: .adminEndpoint(of: name, peer: $0)) },
      process: name, isReady: isReady)
    server = try HTTPServer(configuration: configuration) { await service.handle($0) }
    server.start()
  }

  /// Where others reach it, as `host:port`: what it listens on, or the same host's loopback when that is any address.
  func address(_ options: Options) -> String {
    let host = options.listen.host
    let shown = host == "0.0.0.0" ? "127.0.0.1" : host == "::" ? "::1" : host
    return shown.contains(":") ? "[\(shown)]:\(server.boundPort)" : "\(shown):\(server.boundPort)"
  }

  /// Ends it.
  func stop() async { _ = await server.drain(deadline: .seconds(2)) }
}
