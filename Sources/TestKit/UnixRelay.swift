internal import Glibc
internal import Lifecycle

/// Listens on a Unix socket and has each connection served beside one of its own to a server: what links and proxies of
/// tests have in common.
final class UnixRelay: Sendable {
  private let listener: Int32

  /// Listens until it is released; connections that are being served then go on.
  /// - Parameters:
  ///   - path: Where it listens.
  ///   - target: The server's socket.
  ///   - name: The threads' name.
  ///   - serve: Serves a client and the connection to the server on a thread of its own; both are closed when it returns.
  init(at path: String, to target: String, name: String, _ serve: @escaping @Sendable (Int32, Int32) -> Void) throws {
    let listener = try listen(at: path)
    self.listener = listener
    startThread(name: name) {
      while true {
        let client = accept(listener, nil, nil)
        guard client >= 0 else { return }
        startThread(name: "\(name)-pair") {
          let server = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
          if withUnixAddress(target, { connect(server, $0, $1) == 0 }) { serve(client, server) }
          // Closing alone would not do: a program started meanwhile may have inherited a descriptor.
          for descriptor in [client, server] {
            shutdown(descriptor, Int32(SHUT_RDWR))
            close(descriptor)
          }
        }
      }
    }
  }

  deinit {
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
  }
}

/// Whether some bytes are among others.
func contains(_ mark: [UInt8], in bytes: ArraySlice<UInt8>) -> Bool {
  guard bytes.count >= mark.count else { return false }
  return bytes.withUnsafeBytes { all in
    for start in 0...(all.count - mark.count)
    where all[start] == mark[0] && memcmp(all.baseAddress! + start, mark, mark.count) == 0 { return true }
    return false
  }
}
