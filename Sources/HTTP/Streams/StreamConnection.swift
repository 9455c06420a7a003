internal import CMicroHTTPD
internal import Glibc

/// The loop's side of one stream. Confined to the loop's thread; times are monotonic nanoseconds.
final class StreamConnection {
  let stream: HTTPStream
  let handler: any HTTPStreamHandler
  let socket: Int32
  /// Nil for server-sent events.
  let reader: WebSocketReader?
  var phase = Phase.open
  /// The client's close frame has come, or nothing of the kind is to be expected.
  var hasHeardClose = false
  /// Whether the loop waits for room in the kernel's buffer.
  var awaitsRoom = false
  var lastReceived: Int64
  var lastPing: Int64
  /// When something was last written, or had last nothing to write.
  var lastProgress: Int64
  private var chunks: [[UInt8]] = []
  private var next = 0
  private var offset = 0

  /// How far a stream is from its end.
  enum Phase {
    case open
    /// What is queued is written yet, then the server's side is closed.
    case closing(HTTPStreamEnd, until: Int64)
    /// The client's side is open still.
    case lingering(HTTPStreamEnd, until: Int64)
  }

  init(_ stream: HTTPStream, _ handler: any HTTPStreamHandler, socket: Int32, limits: HTTPStreamLimits, now: Int64) {
    self.stream = stream
    self.handler = handler
    self.socket = socket
    reader =
      switch stream.kind {
      case .webSocket: WebSocketReader(stream.isGuest ? limits.guest : limits.client)
      case .events: nil
      }
    lastReceived = now
    lastPing = now
    lastProgress = now
  }

  /// How it will have ended; nil while it is open.
  var endSoFar: HTTPStreamEnd? {
    switch phase {
    case .open: nil
    case .closing(let end, _), .lingering(let end, _): end
    }
  }

  /// Nothing waits to be written.
  var isDry: Bool { next == chunks.count }

  func append(_ more: [[UInt8]]) {
    if next == chunks.count {
      chunks = more
      next = 0
    } else {
      chunks += more
    }
  }

  /// Throws away what has not begun to be written; returns how many bytes.
  func discardUnbegun() -> Int {
    let keep = offset > 0 ? next + 1 : next
    let bytes = chunks[keep...].reduce(0) { $0 + $1.count }
    chunks.removeSubrange(keep...)
    return bytes
  }

  /// Writes as much as the kernel takes; `scratch` is where small chunks are put together.
  /// - Returns: The bytes written, or nil when the connection is broken.
  func write(through scratch: UnsafeMutableRawBufferPointer) -> Int? {
    var written = 0
    while next < chunks.count {
      let (count, offered) = writeOnce(through: scratch)
      guard count >= 0 else {
        return errno == EAGAIN || errno == EINTR ? written : nil
      }
      written += count
      advance(by: count)
      if count < offered { break }
    }
    return written
  }

  private func writeOnce(through scratch: UnsafeMutableRawBufferPointer) -> (written: Int, offered: Int) {
    let first = chunks[next].count - offset
    if first >= scratch.count / 2 || next + 1 == chunks.count {
      let count = chunks[next].withUnsafeBytes { send(socket, $0.baseAddress! + offset, first, Int32(MSG_NOSIGNAL)) }
      return (count, first)
    }
    var filled = 0
    var from = offset
    for chunk in chunks[next...] {
      let size = chunk.count - from
      guard filled + size <= scratch.count else { break }
      chunk.withUnsafeBytes {
        scratch.baseAddress!.advanced(by: filled).copyMemory(from: $0.baseAddress! + from, byteCount: size)
      }
      filled += size
      from = 0
    }
    return (send(socket, scratch.baseAddress!, filled, Int32(MSG_NOSIGNAL)), filled)
  }

  private func advance(by count: Int) {
    var left = count
    while left > 0 {
      let size = chunks[next].count - offset
      guard left >= size else {
        offset += left
        return
      }
      left -= size
      offset = 0
      chunks[next] = []
      next += 1
    }
    guard next == chunks.count else { return }
    chunks = []
    next = 0
  }
}
