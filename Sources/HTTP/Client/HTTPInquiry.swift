internal import Glibc
internal import Lifecycle

/// One short question to a server: `GET`, its answer's status and body, and then the connection is closed.
///
/// It has a thread of its own for as long as it lasts, so that a server that hangs holds up nobody else.
public actor HTTPInquiry {
  /// What came of it.
  public enum Outcome: Hashable, Sendable {
    /// An answer: its status, and as much of its body as came with it.
    case answered(status: Int, body: String)
    /// Nothing listens there.
    case refused
    /// No answer in time, or one that is none.
    case silent
    /// The address is none.
    case badAddress
  }

  /// Bytes of an answer that are read at most.
  private static let longestAnswer = 8_192

  private let executor = ThreadExecutor(name: "http inquiry")
  public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  /// Makes a question.
  public init() {}

  /// Asks.
  /// - Parameters:
  ///   - address: A numeric address.
  ///   - limit: For all of it.
  public func get(_ path: String, address: String, port: UInt16, within limit: Duration) -> Outcome {
    let deadline = HostClock.monotonicNanoseconds() + nanoseconds(limit)
    guard let target = try? SocketAddress(numeric: address, port: port) else { return .badAddress }
    let descriptor = socket(target.family, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
    guard descriptor >= 0 else { return .silent }
    defer { close(descriptor) }
    let status = target.withPointer { connect(descriptor, $0, $1) }
    if status != 0 {
      guard errno == EINPROGRESS else { return errno == ECONNREFUSED ? .refused : .silent }
      guard wait(descriptor, POLLOUT, until: deadline) else { return .silent }
      let failure = pendingError(of: descriptor)
      guard failure == 0 else { return failure == ECONNREFUSED ? .refused : .silent }
    }
    let request = Array("GET \(path) HTTP/1.1\r\nHost: \(address)\r\nConnection: close\r\n\r\n".utf8)
    // A fresh connection takes a request this short in one piece.
    guard send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else { return .silent }
    return answer(descriptor, until: deadline)
  }

  private func answer(_ descriptor: Int32, until deadline: Int64) -> Outcome {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: Self.longestAnswer)
    while bytes.count < Self.longestAnswer, wait(descriptor, POLLIN, until: deadline) {
      let count = recv(descriptor, &buffer, buffer.count, 0)
      guard count > 0 else { break }
      bytes += buffer[..<count]
    }
    let text = String(decoding: bytes, as: UTF8.self)
    let words = text.prefix { $0 != "\r\n" }.split(separator: " ")
    guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]),
      let end = text.firstRange(of: "\r\n\r\n")
    else { return .silent }
    return .answered(status: status, body: String(text[end.upperBound...]))
  }

  private func wait(_ descriptor: Int32, _ events: Int32, until deadline: Int64) -> Bool {
    let remaining = deadline - HostClock.monotonicNanoseconds()
    guard remaining > 0 else { return false }
    var entry = pollfd(fd: descriptor, events: Int16(events), revents: 0)
    return poll(&entry, 1, Int32(min((remaining + 999_999) / 1_000_000, Int64(Int32.max)))) > 0
  }

  private func pendingError(of descriptor: Int32) -> Int32 {
    var code: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size) == 0 ? code : errno
  }

  private func nanoseconds(_ span: Duration) -> Int64 {
    span.components.seconds * 1_000_000_000 + span.components.attoseconds / 1_000_000_000
  }
}
