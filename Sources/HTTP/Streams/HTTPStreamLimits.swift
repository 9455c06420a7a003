internal import Lifecycle

/// The bounds of a server's streams.
public struct HTTPStreamLimits: Hashable, Sendable {
  /// Open streams; further ones are answered 503. Each takes a descriptor beside those of the connections.
  public var count = 10_000
  /// Bytes that wait for one client at most; then it is cut off.
  public var queueBytes = 1 << 20
  /// Bytes that wait for all clients together before each is held to its share of them.
  public var totalQueueBytes = 256 << 20
  /// Bytes that the kernel buffers for one client, about.
  public var kernelBufferBytes = 128 << 10
  /// What a client of a WebSocket may send who has proved who it is.
  public var client = StreamIntake.client
  /// What a client of a WebSocket may send before.
  public var guest = StreamIntake.guest
  /// Open WebSockets of one client address whose clients have yet to prove who they are, 0 for any number; further ones are
  /// answered 503.
  public var guestsPerAddress = 0
  /// How long a stream is silent before the server pings, or sends a comment.
  public var pingInterval: Duration = TimeLimits.streamPing.value
  /// How long nothing may come from the client of a WebSocket, and how long any client may leave unread what was sent.
  public var idleLimit: Duration = TimeLimits.streamIdle.value
  /// How long a closed stream waits for the client to close its side.
  public var closeLimit: Duration = TimeLimits.streamClose.value

  /// The defaults.
  public init() {}
}

/// What a server's streams have done and are doing.
public struct HTTPStreamMetrics: Hashable, Sendable {
  /// Streams that are open.
  public var open = 0
  /// Streams opened since the start.
  public var opened = 0
  /// Streams that have ended since the start.
  public var closed = 0
  /// Streams refused since the start because there were too many.
  public var refused = 0
  /// Streams cut off since the start because the client did not read.
  public var slow = 0
  /// Streams cut off since the start because the client sent too much.
  public var noisy = 0
  /// Streams cut off since the start because the client was not heard of.
  public var silent = 0
  /// Bytes that wait to be written.
  public var queuedBytes = 0

  /// All zero.
  public init() {}
}
