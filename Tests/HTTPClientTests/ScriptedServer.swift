import Glibc
import Lifecycle

/// A server that reads a request's head and then does what it is told to, byte for byte, and no more.
final class ScriptedServer: Sendable {
  /// What becomes of a connection.
  enum Act: Sendable {
    /// These bytes, then the end.
    case close(after: [UInt8])
    /// These bytes, and then silence until the client goes.
    case stall(after: [UInt8])
    /// These bytes, and then others again and again, until the client goes.
    case flood(after: [UInt8], with: [UInt8])
    /// These bytes, and then one more every now and then, until the client goes.
    case drip(after: [UInt8])
    /// The end, before anything is read.
    case hangUp
  }

  let port: UInt16
  private let listener: Int32
  private let heads = Lock([String]())

  /// Listens on loopback, and does the same with every connection.
  init(_ act: Act) throws {
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let (descriptor, length) = (listener, size)
    let isBound = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) == 0 }
    }
    precondition(isBound && listen(listener, 128) == 0)
    withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = getsockname(descriptor, $0, &size) }
    }
    port = UInt16(bigEndian: address.sin_port)
    startThread(name: "scripted") { [heads] in
      while true {
        let client = accept(descriptor, nil, nil)
        guard client >= 0 else { return }
        startThread(name: "scripted client") { Self.serve(client, act, heads) }
      }
    }
  }

  deinit {
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
  }

  /// The heads of the requests that came, and what came of their bodies with them.
  var requests: [String] { heads.withLock { $0 } }

  private static func serve(_ client: Int32, _ act: Act, _ heads: Lock<[String]>) {
    defer { close(client) }
    if case .hangUp = act { return }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while String(decoding: bytes, as: UTF8.self).firstRange(of: "\r\n\r\n") == nil {
      let count = recv(client, &buffer, buffer.count, 0)
      guard count > 0 else { return }
      bytes += buffer[..<count]
    }
    heads.withLock { $0.append(String(decoding: bytes, as: UTF8.self)) }
    switch act {
    case .close(let answer): _ = put(answer, to: client)
    case .stall(let answer):
      guard put(answer, to: client) else { return }
      while recv(client, &buffer, buffer.count, 0) > 0 {}
    case .flood(let answer, let piece):
      guard put(answer, to: client) else { return }
      while put(piece, to: client) {}
    case .drip(let answer):
      guard put(answer, to: client) else { return }
      while put([0x61], to: client) { usleep(10_000) }
    case .hangUp: break
    }
  }

  private static func put(_ bytes: [UInt8], to client: Int32) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { send(client, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }
}
