internal import Glibc

/// Files of bounded size read whole: keys, certificates, lists of accounts.
package enum SmallFile {
  /// The bytes of the file, nil when it cannot be read or is larger than `limit` bytes.
  package static func bytes(_ path: String, limit: Int) -> [UInt8]? {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var content: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 * 1024)
    while true {
      let count = read(file, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0, content.count + count <= limit else { return nil }
      if count == 0 { return content }
      content += chunk[..<count]
    }
  }

  /// The file as text, nil when it cannot be read, is larger than `limit` bytes or is not UTF-8.
  package static func text(_ path: String, limit: Int) -> String? {
    bytes(path, limit: limit).flatMap { String(validating: $0, as: UTF8.self) }
  }
}
