internal import Glibc
internal import Lifecycle
public import Postgres

/// A PostgreSQL server that a test may stop, kill and start again: in a private folder, on a Unix socket.
///
/// Its files outlive its process as on a real disk; against the loss of the host they are not protected.
public final class ScratchPostgres: Sendable {
  /// How a server is stopped.
  public enum Stop: Int32, Sendable {
    /// Connections are ended, what they did not commit is undone, files are written out.
    case fast = 2
    /// All processes end at once; the next start recovers from the log.
    case immediate = 3
  }

  /// The private folder, with the socket.
  public var directory: String { home.path }
  private let home: ScratchDirectory
  private let process = Lock<ChildProcess?>(nil)
  private let follower = Lock<ScratchPostgres?>(nil)

  /// Makes a cluster and starts it; some 2 s the first time, then some 0.3 s.
  public init() async throws {
    home = try ScratchDirectory("scratch")
    let cluster = try await Template.shared.directory()
    try await openToServer(home)
    try await runToEnd(["cp", "-a", "\(cluster)/data", "\(directory)/data"])
    try await start()
  }

  /// Makes a server that streams from `primary`.
  private init(following primary: ScratchPostgres) async throws {
    home = try ScratchDirectory("standby")
    try await openToServer(home)
    try await runToEnd(
      asPostgres + [
        "\(try serverPrograms())/pg_basebackup", "-h", primary.directory, "-U", "postgres", "-D", "\(directory)/data",
        "-R", "-X", "stream", "-c", "fast", "--no-sync",
      ])
    try await start()
  }

  /// Adds a standby that every commit waits for. The connection string names both from now on and leads to whichever
  /// takes writes.
  public func addStandby() async throws -> ScratchPostgres {
    let standby = try await ScratchPostgres(following: self)
    follower.withLock { $0 = standby }
    var connection = try connect()
    try connection.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
    try connection.execute("SELECT pg_reload_conf()")
    for _ in 0..<1500 {
      let states = try connection.query(
        PostgresCall(.init("standbys", "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'")))
      if states.int8(0, 0) == 1 { return standby }
      try await Task.sleep(for: .milliseconds(20))
    }
    throw ChildProcess.Failure(description: "the standby did not become synchronous within 30 s")
  }

  /// Lets a standby take writes, and waits until it does. Each look is a statement of its own: one that waited would hold up
  /// what the standby has still to replay, and be canceled for it.
  public func promote() async throws {
    var connection = try connectHere()
    try connection.execute("SELECT pg_promote(wait => false)")
    for _ in 0..<3_000 {
      let rows = try connection.query(PostgresCall(.init("recovery", "SELECT pg_is_in_recovery()")))
      if !rows.bool(0, 0) { return }
      try await Task.sleep(for: .milliseconds(20))
    }
    throw ChildProcess.Failure(description: "the standby does not take writes within 60 s")
  }

  /// A connection to this server, whether it takes writes or not.
  public func connectHere() throws(PostgresError) -> PostgresConnection {
    try PostgresConnection(PostgresOptions(url: url(host: directory), applicationName: "tests"))
  }

  /// The connection string of its database, of its standby too when it has one.
  public var url: String {
    guard let standby = follower.withLock({ $0 }) else { return url(host: directory) }
    return "host=\(directory),\(standby.directory) port=5432,5432 user=postgres dbname=postgres "
      + "target_session_attrs=read-write"
  }

  /// The connection string through another folder's socket.
  public func url(host: String) -> String { "host=\(host) port=5432 user=postgres dbname=postgres" }

  /// A connection of the test's own.
  public func connect() throws -> PostgresConnection {
    try PostgresConnection(PostgresOptions(url: url, applicationName: "tests"))
  }

