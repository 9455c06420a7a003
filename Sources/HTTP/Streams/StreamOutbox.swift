/// What waits to be written to a stream, and how much of it.
struct StreamOutbox {
  /// Bytes that are queued or in the loop's hands.
  private(set) var bytes = 0
  private var chunks: [[UInt8]] = []
  private var closing: StreamClosing?
  private var isMarked = false
  private var isSealed = false
  private var wasFull = false

  /// What became of a chunk.
  struct Verdict: Sendable {
    var added = 0
    var mustWake = false
  }

  /// Queues a chunk, or begins to close the stream when there is no room for it.
  /// - Parameter share: What the stream may hold for sure; beyond it only as long as all together hold little.
  mutating func add(_ chunk: [UInt8], limits: HTTPStreamLimits, share: Int) -> Verdict {
    guard !isSealed, closing == nil else { return Verdict() }
    let bound = min(limits.queueBytes, share)
    if bytes > 0 && bytes + chunk.count > bound {
      closing = .slow
      chunks = []
      return Verdict(mustWake: mark())
    }
    bytes += chunk.count
    chunks.append(chunk)
    if bytes > limits.queueBytes / 2 { wasFull = true }
    return Verdict(added: chunk.count, mustWake: mark())
  }

  /// Begins to close; returns whether the loop must be woken.
  mutating func close(_ closing: StreamClosing) -> Bool {
    guard !isSealed, self.closing == nil else { return false }
    self.closing = closing
    return mark()
  }

  /// Queues a last chunk whatever the bounds; nothing is accepted behind it.
  mutating func finish(with chunk: [UInt8]) -> Int {
    guard !isSealed else { return 0 }
    closing = closing ?? .begun
    guard !chunk.isEmpty else { return 0 }
    chunks.append(chunk)
    bytes += chunk.count
    return chunk.count
  }

  /// Hands over what waits.
  mutating func take() -> (chunks: [[UInt8]], closing: StreamClosing?) {
    isMarked = false
    defer { chunks = [] }
    return (chunks, closing)
  }

  /// Takes note of bytes written; returns whether there is room again for the first time.
  mutating func wrote(_ count: Int, limits: HTTPStreamLimits) -> Bool {
    bytes -= count
    guard wasFull, bytes <= limits.queueBytes / 8 else { return false }
    wasFull = false
    return true
  }

  /// Forgets everything for good; returns the bytes that were left.
  mutating func seal() -> Int {
    isSealed = true
    chunks = []
    defer { bytes = 0 }
    return bytes
  }

  private mutating func mark() -> Bool {
    defer { isMarked = true }
    return !isMarked
  }
}

/// How a stream is being closed.
enum StreamClosing: Sendable {
  /// After what was sent before.
  case asked(HTTPStreamCode, reason: String)
  /// The loop has begun by itself.
  case begun
  /// At once: the queue was full.
  case slow
}
