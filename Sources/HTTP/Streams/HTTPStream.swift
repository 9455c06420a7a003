internal import Lifecycle
internal import Synchronization

/// A connection whose answer does not end: a WebSocket or a stream of server-sent events.
///
/// Anyone may send from any thread; nothing here blocks. What is not written yet waits in a queue with a bound: a client
/// that reads more slowly than others send is cut off, it never holds them up.
public final class HTTPStream: Sendable {
  /// Unique in the process.
  public let id: UInt64
  /// The client's address without the port.
  public let peer: String
  /// What kind of stream it is.
  public let kind: HTTPStreamKind
  private let outbox = Lock(StreamOutbox())
  private let loop: StreamLoop
  private let guest: Lock<Bool>

  init(id: UInt64, peer: String, kind: HTTPStreamKind, isGuest: Bool, loop: StreamLoop) {
    guest = Lock(isGuest)
    self.id = id
    self.peer = peer
    self.kind = kind
    self.loop = loop
  }

  /// The client has proved who it is: it may send as much as clients may.
  public func admit() {
    let wasGuest = guest.withLock { isGuest in
      defer { isGuest = false }
      return isGuest
    }
    if wasGuest { loop.admitted(self) }
  }

  /// Whether the client may send only what anybody may.
  var isGuest: Bool { guest.withLock { $0 } }

  /// Sends a chunk behind all others.
  /// - Returns: false when it cannot arrive any more: the stream is closing, perhaps because this chunk found no room.
  @discardableResult
  public func send(_ chunk: HTTPStreamChunk) -> Bool {
    let share = loop.queueShare
    let verdict = outbox.withLock { $0.add(chunk.bytes, limits: loop.limits, share: share) }
    if verdict.added > 0 { loop.queuedBytes.add(verdict.added) }
    if verdict.mustWake { loop.mark(self) }
    return verdict.added > 0
  }

  /// Ends the stream after what has been sent before; a WebSocket with a close frame (RFC 6455, section 7.4).
  public func close(_ code: HTTPStreamCode = .normal, reason: String = "") {
    let mustWake = outbox.withLock { $0.close(.asked(code, reason: reason)) }
    if mustWake { loop.mark(self) }
  }

  /// Whether the queue is at most half full. Who sends from a store waits for ``HTTPStreamHandler/drained(_:)`` otherwise.
  public var hasRoom: Bool { outbox.withLock { $0.bytes } <= loop.limits.queueBytes / 2 }

  /// Queues the last chunk of all, for the loop.
  func finish(with chunk: [UInt8]) {
    let added = outbox.withLock { $0.finish(with: chunk) }
    loop.queuedBytes.add(added)
  }

  /// Hands over what waits, for the loop.
  func takeQueued() -> (chunks: [[UInt8]], closing: StreamClosing?) { outbox.withLock { $0.take() } }

  /// Takes note of bytes that have been written or thrown away.
  /// - Returns: Whether the handler is to be told that there is room again.
  func wrote(_ count: Int) -> Bool {
    loop.queuedBytes.add(-count)
    return outbox.withLock { $0.wrote(count, limits: loop.limits) }
  }

  /// Nothing is accepted any more; returns what was still queued, in bytes.
  func seal() {
    let left = outbox.withLock { $0.seal() }
    loop.queuedBytes.add(-left)
  }
}

/// What kind of stream.
public enum HTTPStreamKind: Sendable {
  /// Messages both ways (RFC 6455).
  case webSocket
  /// Events to the client (the HTML standard, "Server-sent events").
  case events
}

/// Why a WebSocket is closed (RFC 6455, section 7.4.1).
public enum HTTPStreamCode: UInt16, Sendable {
  case normal = 1000
  case goingAway = 1001
  case policyViolation = 1008
  case internalError = 1011
  case tryAgainLater = 1013
}

/// How a stream ended.
public enum HTTPStreamEnd: Hashable, Sendable {
  /// The client closed it, or its connection broke.
  case byClient
  /// The server was asked to.
  case byServer
  /// The client did not read what was sent.
  case slowReader
  /// The client has not been heard of, though it was asked.
  case silent
  /// The client sent more than it may.
  case noisy
  /// The client broke the protocol, or a message was too large or no UTF-8.
  case badMessage
  /// The server is stopping.
  case drained
}

/// A message of a client on a WebSocket.
public struct HTTPStreamMessage: Hashable, Sendable {
  /// Whether it came as text, which is UTF-8 then.
  public var isText: Bool
  /// Its bytes.
  public var bytes: [UInt8]
}

/// Is told what happens to a stream, on the streams' thread: it must not block.
public protocol HTTPStreamHandler: AnyObject, Sendable {
  /// The stream is open; it may be sent to.
  func opened(_ stream: HTTPStream)
  /// A client's message has come; WebSockets only.
  func received(_ message: HTTPStreamMessage, from stream: HTTPStream)
  /// The queue was more than half full and is nearly empty now.
  func drained(_ stream: HTTPStream)
  /// The stream is gone; told once.
  func closed(_ stream: HTTPStream, _ end: HTTPStreamEnd)
}
