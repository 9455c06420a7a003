import Glibc

/// A client that sends exactly the bytes it is told to, over a blocking socket that gives up after 20 seconds.
final class RawConnection {
  private let descriptor: Int32
  private var unread: [UInt8] = []

  struct Answer: Equatable {
    var status: Int
    var head: String
    var body: String

    func header(_ name: String) -> String? {
      for line in head.split(separator: "\r\n") where line.lowercased().hasPrefix(name.lowercased() + ":") {
        return String(line.dropFirst(name.count + 1).drop { $0 == " " })
      }
      return nil
    }
  }

  struct Closed: Error {}

  init(port: UInt16) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var patience = timeval(tv_sec: 20, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let status = withUnsafeBytes(of: &address) {
      connect(descriptor, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count))
    }
    guard status == 0 else { throw Closed() }
  }

  deinit { close(descriptor) }

  func send(_ text: String) { send(Array(text.utf8)) }

  /// Sends what it can; a server that has closed the connection is noticed when reading.
  func send(_ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }

  func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

  /// Reads one answer with a Content-Length, or without a body. Throws when the connection ends before it is whole.
  func receive(isHead: Bool = false) throws -> Answer {
    let end: [UInt8] = [13, 10, 13, 10]
    var headEnd: Int?
    while true {
      headEnd = unread.indices.first { unread[$0...].starts(with: end) }
      if headEnd != nil { break }
      guard read() else { throw Closed() }
    }
    let head = String(decoding: unread[..<headEnd!], as: UTF8.self)
    var answer = Answer(status: Int(head.split(separator: " ")[1])!, head: head, body: "")
    unread.removeFirst(headEnd! + 4)
    if answer.status == 100 { return answer }
    let length = isHead ? 0 : Int(answer.header("Content-Length") ?? "0")!
    while unread.count < length { guard read() else { throw Closed() } }
    answer.body = String(decoding: unread[..<length], as: UTF8.self)
    unread.removeFirst(length)
    return answer
  }

  /// Waits for the server's end of the connection; false when something arrives instead.
  func isClosedByServer() -> Bool { unread.isEmpty && !read() }

  /// Everything until the server ends the connection; nil when it does not.
  func remainder() -> String? {
    while read() {}
    return errno == EAGAIN ? nil : String(decoding: unread, as: UTF8.self)
  }

  private func read() -> Bool {
    errno = 0
    var bytes = [UInt8](repeating: 0, count: 65536)
    let count = recv(descriptor, &bytes, bytes.count, 0)
    guard count > 0 else { return false }
    unread.append(contentsOf: bytes[..<count])
    return true
  }
}
