internal import JSON
internal import Lifecycle

/// The bounds of a server: where it listens and how much it takes on.
public struct HTTPServerConfiguration: Sendable {
  /// The numeric IPv4 or IPv6 address to listen on.
  public var address = "127.0.0.1"
  /// The TCP port; 0 takes a free one.
  public var port: UInt16 = 0
  /// Connections that wait for being accepted; the kernel may cap it (`net.core.somaxconn`).
  public var backlog: Int32 = 4096
  /// Lets several processes listen on the same port (`SO_REUSEPORT`).
  public var sharesPort = false
  /// Event loops, each with a thread; the limits below are split between them. More than one implies `sharesPort`.
  public var loops = 1

  /// Open connections; further ones wait in the backlog. The process's descriptor limit is raised as far as it may be.
  public var connectionLimit = 10_000
  /// Open connections of one client address (of an IPv6 address, its /64), 0 for any number; further ones are closed at
  /// once. Split between loops like the others.
  public var connectionLimitPerAddress = 0
  /// Proxies: they may have any number of connections, and who sent a request is what the last of its `X-Forwarded-For` says.
  public var trustedProxies = TrustedAddresses()
  /// Targets that are served even when all places are taken and too many requests are in flight: health checks.
  public var probes: Set<String> = []
  /// Bytes of a request's head and of the connection's buffers together, at least 2,048; a larger head is answered 431.
  public var headLimit = 16 * 1024
  /// Bytes of a request's body; a larger one is answered 413.
  public var bodyLimit = 1024 * 1024
  /// Bytes of a body too large that are read and thrown away, so that the client sees the 413; beyond, the connection
  /// is closed.
  public var discardLimit = 8 * 1024 * 1024
  /// Bytes of all bodies held at once; over it, requests are answered 503.
  public var bodyMemoryLimit = 256 * 1024 * 1024
  /// Requests whose handler has not answered yet; over it, requests are answered 503.
  public var inFlightLimit = 20_000

  /// The bounds of connections that become streams; those count no longer as connections.
  public var streams = HTTPStreamLimits()

  /// How long a connection may be silent; whole seconds. Some clients keep a session and fail when it is closed early.
  public var idleTimeout: Duration = TimeLimits.idleConnection.value
  /// How long the head of a request may take from its first byte to its last (to about a second).
  public var headDeadline: Duration = TimeLimits.requestHead.value
  /// How long the body of a request may take after its head.
  public var bodyDeadline: Duration = TimeLimits.requestBody.value
  /// How long a client may take to read an answer.
  public var answerDeadline: Duration = TimeLimits.answer.value
  /// How long a drain leaves an idle connection open for one last request.
  public var drainGrace: Duration = .milliseconds(200)

  /// Judges a request by its head before its body is read; nil to take every body.
  public var bodyGate: HTTPBodyGate?
  /// Bytes of a body that are taken without asking ``bodyGate``.
  public var freeBodyBytes = 4 * 1024

  /// Makes the answer to what the server itself refuses: status 400, 413, 431, 501, 503 or 505, and the reason in words.
  public var refusal: @Sendable (_ status: Int, _ message: String) -> HTTPResponse = HTTPResponse.refusal

  /// The defaults: loopback, a free port.
  public init() {}
}

/// Judges a request whose body has not been read; called on the server's own loop, so it must not block. The length of a body
/// in chunks is not known.
public typealias HTTPBodyGate = @Sendable (_ head: HTTPRequest, _ length: Int?) async -> HTTPBodyVerdict

/// What becomes of a request's body.
public enum HTTPBodyVerdict: Sendable {
  /// It is read, up to so many bytes.
  case take(limit: Int)
  /// It is not read: the connection is closed behind this answer.
  case refuse(HTTPResponse)
}

extension HTTPResponse {
  /// The default refusal: `{"code": …, "message": …}`, the code being the status followed by `10000`.
  public static func refusal(status: Int, message: String) -> HTTPResponse {
    var json = JSONWriter(capacity: 128)
    json.beginObject()
    json.key("code")
    json.integer(Int64(status) * 100_000 + 10_000)
    json.key("message")
    json.string(message)
    json.endObject()
    return HTTPResponse(status: status, headers: [("Content-Type", "application/json")], body: json.bytes)
  }
}
