internal import Glibc
internal import Lifecycle
public import Postgres

/// A PostgreSQL server of the test process's own: in a private folder, on a Unix socket, without durability.
///
/// It is made once per process (some 1.5 s) and stopped and deleted when the process ends in whatever way: a small shell
/// waits for that. Tests do not share databases: each makes its own, from a template where it likes (0.1 s).
public final class PostgresServer: Sendable {
  /// Why a server could not be started.
  public struct Failure: Error, CustomStringConvertible {
    /// What went wrong.
    public let description: String
  }

  private static let started = Result { () throws(Failure) in try PostgresServer() }

  /// The process's server, started at the first call.
  /// - Throws: what kept it from starting; each later call again.
  public static func shared() throws(Failure) -> PostgresServer { try started.get() }

  /// The private folder, with the socket and the log.
  public let directory: String
  private let lifeline: Int32

  private init() throws(Failure) {
    var template = Array("/tmp/bw-postgres-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw Failure(description: "mkdtemp failed with errno \(errno)") }
    directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let keeper: pid_t
    (keeper, lifeline) = try startKeeper(directory)
    try waitUntilReady(keeper)
  }

  /// The connection string of a database.
  public func url(of database: String) -> String { "host=\(directory) port=5432 user=postgres dbname=\(database)" }

  /// Makes a database and returns its connection string.
  /// - Parameter template: A database to copy; nobody may be connected to it.
  public func makeDatabase(_ name: String, from template: String? = nil) throws(PostgresError) -> String {
    var connection = try PostgresConnection(PostgresOptions(url: url(of: "postgres"), applicationName: "tests"))
    try connection.execute("CREATE DATABASE \(name)" + (template.map { " TEMPLATE \($0)" } ?? ""))
    return url(of: name)
  }

  private func waitUntilReady(_ keeper: pid_t) throws(Failure) {
    let deadline = HostClock.monotonicNanoseconds() + 60_000_000_000
    while (try? PostgresConnection(PostgresOptions(url: url(of: "postgres"), applicationName: "tests"))) == nil {
      var status: Int32 = 0
      guard waitpid(keeper, &status, WNOHANG) != keeper else {
        throw Failure(description: "PostgreSQL ended at once: is it installed? See \(directory)/log")
      }
      guard HostClock.monotonicNanoseconds() < deadline else {
        throw Failure(description: "PostgreSQL was not ready within 60 s; see \(directory)/log")
      }
      usleep(20_000)
    }
  }
}

/// Makes the cluster, runs the server, and stops and deletes it once its input ends. PostgreSQL refuses to run as root, so
/// root runs it as Debian's user for it.
private let keeperScript = """
  trap '' INT TERM HUP
  set -e
  as=
  if [ "$(id -u)" = 0 ]; then
    chown postgres "$1"
    as='setpriv --reuid=postgres --regid=postgres --init-groups'
  fi
  cd "$1"
  bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
  $as "$bin/initdb" -D "$1/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync > log 2>&1
  $as "$bin/postgres" -D "$1/data" -k "$1" -c listen_addresses= -c max_connections=500 -c shared_buffers=64MB \
    -c fsync=off -c full_page_writes=off -c autovacuum=off -c timezone=UTC >> log 2>&1 &
  server=$!
  read -r line || true
  kill -QUIT $server
  wait $server || true
  cd /
  rm -rf "$1"
  """

/// Starts the shell with one end of a socket pair as its input; the other end closes with this process.
private func startKeeper(_ directory: String) throws(PostgresServer.Failure) -> (pid_t, Int32) {
  var ends: [Int32] = [0, 0]
  // Closed on exec from the start: another test's child must not hold it open.
  let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
  guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
    throw PostgresServer.Failure(description: "no socket pair: errno \(errno)")
  }
  defer { close(ends[0]) }
  var actions = posix_spawn_file_actions_t()
  posix_spawn_file_actions_init(&actions)
  defer { posix_spawn_file_actions_destroy(&actions) }
  posix_spawn_file_actions_adddup2(&actions, ends[0], 0)
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
  posix_spawn_file_actions_adddup2(&actions, 1, 2)
  let words = ["sh", "-c", keeperScript, "sh", directory]
  var pointers: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
  defer { for pointer in pointers { free(pointer) } }
  var child = pid_t()
  let status = posix_spawnp(&child, "sh", &actions, nil, &pointers, environ)
  guard status == 0 else { throw PostgresServer.Failure(description: "sh cannot be started: errno \(status)") }
  return (child, ends[1])
}
