internal import Glibc
internal import Lifecycle
public import Redis

/// A redis-server of a test's own: in a private folder, on a Unix socket and, when asked for, on a free port.
///
/// It starts in some 20 ms, keeps nothing on disk, and is killed when the value is released, or when the test process
/// ends in whatever way: a small shell waits for that.
public final class RedisServer: Sendable {
  /// Why a server could not be started.
  public struct Failure: Error, CustomStringConvertible {
    /// What went wrong.
    public let description: String
  }

  /// The private folder.
  public let directory: String
  /// The port on 127.0.0.1; nil when the server listens on its socket only.
  public let port: Int?
  private let options: [String]
  private let process = Lock<Running?>(nil)

  private struct Running {
    var server: pid_t
    var watchdog: pid_t
    var lifeline: Int32
  }

  /// Starts a server.
  /// - Parameters:
  ///   - tcp: Whether it also listens on a free port of 127.0.0.1.
  ///   - options: More options of redis-server, such as `["--maxmemory", "2mb"]`.
  public init(tcp: Bool = false, options: [String] = []) throws {
    var template = Array("/tmp/bw-redis-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw Failure(description: "mkdtemp failed with errno \(errno)") }
    directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    port = tcp ? try freePort() : nil
    self.options = options
    try start()
  }

  deinit {
    stop()
    for name in ["redis.sock", "redis.log"] { unlink("\(directory)/\(name)") }
    rmdir(directory)
  }

  /// The path of the socket.
  public var socketPath: String { "\(directory)/redis.sock" }

  /// The address over the socket.
  public var address: RedisAddress { RedisAddress(endpoint: .unix(path: socketPath)) }

  /// The address over TCP; only for a server that was started with `tcp`.
  public var tcpAddress: RedisAddress {
    guard let port else { preconditionFailure("the server listens on its socket only") }
    return RedisAddress(endpoint: .tcp(host: "127.0.0.1", port: port))
  }

  /// Starts the server, empty; does nothing when it runs.
  public func start() throws {
    guard process.withLock({ $0 == nil }) else { return }
    var arguments = [
      "redis-server", "--port", String(port ?? 0), "--bind", "127.0.0.1", "--unixsocket", socketPath, "--save", "",
      "--appendonly", "no", "--dir", directory, "--logfile", "\(directory)/redis.log", "--daemonize", "no",
    ]
    arguments += options
    let server = try spawn(arguments, input: nil)
    let (watchdog, lifeline) = try startWatchdog(over: server)
    process.withLock { $0 = Running(server: server, watchdog: watchdog, lifeline: lifeline) }
    try waitUntilListening(server)
  }

  /// Kills the server; what it held is gone.
  public func stop() {
    let running = process.withLock { state in
      defer { state = nil }
      return state
    }
    guard let running else { return }
    kill(running.watchdog, SIGKILL)
    kill(running.server, SIGKILL)
    close(running.lifeline)
    var status: Int32 = 0
    waitpid(running.watchdog, &status, 0)
    waitpid(running.server, &status, 0)
    unlink(socketPath)
  }

  /// Kills the server and starts it again, empty.
  public func restartEmpty() throws {
    stop()
    try start()
  }

  /// Freezes the server: its connections stay, nothing answers.
  public func pause() { signal(SIGSTOP) }

  /// Lets a frozen server go on.
  public func resume() { signal(SIGCONT) }

  private func signal(_ number: Int32) {
    if let server = process.withLock({ $0?.server }) { kill(server, number) }
  }

  private func waitUntilListening(_ server: pid_t) throws {
    let deadline = HostClock.monotonicNanoseconds() + 10_000_000_000
    while !isListening(socketPath) {
      var status: Int32 = 0
      if waitpid(server, &status, WNOHANG) == server {
        throw Failure(description: "redis-server ended at once; see \(directory)/redis.log")
      }
      guard HostClock.monotonicNanoseconds() < deadline else {
        throw Failure(description: "redis-server did not listen within 10 s")
      }
      usleep(1000)
    }
  }
}

/// Kills the server once this process is gone: the other end of the shell's input closes with it.
private func startWatchdog(over server: pid_t) throws -> (pid_t, Int32) {
  var ends: [Int32] = [0, 0]
  // Closed on exec from the start: another test's child must not hold it open. (A socket pair, because pipe2 hides
  // behind a macro that Swift does not set.)
  let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
  guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
    throw RedisServer.Failure(description: "no socket pair: errno \(errno)")
  }
  defer { close(ends[0]) }
  return (try spawn(["sh", "-c", "read -r line; kill -9 \(server)"], input: ends[0]), ends[1])
}

/// Starts a program found in PATH, with its output thrown away.
private func spawn(_ arguments: [String], input: Int32?) throws -> pid_t {
  var actions = posix_spawn_file_actions_t()
  posix_spawn_file_actions_init(&actions)
  defer { posix_spawn_file_actions_destroy(&actions) }
  if let input {
    posix_spawn_file_actions_adddup2(&actions, input, 0)
  } else {
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
  }
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
  posix_spawn_file_actions_adddup2(&actions, 1, 2)
  var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
  defer { for pointer in pointers { free(pointer) } }
  var child = pid_t()
  let status = posix_spawnp(&child, arguments[0], &actions, nil, &pointers, environ)
  guard status == 0 else {
    throw RedisServer.Failure(description: "\(arguments[0]) cannot be started: errno \(status)")
  }
  return child
}

private func isListening(_ path: String) -> Bool {
  let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
  defer { close(descriptor) }
  var address = sockaddr_un()
  address.sun_family = sa_family_t(AF_UNIX)
  withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
  return withUnsafePointer(to: &address) { pointer in
    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
    }
  }
}

/// A port that was free a moment ago.
private func freePort() throws -> Int {
  let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
  defer { close(descriptor) }
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
  var length = socklen_t(MemoryLayout<sockaddr_in>.size)
  let status = withUnsafeMutablePointer(to: &address) { pointer in
    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { name in
      bind(descriptor, name, length) == 0 ? getsockname(descriptor, name, &length) : -1
    }
  }
  guard status == 0 else { throw RedisServer.Failure(description: "no free port: errno \(errno)") }
  return Int(UInt16(bigEndian: address.sin_port))
}
