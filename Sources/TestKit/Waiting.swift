internal import Glibc

/// Looks until something is so.
/// - Throws: ``ChildProcess/Failure`` when it is not for 20 s.
func wait(_ what: String, until isSo: () async throws -> Bool) async throws {
  for _ in 0..<2000 {
    if try await isSo() { return }
    try await Task.sleep(for: .milliseconds(10))
  }
  throw ChildProcess.Failure(description: "not for 20 s: \(what)")
}

/// Writes a small file.
func writeFile(_ path: String, _ text: String) throws {
  let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
  defer { close(file) }
  guard write(file, text, text.utf8.count) == text.utf8.count else {
    throw ChildProcess.Failure(description: "\(path) cannot be written: errno \(errno)")
  }
}

/// The forty hexadecimal digits by which a node or a sentinel is known.
func nodeName(_ index: Int) -> String { String(repeating: "0", count: 38) + "a\(index)" }
