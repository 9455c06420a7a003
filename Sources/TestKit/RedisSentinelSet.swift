internal import Glibc
internal import Lifecycle
public import Redis

/// A master with replicas and three sentinels of a test's own, on free ports of 127.0.0.1.
///
/// The sentinels know each other from the start and look often, so that it is ready in a quarter of a second and fails
/// over in a second or two.
public final class RedisSentinelSet: Sendable {
  /// What the sentinels call the master.
  public static let masterName = "exchange"
  /// How many milliseconds a master is silent before the sentinels call it down, by sentinel: not all at once, as they
  /// would stand against each other for election and nobody would have a majority.
  private static let downAfter = [400, 1200, 2000]

  /// The servers; the first is the master in the beginning.
  public let servers: [RedisServer]
  private let ports: [UInt16]
  private let home: ScratchDirectory
  private let login: RedisLogin
  private let sentinelLogin: RedisLogin
  private let sentinels: Lock<[ChildProcess?]>

  /// Starts all.
  /// - Parameters:
  ///   - replicas: How many replicas there are.
  ///   - login: How to log in to the servers.
  ///   - sentinelLogin: How to log in to the sentinels.
  public init(
    replicas: Int = 1, login: RedisLogin = RedisLogin(), sentinelLogin: RedisLogin = RedisLogin()
  ) async throws {
    home = try ScratchDirectory("sentinel")
    self.login = login
    self.sentinelLogin = sentinelLogin
    // Any server may be asked for a copy of what it holds: without delay.
    let options = login.serverOptions + ["--repl-diskless-sync-delay", "0"]
    let master = try RedisServer(tcp: true, options: options)
    let following = options + ["--replicaof", "127.0.0.1", "\(master.port!)"]
    servers = try [master] + (0..<replicas).map { _ in try RedisServer(tcp: true, options: following) }
    ports = (0..<3).map { _ in FreePort.choose() }
    sentinels = Lock([nil, nil, nil])
    for index in ports.indices {
      try writeFile(configurationPath(index), configuration(of: index).map { $0 + "\n" }.joined())
      try startSentinel(index)
    }
    for index in ports.indices { try await untilReady(index) }
  }

  /// Where the sentinels listen.
  public var sentinelEndpoints: [RedisEndpoint] { ports.map { .tcp(host: "127.0.0.1", port: Int($0)) } }

  /// The address of the master by its sentinels.
  public var address: RedisAddress {
    RedisAddress(
      .sentinel(RedisSentinels(sentinelEndpoints, masterName: Self.masterName, login: sentinelLogin)), login: login)
  }

  /// The address as a URL; for a set without logins.
  public var url: String { address.description }

  /// The server at an endpoint.
  public func server(at endpoint: RedisEndpoint) -> RedisServer? { servers.first { $0.tcpEndpoint == endpoint } }

  /// The server that all sentinels which run call the master; nil while they disagree.
  public func master() async throws -> RedisServer? {
    var named: Set<[String?]> = []
    for index in sentinelEndpoints.indices where sentinels.withLock({ $0[index] != nil }) {
      let reply = try await ask(index, RedisCommand("SENTINEL", "GET-MASTER-ADDR-BY-NAME", Self.masterName))
      named.insert((reply.array ?? []).map(\.text))
    }
    guard named.count == 1, let address = named.first else { return nil }
    return servers.first { address == ["127.0.0.1", String($0.port!)] }
  }

  /// Kills a sentinel.
  public func stopSentinel(_ index: Int) { sentinels.withLock { $0[index] = nil } }

  /// Freezes a sentinel.
  public func pauseSentinel(_ index: Int) { sentinels.withLock { $0[index] }?.signal(SIGSTOP) }

  /// Lets a frozen sentinel go on.
  public func resumeSentinel(_ index: Int) { sentinels.withLock { $0[index] }?.signal(SIGCONT) }

  /// Tells the sentinels to fail over now.
  public func failOver() async throws { _ = try await ask(0, RedisCommand("SENTINEL", "FAILOVER", Self.masterName)) }

  private func startSentinel(_ index: Int) throws {
    let process = try ChildProcess(
      ["redis-server", configurationPath(index), "--sentinel"], log: "\(home.path)/\(index).log")
    sentinels.withLock { $0[index] = process }
    let port = ports[index]
    try process.waitUntil("listens on its port") { isListening(port) }
  }

  /// Waits until a sentinel sees the others and the replicas, and lets it look often.
  private func untilReady(_ index: Int) async throws {
    _ = try await ask(
      index,
      RedisCommand(
        "SENTINEL", "DEBUG", "ask-period", "100", "info-period", "200", "publish-period", "200"))
    try await wait("a sentinel sees the others") {
      let quorum = try await ask(index, RedisCommand("SENTINEL", "CKQUORUM", Self.masterName))
      guard quorum.text?.contains("OK 3 usable") == true else { return false }
      let replicas = try await ask(index, RedisCommand("SENTINEL", "REPLICAS", Self.masterName)).array ?? []
      return replicas.count == servers.count - 1 && replicas.allSatisfy { $0["master-link-status"]?.text == "ok" }
    }
  }

  private func ask(_ index: Int, _ command: RedisCommand) async throws -> RedisValue {
    let address = RedisAddress(endpoint: sentinelEndpoints[index], login: sentinelLogin)
    return try await RedisClient(RedisSettings(address: address)).send([command])[0]
  }

  private func configurationPath(_ index: Int) -> String { "\(home.path)/\(index).conf" }

  private func configuration(of index: Int) -> [String] {
    let name = Self.masterName
    var lines = [
      "port \(ports[index])", "bind 127.0.0.1", "dir \(home.path)", "sentinel myid \(nodeName(index))",
      "sentinel monitor \(name) 127.0.0.1 \(servers[0].port!) 1",
      "sentinel down-after-milliseconds \(name) \(Self.downAfter[index])",
      "sentinel failover-timeout \(name) 2000",
    ]
    if let user = login.user { lines.append("sentinel auth-user \(name) \(user)") }
    if let password = login.password { lines.append("sentinel auth-pass \(name) \(password)") }
    lines += sentinelLogin.serverLines
    if let user = sentinelLogin.user { lines.append("sentinel sentinel-user \(user)") }
    if let password = sentinelLogin.password { lines.append("sentinel sentinel-pass \(password)") }
    lines += servers.dropFirst().map { "sentinel known-replica \(name) 127.0.0.1 \($0.port!)" }
    lines += ports.indices.filter { $0 != index }.map {
      "sentinel known-sentinel \(name) 127.0.0.1 \(ports[$0]) \(nodeName($0))"
    }
    return lines
  }
}

extension RedisLogin {
  /// Lines of a configuration that let only this login in.
  fileprivate var serverLines: [String] {
    guard let password else { return [] }
    guard let user else { return ["requirepass \(password)"] }
    return ["user default off", "user \(user) on >\(password) ~* &* +@all"]
  }

  /// The same as options, which also let replicas in.
  fileprivate var serverOptions: [String] {
    guard let password else { return [] }
    let lets = serverLines.flatMap { "--\($0)".split(separator: " ").map(String.init) }
    return lets + ["--masterauth", password] + (user.map { ["--masteruser", $0] } ?? [])
  }
}
