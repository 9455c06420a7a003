internal import Glibc

/// Which processes began which, as the kernel tells.
enum ProcessTree {
  /// The processes that `parent` has begun and that still run.
  static func children(of parent: pid_t) throws -> [pid_t] {
    guard let file = fopen("/proc/\(parent)/task/\(parent)/children", "r") else {
      throw ChildProcess.Failure(description: "process \(parent) is gone")
    }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 65_536)
    let count = fread(&bytes, 1, bytes.count, file)
    return String(decoding: bytes[..<count], as: UTF8.self).split(separator: " ").compactMap { pid_t($0) }
  }
}
