internal import Glibc

/// A folder of a test's own under /tmp. It is deleted soon after the value is released, or after the test process has ended
/// in whatever way: a small shell waits for that.
public final class ScratchDirectory: Sendable {
  /// Where it is.
  public let path: String
  private let lifeline: Int32

  /// Makes the folder; `name` shows in its path.
  public init(_ name: String) throws {
    var template = Array("/tmp/bw-\(name)-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw ChildProcess.Failure(description: "mkdtemp failed with errno \(errno)")
    }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    var ends: [Int32] = [0, 0]
    guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
      throw ChildProcess.Failure(description: "no socket pair: errno \(errno)")
    }
    defer { close(ends[0]) }
    lifeline = ends[1]
    // A shell's background work has no input of its own, hence descriptor 3. The pause lets a server that has just been killed let go of its files.
    let script = "exec 3<&0; trap '' INT TERM HUP; (read -r line <&3; sleep 0.5; rm -rf '\(path)') &"
    var status: Int32 = 0
    waitpid(
      try ChildProcess.spawn(["sh", "-c", script], environment: [:], input: ends[0], output: "/dev/null"), &status, 0)
  }

  deinit { close(lifeline) }
}
