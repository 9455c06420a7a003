internal import Glibc
internal import Lifecycle

/// Makes a server on a Unix socket reachable over TCP, on a port of the loopback: what TCP alone does can then be tried.
/// The descriptors of a few connections stay open until the test process ends.
///
/// What the server does not read stays in the sender's and the receiver's buffers, as it would without the relay.
public final class LoopbackRelay: Sendable {
  /// Where it listens.
  public let port: UInt16
  private let listener: Int32

  /// Listens, for the server at a path.
  public init(to path: String) throws {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = loopback(0)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isListening = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        bind(listener, generic, length) == 0 && listen(listener, 16) == 0
          && getsockname(listener, generic, &length) == 0
      }
    }
    guard isListening else { throw ChildProcess.Failure(description: "no port to listen on: errno \(errno)") }
    self.listener = listener
    port = UInt16(bigEndian: address.sin_port)
    startThread(name: "relay") {
      while true {
        let client = accept(listener, nil, nil)
        guard client >= 0 else { return }
        let server = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard withUnixAddress(path, { connect(server, $0, $1) == 0 }) else {
          close(client)
          close(server)
          continue
        }
        startThread(name: "relay-up") {
          pass(from: client, to: server)
          shutdown(server, Int32(SHUT_RDWR))
        }
        startThread(name: "relay-down") {
          pass(from: server, to: client)
          shutdown(client, Int32(SHUT_RDWR))
        }
      }
    }
  }

  deinit {
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
  }
}

private func pass(from source: Int32, to target: Int32) {
  var chunk = [UInt8](repeating: 0, count: 1 << 14)
  while true {
    let count = read(source, &chunk, chunk.count)
    guard count > 0, send(all: chunk[..<count], to: target) else { return }
  }
}
