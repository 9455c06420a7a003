public import Glibc
internal import Lifecycle

/// A program that a test runs, with its output in a file. It is killed when the value is released, or when the test process
/// ends in whatever way: a small shell waits for that.
public final class ChildProcess: Sendable {
  /// Why a program could not be run.
  public struct Failure: Error, CustomStringConvertible {
    /// What went wrong.
    public let description: String

    /// Says what went wrong.
    public init(description: String) { self.description = description }
  }

  /// Its process id.
  public let pid: pid_t
  /// The file with its output and error output.
  public let logPath: String
  private let keeper: pid_t
  private let lifeline: Int32
  private let killer: Int32
  private let status = Lock<Int32?>(nil)

  /// Starts a program.
  /// - Parameters:
  ///   - words: The program, as a path or found in PATH, and its arguments.
  ///   - environment: Variables added to this process's own.
  ///   - log: Where its output goes, appended.
  ///   - killer: The signal that ends it at once and for certain: SIGQUIT for PostgreSQL, whose children need telling.
  public init(_ words: [String], environment: [String: String] = [:], log: String, killer: Int32 = SIGKILL) throws {
    logPath = log
    self.killer = killer
    pid = try Self.spawn(words, environment: environment, input: nil, output: log)
    var ends: [Int32] = [0, 0]
    // Closed on exec from the start: another test's child must not hold it open.
    guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
      throw Failure(description: "no socket pair: errno \(errno)")
    }
    defer { close(ends[0]) }
    lifeline = ends[1]
    keeper = try Self.spawn(
      ["sh", "-c", "trap '' INT TERM HUP; read -r line; kill -\(killer) \(pid)"], environment: [:], input: ends[0],
      output: "/dev/null")
  }

  deinit {
    kill(keeper, SIGKILL)
    close(lifeline)
    var ignored: Int32 = 0
    waitpid(keeper, &ignored, 0)
    guard status.withLock({ $0 == nil }) else { return }
    kill(pid, killer)
    kill(pid, SIGCONT)
    waitpid(pid, &ignored, 0)
  }

  /// Sends a signal; nothing when it has ended.
  public func signal(_ number: Int32) {
    if exitStatus == nil { kill(pid, number) }
  }

  /// How it ended: the exit status, or 128 and the signal; nil while it runs.
  public var exitStatus: Int32? {
    status.withLock { status in
      var raw: Int32 = 0
      guard status == nil, waitpid(pid, &raw, WNOHANG) == pid else { return status }
      status = raw & 0x7F == 0 ? (raw >> 8) & 0xFF : 128 + (raw & 0x7F)
      return status
    }
  }

  /// Waits for its end.
  /// - Throws: ``Failure`` when it runs on for `seconds`.
  @discardableResult
  public func end(within seconds: Int = 30) async throws -> Int32 {
    for _ in 0..<(seconds * 200) {
      if let exitStatus { return exitStatus }
      try await Task.sleep(for: .milliseconds(5))
    }
    throw Failure(description: "process \(pid) did not end within \(seconds) s; see \(logPath)")
  }

  /// Sends a signal and waits for its end.
  @discardableResult
  public func stop(_ number: Int32 = SIGKILL) async throws -> Int32 {
    signal(number)
    return try await end()
  }

  /// What it has written so far.
  public var log: String { (try? readText(logPath)) ?? "" }

  /// Runs a program to its end.
  /// - Returns: its exit status and what it wrote.
  public static func run(
    _ words: [String], environment: [String: String] = [:], log: String, within seconds: Int = 60
  ) async throws -> (status: Int32, text: String) {
    let process = try ChildProcess(words, environment: environment, log: log)
    let status = try await process.end(within: seconds)
    return (status, process.log)
  }
}

func readText(_ path: String) throws -> String {
  let file = open(path, O_RDONLY)
  guard file >= 0 else { throw ChildProcess.Failure(description: "\(path) cannot be read: errno \(errno)") }
  defer { close(file) }
  var bytes: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 65_536)
  while true {
    let count = read(file, &chunk, chunk.count)
    guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
    bytes += chunk[..<count]
  }
}

extension ChildProcess {
  /// Starts a program; who calls waits for its end.
  static func spawn(_ words: [String], environment: [String: String], input: Int32?, output: String) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    if let input {
      posix_spawn_file_actions_adddup2(&actions, input, 0)
    } else {
      posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    }
    posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_APPEND, 0o644)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    // Sockets that a library has just opened for another test must not stay open in this child. (closefrom hides behind a
    // macro that Swift does not set; closing what is not open is no error.)
    for descriptor in Int32(3)..<1024 { posix_spawn_file_actions_addclose(&actions, descriptor) }
    let variables = ProcessEnvironment.current().merging(environment) { _, own in own }
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
    var settings: [UnsafeMutablePointer<CChar>?] = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for pointer in arguments + settings { free(pointer) } }
    var child = pid_t()
    let status = posix_spawnp(&child, words[0], &actions, nil, &arguments, &settings)
    guard status == 0 else { throw ChildProcess.Failure(description: "\(words[0]) cannot be started: errno \(status)") }
    return child
  }
}
