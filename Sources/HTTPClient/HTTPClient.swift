internal import Lifecycle

/// Calls servers of others over HTTP/1.1 and TLS (libcurl).
///
/// Each call has a connection and, as long as it lasts, a thread of its own: a server that hangs holds up nobody else, and no
/// call is ever sent twice, which libcurl does with a kept connection that turns out to be closed. Redirects are answers and are
/// not followed; certificates are checked; proxies in the environment are not used.
public final class HTTPClient: Sendable {
  /// What a call may take.
  public struct Limits: Hashable, Sendable {
    /// From the look-up of the name to the end of TLS's handshake.
    public var connect = TimeLimits.callConnect.value
    /// All of a call.
    public var total = TimeLimits.call.value
    /// Bytes of an answer's body.
    public var answer = 1024 * 1024
    /// Bytes of an answer's head.
    public var head = 64 * 1024
    /// Calls at a time; those beyond fail as ``HTTPClientError/unreachable(reason:)``.
    public var calls = 64

    /// The defaults.
    public init() {}
  }

  private let limits: Limits
  private let trusted: String?
  private let underWay = Lock(0)

  /// Makes a client.
  /// - Parameter trusted: A file of certificates that are trusted instead of the system's.
  public init(_ limits: Limits = Limits(), trusted: String? = nil) {
    self.limits = limits
    self.trusted = trusted
  }

  /// Sends a call and waits for its answer, of whatever status. A task that is canceled gives its call up within a second or so.
  public func send(_ call: HTTPCall) async throws(HTTPClientError) -> HTTPAnswer {
    if let fault = call.fault { throw .badCall(reason: fault) }
    let isTaken = underWay.withLock { calls in
      guard calls < limits.calls else { return false }
      calls += 1
      return true
    }
    guard isTaken else { throw .unreachable(reason: "\(limits.calls) calls are under way") }
    let reception = Reception(limits)
    let result: Result<HTTPAnswer, HTTPClientError> = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        startThread(name: "http call") { [limits, trusted, underWay] in
          let result = Result { () throws(HTTPClientError) in
            try Transfer(limits: limits, trusted: trusted).perform(call, reception)
          }
          underWay.withLock { $0 -= 1 }
          continuation.resume(returning: result)
        }
      }
    } onCancel: {
      reception.cancel()
    }
    return try result.get()
  }
}
