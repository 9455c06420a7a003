import Glibc
import TestKit

/// A wall clock for one process, that a test may set while the process runs.
final class ScratchClock: Sendable {
  private let home: ScratchDirectory
  private let shim: String

  init() async throws {
    shim = try await Shim.shared.path()
    home = try ScratchDirectory("clock")
    set(seconds: 0)
  }

  /// What makes a process use it.
  var environment: [String: String] { ["LD_PRELOAD": shim, "CLOCK_SHIM_FILE": file] }

  private var file: String { "\(home.path)/shift" }

  /// Puts the clock ahead of the host's, or behind.
  func set(seconds: Int64) {
    let descriptor = open(file, O_RDWR | O_CREAT, 0o644)
    precondition(descriptor >= 0, "\(file) cannot be written")
    defer { close(descriptor) }
    var value = seconds
    precondition(pwrite(descriptor, &value, 8, 0) == 8, "\(file) cannot be written")
  }
}

/// The shim, compiled once.
private actor Shim {
  static let shared = Shim()
  private var making: Task<ScratchDirectory, any Error>?

  func path() async throws -> String {
    let task =
      making
      ?? Task {
        let home = try ScratchDirectory("shim")
        let source = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
        let words = [
          "clang", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", "\(home.path)/clock_shim.so",
          "/\(source)/Shims/clock_shim.c", "-ldl",
        ]
        let (status, text) = try await ChildProcess.run(words, log: "\(home.path)/log")
        guard status == 0 else { throw ChildProcess.Failure(description: "the clock shim: \(text)") }
        return home
      }
    making = task
    return "\(try await task.value.path)/clock_shim.so"
  }
}
