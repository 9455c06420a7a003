internal import Glibc
internal import Lifecycle
internal import Postgres

/// A whole exchange of a test's own: the built program as processes, a PostgreSQL and a Redis, with accounts and instruments.
/// Everything listens on private sockets and ports and ends with the test process.
public final class ScratchStack: Sendable {
  /// How many accounts there are: `A0`… with keys `K0`… and secrets `secret-0`….
  public static let accounts = 8
  /// How many instruments there are: `S0`…, each in a shard of its own.
  public static let instruments = 8
  /// How many shards there are, half of them without an instrument. Fewer than a database has by default: what is tested does
  /// not depend on their number, and each costs every process a little.
  public static let shards = 16

  /// What opens the roles' admin endpoints.
  public static let adminToken = "scratch"

  /// The database server.
  public let postgres: ScratchPostgres
  /// The Redis server.
  public let redis: RedisServer
  private let redisURL: String
  private let home: ScratchDirectory
  private let program: String
  private let counter = Lock(0)
  private let adminPorts = Lock<[UInt16]>([])

  /// The database server's standby, where there is one.
  public let standby: ScratchPostgres?

  /// Starts the servers and makes the schema, accounts and instruments; roles are started by the test.
  /// - Parameters:
  ///   - withStandby: Whether every commit waits for a second database server.
  ///   - redisURL: Another Redis than the stack's own.
  public init(withStandby: Bool = false, redisURL: String? = nil) async throws {
    program = try findProgram()
    home = try ScratchDirectory("stack")
    postgres = try await ScratchPostgres()
    redis = try RedisServer()
    self.redisURL = redisURL ?? "unix://\(redis.socketPath)"
    standby = withStandby ? try await postgres.addStandby() : nil
    let (status, text) = try await run(["migrate", "--roles", "--shards", "\(Self.shards)"])
    guard status == 0 else { throw ChildProcess.Failure(description: "migrate ended with \(status): \(text)") }
    var connection = try postgres.connect()
    try connection.execute(seed)
  }

  /// Where the admin endpoints of the roles that were started listen.
  public var admins: [UInt16] { adminPorts.withLock { $0 } }

  /// How a role is started otherwise than usual.
  public struct Deviations: Sendable {
    /// The folder of the socket to PostgreSQL, when it is not the server's own.
    public var databaseHost: String?
    /// The path of the socket to Redis, when it is not the server's own.
    public var redisSocket: String?
    /// `name:count`, where it dies.
    public var killPoint: String?
    /// More options of the role.
    public var options: [String] = []
    /// Words before the program: another that starts it.
    public var launcher: [String] = []
    /// More variables.
    public var environment: [String: String] = [:]

    /// None.
    public init(killPoint: String? = nil, options: [String] = []) {
      self.killPoint = killPoint
      self.options = options
    }
  }

  /// Starts a gateway and waits until it serves.
  /// - Parameter port: Where; a free port when nil.
  public func startGateway(
    port: UInt16? = nil, _ deviations: Deviations = Deviations()
  ) async throws -> ScratchGateway {
    let port = port ?? FreePort.choose()
    let admin = adminPort()
    let process = try start(
      ["gateway", "--listen", "127.0.0.1:\(port)", "--admin-listen", "127.0.0.1:\(admin)"], deviations)
    try await waitFor("serving the Trading API", process)
    return ScratchGateway(process: process, port: port, admin: admin)
  }

  /// Starts a worker and waits until it works.
  public func startWorker(_ deviations: Deviations = Deviations()) async throws -> ChildProcess {
    let process = try start(["worker", "--admin-listen", "127.0.0.1:\(adminPort())"], deviations)
    try await waitFor("\"working\"", process)
    return process
  }

  /// Waits until every shard has an owner among the living: all leases stand.
  public func untilOwned() async throws {
    for _ in 0..<1000 {
      var connection = try postgres.connect()
      let rows = try connection.query(
        PostgresCall(.init("owned", "SELECT count(*) FROM shard_cursors WHERE owner IS NULL")))
      if rows.int8(0, 0) == 0 { return }
      try await Task.sleep(for: .milliseconds(20))
    }
    throw ChildProcess.Failure(description: "shards without owner after 20 s")
  }

  /// Runs a command of the program to its end.
  public func run(
    _ arguments: [String], environment: [String: String] = [:], within seconds: Int = 60
  ) async throws -> (status: Int32, text: String) {
    let process = try launch(arguments, environment: environment)
    let status = try await process.end(within: seconds)
    return (status, process.log)
  }

  /// Starts a command of the program.
  public func launch(_ arguments: [String], environment: [String: String] = [:]) throws -> ChildProcess {
    var deviations = Deviations()
    deviations.environment = environment
    return try start(arguments, deviations)
  }

