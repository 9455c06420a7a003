internal import Glibc

/// A blocking connection for tests of long-lived answers: sends exactly what it is told to.
///
/// `@unchecked Sendable`: used by one thread at a time.
public final class StreamSocket: @unchecked Sendable {
  /// The connection ended, or nothing came for longer than the test waits.
  public struct Ended: Error, CustomStringConvertible {
    /// Which of the two.
    public var description: String
  }

  private let descriptor: Int32
  private var unread: [UInt8] = []

  /// Connects to loopback.
  /// - Parameters:
  ///   - patience: Seconds to wait for bytes.
  ///   - receiveBuffer: Bytes that the kernel keeps for a client that does not read; nil for the usual.
  public init(port: UInt16, patience: Int = 20, receiveBuffer: Int32? = nil) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var wait = timeval(tv_sec: patience, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &wait, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &wait, socklen_t(MemoryLayout<timeval>.size))
    if var size = receiveBuffer {
      setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
    }
    var address = loopback(port)
    let status = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard status == 0 else {
      let code = errno
      close(descriptor)
      throw Ended(description: "cannot connect: errno \(code)")
    }
  }

  deinit { close(descriptor) }

  /// Sends bytes; a server that has gone is noticed when reading.
  public func send(_ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }

  /// Sends a text.
  public func send(_ text: String) { send(Array(text.utf8)) }

  /// Says that nothing more is sent.
  public func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

  /// Exactly so many bytes.
  public func receive(_ count: Int) throws -> [UInt8] {
    while unread.count < count { try fill() }
    defer { unread.removeFirst(count) }
    return Array(unread[..<count])
  }

  /// Everything up to and without a mark, which is taken too.
  public func receive(until mark: String) throws -> String {
    let mark = Array(mark.utf8)
    var looked = 0
    while true {
      var at = looked
      while at + mark.count <= unread.count {
        if unread[at] == mark[0], unread[at..<(at + mark.count)].elementsEqual(mark) {
          let text = String(decoding: unread[..<at], as: UTF8.self)
          unread.removeFirst(at + mark.count)
          return text
        }
        at += 1
      }
      looked = max(0, unread.count - mark.count + 1)
      try fill()
    }
  }

  /// Whether the server ends the connection before anything else comes.
  public func isEnded() -> Bool {
    guard unread.isEmpty else { return false }
    do {
      try fill()
      return false
    } catch {
      return errno != EAGAIN
    }
  }

  private func fill() throws {
    var bytes = [UInt8](repeating: 0, count: 65_536)
    errno = 0
    let count = recv(descriptor, &bytes, bytes.count, 0)
    guard count > 0 else {
      throw Ended(description: count == 0 ? "the server closed the connection" : "nothing came: errno \(errno)")
    }
    unread += bytes[..<count]
  }
}
