internal import Glibc
internal import Lifecycle
public import Redis

/// A redis-server of a test's own: in a private folder, on a Unix socket and, when asked for, on a free port.
///
/// It starts in some 20 ms, keeps nothing on disk, and is killed when the value is released, or when the test process ends
/// in whatever way.
public final class RedisServer: Sendable {
  /// The private folder.
  public var directory: String { home.path }
  /// The port on 127.0.0.1; nil when the server listens on its socket only.
  public let port: Int?
  private let home: ScratchDirectory
  private let options: [String]
  private let process = Lock<ChildProcess?>(nil)

  /// Starts a server.
  /// - Parameters:
  ///   - tcp: Whether it also listens on a free port of 127.0.0.1.
  ///   - options: More options of redis-server, such as `["--maxmemory", "2mb"]`.
  public convenience init(tcp: Bool = false, options: [String] = []) throws {
    try self.init(port: tcp ? Int(FreePort.choose()) : nil, options: options)
    try start()
  }

  /// Makes a server that is not started yet.
  init(port: Int?, options: [String]) throws {
    home = try ScratchDirectory("redis")
    self.port = port
    self.options = options
  }

  /// The path of the socket.
  public var socketPath: String { "\(directory)/redis.sock" }

  /// The address over the socket.
  public var address: RedisAddress { RedisAddress(endpoint: .unix(path: socketPath)) }

  /// Where it listens on TCP; only for a server that was started with `tcp`.
  public var tcpEndpoint: RedisEndpoint {
    guard let port else { preconditionFailure("the server listens on its socket only") }
    return .tcp(host: "127.0.0.1", port: port)
  }

  /// The address over TCP; only for a server that was started with `tcp`.
  public var tcpAddress: RedisAddress { RedisAddress(endpoint: tcpEndpoint) }

  /// Starts the server, empty or with what it saved last (`SAVE`); does nothing when it runs.
  public func start(withDump keepsDump: Bool = false) throws {
    guard process.withLock({ $0 == nil }) else { return }
    unlink(socketPath)
    if !keepsDump { unlink("\(directory)/dump.rdb") }
    let words = [
      "redis-server", "--port", String(port ?? 0), "--bind", "127.0.0.1", "--unixsocket", socketPath, "--save", "",
      "--appendonly", "no", "--dir", directory, "--logfile", "\(directory)/redis.log", "--daemonize", "no",
    ]
    let started = try ChildProcess(words + options, log: "\(directory)/output.log")
    process.withLock { $0 = started }
    try started.waitUntil("listens on its socket") { isListening(socketPath) }
  }

  /// Kills the server; what it held is gone.
  public func stop() { process.withLock { $0 = nil } }

  /// Kills the server and starts it again, empty.
  public func restartEmpty() throws {
    stop()
    try start()
  }

  /// Freezes the server: its connections stay, nothing answers.
  public func pause() { process.withLock { $0 }?.signal(SIGSTOP) }

  /// Lets a frozen server go on.
  public func resume() { process.withLock { $0 }?.signal(SIGCONT) }
}

extension ChildProcess {
  /// Waits, blocking, for a server to come up.
  func waitUntil(_ what: String, _ isSo: () -> Bool) throws {
    for _ in 0..<20_000 {
      if isSo() { return }
      if let exitStatus { throw Failure(description: "ended with \(exitStatus) before it \(what); see \(logPath)") }
      usleep(500)
    }
    throw Failure(description: "not for 10 s: \(what); see \(logPath)")
  }
}

private func isListening(_ path: String) -> Bool {
  let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
  defer { close(descriptor) }
  return withUnixAddress(path) { connect(descriptor, $0, $1) == 0 }
}