  private func start(_ arguments: [String], _ deviations: Deviations) throws -> ChildProcess {
    let url = deviations.databaseHost.map { postgres.url(host: $0) } ?? postgres.url
    let environment = [
      // As it is deployed: each program connects as the role that has just the rights it needs.
      "DATABASE_URL": url.replacing("user=postgres", with: "user=\(databaseRole(of: arguments))"),
      "REDIS_URL": deviations.redisSocket.map { "unix://\($0)" } ?? redisURL,
      // A crash in a test must end at once, without a debugger's work.
      "SWIFT_BACKTRACE": "enable=no",
      "BUTTONWOOD_KILL_POINT": deviations.killPoint ?? "",
      "BUTTONWOOD_ADMIN_TOKEN": Self.adminToken,
    ].merging(deviations.environment) { $1 }
    return try ChildProcess(
      deviations.launcher + [program] + arguments + deviations.options, environment: environment, log: nextLog())
  }

  private func adminPort() -> UInt16 {
    let port = FreePort.choose()
    adminPorts.withLock { $0.append(port) }
    return port
  }

  private func nextLog() -> String {
    let number = counter.withLock { number in
      number += 1
      return number
    }
    return "\(home.path)/\(number).log"
  }

  private func waitFor(_ text: String, _ process: ChildProcess) async throws {
    for _ in 0..<3000 {
      if process.log.contains(text) { return }
      if let status = process.exitStatus {
        // A process that dies at a kill point may do so before it has said anything.
        if status == 128 + SIGKILL { return }
        throw ChildProcess.Failure(description: "ended with \(status): \(process.log)")
      }
      try await Task.sleep(for: .milliseconds(10))
    }
    throw ChildProcess.Failure(description: "not ready within 30 s: \(process.log)")
  }
}

/// A gateway of a ``ScratchStack``.
public struct ScratchGateway: Sendable {
  /// Its process.
  public let process: ChildProcess
  /// Where it serves.
  public let port: UInt16

  /// Where its admin endpoint listens; 0 when it is not known.
  public let admin: UInt16

  /// Names what serves the Trading API somewhere.
  public init(process: ChildProcess, port: UInt16, admin: UInt16 = 0) {
    self.process = process
    self.port = port
    self.admin = admin
  }

  /// An operator at its admin endpoint.
  public func operatorCaller(patience: Int = 25) -> HTTPCaller {
    HTTPCaller(port: admin, headers: "Authorization: Bearer \(ScratchStack.adminToken)\r\n", patience: patience)
  }

  /// A client of one of the accounts.
  public func caller(account: Int, patience: Int = 25) -> HTTPCaller {
    HTTPCaller(port: port, key: "K\(account)", secret: "secret-\(account)", patience: patience)
  }
}

/// The role of the database that a command connects as.
private func databaseRole(of arguments: [String]) -> String {
  switch arguments.first {
  case "migrate", "restored": "postgres"
  case "gateway": "buttonwood_gateway"
  case "worker": "buttonwood_worker"
  case "audit", "status": "buttonwood_reader"
  default: "buttonwood_operator"
  }
}

/// The program beside the test bundle, or in the folder that BUTTONWOOD_PROGRAMS names.
private func findProgram() throws -> String {
  var folders: [String] = []
  if let folder = ProcessEnvironment.current()["BUTTONWOOD_PROGRAMS"] { folders.append(folder) }
  // The runner gets the bundle's path as an argument.
  for argument in CommandLine.arguments where argument.contains(".xctest") {
    let components = argument.split(separator: "/", omittingEmptySubsequences: false)
    folders.append(components.prefix { !$0.hasSuffix(".xctest") }.joined(separator: "/"))
  }
  for folder in folders where access("\(folder)/buttonwood", X_OK) == 0 { return "\(folder)/buttonwood" }
  throw ChildProcess.Failure(description: "no program `buttonwood` in \(folders): build it, or set BUTTONWOOD_PROGRAMS")
}

/// Instruments at $100, accounts with ten million dollars and 100,000 shares of each.
private let seed = """
  INSERT INTO instruments (symbol, name, shard, reference_price)
    SELECT 'S' || i, 'Instrument ' || i, i, 1000000 FROM generate_series(0, \(ScratchStack.instruments - 1)) i ORDER BY i;
  INSERT INTO accounts (public_id, name, cash)
    SELECT gen_random_uuid(), 'A' || i, 100000000000 FROM generate_series(0, \(ScratchStack.accounts - 1)) i ORDER BY i;
  INSERT INTO api_keys (key_id, account_id, secret_hash)
    SELECT 'K' || substr(name, 2), account_id, sha256(convert_to('secret-' || substr(name, 2), 'UTF8')) FROM accounts;
  INSERT INTO positions (account_id, instrument_id, quantity, cost)
    SELECT account_id, instrument_id, 100000, 100000::bigint * 1000000 FROM accounts, instruments;
  INSERT INTO journals (kind, reference) SELECT 'opening', account_id::text FROM accounts ORDER BY account_id;
  INSERT INTO journal_lines
    SELECT journal_id, reference::bigint, 0, 100000000000 FROM journals
    UNION ALL SELECT journal_id, -1, 0, -100000000000 FROM journals
    UNION ALL SELECT journal_id, reference::bigint, instrument_id, 100000 FROM journals, instruments
    UNION ALL SELECT journal_id, -2, instrument_id, -100000 FROM journals, instruments;
  """
