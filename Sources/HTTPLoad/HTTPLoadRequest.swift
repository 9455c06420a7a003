internal import HTTP

/// A request for a load client: its bytes are made beforehand, so that sending costs little.
public struct HTTPLoadRequest: Sendable {
  /// The method, in capitals.
  public var method: StaticString
  /// The target: path and query, percent-encoded.
  public var target: String
  /// Whole header lines, each ended by CR LF, beside `Host` and `Content-Length`; share one array among requests.
  public var headerLines: [UInt8]
  /// The body; empty for none.
  public var body: [UInt8]
  /// Comes back with the completion.
  public var token: UInt64
  /// The connection to use, counted from 0, which keeps the order of requests; nil for any that is free.
  public var connection: Int?

  /// Hears of the completion instead of the client's batches.
  var completed: (@Sendable (HTTPCompletion) -> Void)?

  /// Makes a request.
  public init(
    method: StaticString, target: String, headerLines: [UInt8] = [], body: [UInt8] = [], token: UInt64 = 0,
    connection: Int? = nil
  ) {
    self.method = method
    self.target = target
    self.headerLines = headerLines
    self.body = body
    self.token = token
    self.connection = connection
  }

  /// Header lines as bytes: `Name: value`, CR, LF.
  public static func headerLines(_ headers: [(name: String, value: String)]) -> [UInt8] {
    headers.flatMap { Array("\($0.name): \($0.value)\r\n".utf8) }
  }

  /// Adds the request as it goes over the wire.
  func write(to bytes: inout [UInt8], host: [UInt8]) {
    bytes.append(contentsOf: UnsafeBufferPointer(start: method.utf8Start, count: method.utf8CodeUnitCount))
    bytes.append(0x20)
    bytes.append(contentsOf: target.utf8)
    bytes.append(contentsOf: " HTTP/1.1\r\nHost: ".utf8)
    bytes.append(contentsOf: host)
    bytes.append(contentsOf: "\r\n".utf8)
    bytes.append(contentsOf: headerLines)
    if !body.isEmpty || !isBodiless {
      bytes.append(contentsOf: "Content-Length: ".utf8)
      bytes.append(contentsOf: String(body.count).utf8)
      bytes.append(contentsOf: "\r\n".utf8)
    }
    bytes.append(contentsOf: "\r\n".utf8)
    bytes.append(contentsOf: body)
  }

  /// The answer has no body although it may have a length.
  var isHead: Bool { method.utf8CodeUnitCount == 4 && method.utf8Start.pointee == 0x48 }

  private var isBodiless: Bool {
    switch method.utf8Start.pointee {
    case 0x47, 0x48, 0x44: true
    default: false
    }
  }
}

/// What became of a request.
public struct HTTPCompletion: Sendable {
  /// The request's token.
  public var token: UInt64
  /// The answer, or why there is none.
  public var outcome: Outcome
  /// When the request was handed to the socket, in monotonic nanoseconds; 0 when it never was.
  public var sentAt: Int64
  /// When the last byte of the answer, or the failure, was seen, in monotonic nanoseconds.
  public var receivedAt: Int64

  /// The answer, or why there is none.
  public enum Outcome: Sendable {
    case answered(HTTPReply)
    case failed(HTTPLoadFailure)
  }

  /// The status of the answer, 0 when there is none.
  public var status: Int {
    if case .answered(let reply) = outcome { reply.status } else { 0 }
  }
}

/// An answer as a client sees it.
public struct HTTPReply: Sendable {
  /// The status code.
  public var status: Int
  /// The header fields; empty unless the client is told to keep them.
  public var headers: [(name: String, value: String)]
  /// The body, without transfer encoding.
  public var body: [UInt8]

  /// The first value of a header, by its name in any case.
  public func header(_ name: String) -> String? {
    headers.first { isSameHeaderName($0.name, name) }?.value
  }
}

/// Why a request has no answer. Only after `refused`, `queueFull` and `stopped` is it certain that the server never saw it.
public enum HTTPLoadFailure: Error, Hashable, Sendable {
  /// No connection could be made; the request was not sent.
  case refused(errno: Int32)
  /// The server closed or reset the connection before the answer was whole.
  case closed
  /// The answer did not come in time.
  case timedOut
  /// What came is not an HTTP answer, or larger than allowed.
  case malformed
  /// Too many requests are under way; this one was not sent.
  case queueFull
  /// The client was stopped before the request was sent or answered.
  case stopped
}
