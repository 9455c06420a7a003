internal import Glibc

/// One client of the Trading API: blocking, one request after the other, on a connection that it keeps and renews. Small
/// enough to know for certain whether an answer has come.
public final class HTTPCaller {
  /// An answer.
  public struct Answer: Sendable {
    /// The status.
    public var status: Int
    /// The headers, in lower case, with the status line.
    public var head: String
    /// The body.
    public var body: String

    /// The first string of that name in the body; nil when there is none.
    public func text(_ name: String) -> String? {
      guard let start = body.firstRange(of: "\"\(name)\":\"") else { return nil }
      return String(body[start.upperBound...].prefix { $0 != "\"" })
    }
  }

  private let port: UInt16
  private let headers: String
  private let patience: Int
  private var descriptor: Int32 = -1

  /// A client that connects at its first request.
  /// - Parameter patience: Seconds to wait for an answer.
  public convenience init(port: UInt16, key: String, secret: String, patience: Int = 25) {
    self.init(
      port: port, headers: "APCA-API-KEY-ID: \(key)\r\nAPCA-API-SECRET-KEY: \(secret)\r\n", patience: patience)
  }

  /// A client that proves itself otherwise.
  /// - Parameter headers: Lines of every request's head, each with its line end.
  public init(port: UInt16, headers: String, patience: Int = 25) {
    self.port = port
    self.patience = patience
    self.headers = "Host: 127.0.0.1\r\n\(headers)"
  }

  deinit { disconnect() }

  /// Sends a request and waits for its answer.
  /// - Returns: nil when no whole answer came: the request may have been carried out or not.
  public func call(_ method: String, _ path: String, _ body: String = "", idempotencyKey: String? = nil) -> Answer? {
    call(method, path, Array(body.utf8), idempotencyKey: idempotencyKey)
  }

  /// The same with a body of any bytes.
  public func call(_ method: String, _ path: String, _ body: [UInt8], idempotencyKey: String? = nil) -> Answer? {
    guard connect(), send(request(method, path, body, idempotencyKey)), let answer = receive() else {
      disconnect()
      return nil
    }
    return answer
  }

  /// Sends a request's first `bytes` (all when nil) and hangs up.
  public func abandon(_ method: String, _ path: String, _ body: String, after bytes: Int? = nil) {
    let whole = request(method, path, Array(body.utf8), nil)
    if connect() { _ = send(Array(whole.prefix(bytes ?? whole.count))) }
    disconnect()
  }

  private func request(_ method: String, _ path: String, _ body: [UInt8], _ key: String?) -> [UInt8] {
    var head = "\(method) \(path) HTTP/1.1\r\n\(headers)"
    if let key { head += "Idempotency-Key: \(key)\r\n" }
    if !body.isEmpty { head += "Content-Type: application/json\r\nContent-Length: \(body.count)\r\n" }
    return Array((head + "\r\n").utf8) + body
  }

  private func connect() -> Bool {
    guard descriptor < 0 else { return true }
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var wait = timeval(tv_sec: patience, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &wait, socklen_t(MemoryLayout<timeval>.size))
    var address = loopback(port)
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
  }

  private func disconnect() {
    if descriptor >= 0 { close(descriptor) }
    descriptor = -1
  }

  private func send(_ bytes: [UInt8]) -> Bool {
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress!, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return sent > 0 }
      sent += count
    }
    return true
  }

  private func receive() -> Answer? {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16_384)
    while true {
      let text = String(decoding: bytes, as: UTF8.self)
      if let end = text.firstRange(of: "\r\n\r\n") {
        let head = text[..<end.lowerBound].lowercased()
        let length =
          head.firstRange(of: "content-length: ").flatMap { Int(head[$0.upperBound...].prefix { $0.isNumber }) } ?? 0
        guard let status = Int(head.dropFirst(9).prefix(3)) else { return nil }
        let body = text[end.upperBound...]
        if body.utf8.count >= length {
          if head.contains("connection: close") { disconnect() }
          return Answer(status: status, head: head, body: String(body))
        }
      }
      let count = read(descriptor, &chunk, chunk.count)
      guard count > 0 else { return nil }
      bytes += chunk[..<count]
    }
  }
}