  /// Starts the server and waits until it answers; does nothing when it runs.
  /// - Parameter mostConnections: `max_connections`.
  public func start(mostConnections: Int = 100) async throws {
    guard process.withLock({ $0 == nil }) else { return }
    let words =
      asPostgres + [
        "\(try serverPrograms())/postgres", "-D", "\(directory)/data", "-k", directory, "-c", "listen_addresses=", "-c",
        "max_connections=\(mostConnections)", "-c", "shared_buffers=64MB", "-c", "fsync=off", "-c", "timezone=UTC",
        "-c",
        // In the private folder, so that nothing is left of a server that was killed.
        "dynamic_shared_memory_type=mmap", "-c", "wal_retrieve_retry_interval=100ms",
      ]
    let server = try ChildProcess(words, log: "\(directory)/log", killer: SIGQUIT)
    process.withLock { $0 = server }
    for _ in 0..<1500 {
      if isAnswering { return }
      if let status = server.exitStatus {
        throw ChildProcess.Failure(description: "PostgreSQL ended with \(status): \(server.log.suffix(500))")
      }
      try await Task.sleep(for: .milliseconds(20))
    }
    throw ChildProcess.Failure(description: "PostgreSQL was not ready within 30 s: \(server.log.suffix(500))")
  }

  /// Also when others have taken every connection.
  private var isAnswering: Bool {
    do throws(PostgresError) {
      _ = try connectHere()
      return true
    } catch {
      return "\(error)".contains("too many clients")
    }
  }

  /// Sends a signal to the server and all its processes.
  public func signalAll(_ number: Int32) throws {
    guard let server = process.withLock({ $0 }) else { return }
    let children = try ProcessTree.children(of: server.pid)
    for pid in [server.pid] + children { kill(pid, number) }
  }

  /// Kills all its processes at once, as the loss of its machine would.
  public func killAll() async throws {
    let server = process.withLock { state in
      defer { state = nil }
      return state
    }
    guard let server else { return }
    // Frozen first: it must neither start processes nor tell its own what has happened.
    server.signal(SIGSTOP)
    for child in try ProcessTree.children(of: server.pid) { kill(child, SIGKILL) }
    try await server.stop(SIGKILL)
    removeSharedMemory()
  }

  /// The segment that a killed server leaves behind; its identifier is the last word of the seventh line of its lock file.
  private func removeSharedMemory() {
    let lines = ((try? readText("\(directory)/data/postmaster.pid")) ?? "").split(separator: "\n")
    guard lines.count > 6, let last = lines[6].split(separator: " ").last, let segment = Int32(last) else { return }
    shmctl(segment, IPC_RMID, nil)
  }

  /// Stops the server.
  public func stop(_ how: Stop) async throws {
    let server = process.withLock { state in
      defer { state = nil }
      return state
    }
    try await server?.stop(how.rawValue)
  }
}

/// An empty cluster, made once per test process and copied.
private actor Template {
  static let shared = Template()
  private var making: Task<ScratchDirectory, any Error>?

  func directory() async throws -> String {
    let task =
      making
      ?? Task {
        let home = try ScratchDirectory("template")
        try await openToServer(home)
        let initialize =
          asPostgres + [
            "\(try serverPrograms())/initdb", "-D", "\(home.path)/data", "-U", "postgres", "-A", "trust", "-E", "UTF8",
            "--locale=C.UTF-8", "--no-sync",
          ]
        try await runToEnd(initialize)
        return home
      }
    making = task
    return try await task.value.path
  }
}

private func openToServer(_ home: ScratchDirectory) async throws {
  if getuid() == 0 { try await runToEnd(["chown", "postgres", home.path]) }
}

func runToEnd(_ words: [String]) async throws {
  let process = try ChildProcess(words, log: "/dev/null")
  let status = try await process.end(within: 60)
  guard status == 0 else {
    throw ChildProcess.Failure(description: "\(words.joined(separator: " ")) ended with \(status)")
  }
}

/// PostgreSQL refuses to run as root, so root runs it as Debian's user for it.
var asPostgres: [String] {
  getuid() == 0 ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] : []
}

/// The folder of the newest installed server's programs.
func serverPrograms() throws -> String {
  var found = glob_t()
  defer { globfree(&found) }
  guard glob("/usr/lib/postgresql/*/bin", 0, nil, &found) == 0, found.gl_pathc > 0 else {
    throw ChildProcess.Failure(description: "no PostgreSQL server is installed")
  }
  return String(cString: found.gl_pathv[Int(found.gl_pathc) - 1]!)
}
