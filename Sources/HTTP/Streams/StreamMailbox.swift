internal import Synchronization

/// What other threads have for a loop of streams.
struct StreamMailbox {
  /// A socket that is to become a stream.
  struct Adoption: Sendable {
    var stream: HTTPStream
    var handler: any HTTPStreamHandler
    var socket: Int32
    /// The head of the answer.
    var head: [UInt8]
  }

  var adopted: [Adoption] = []
  var dirty: [HTTPStream] = []
  /// Streams that are open or adopted.
  var open = 0
  /// Those of each client address.
  var addresses: [String: Int] = [:]
  var lastID: UInt64 = 0
  var isStarted = false
  var isOver = false
  var drainDeadline: Int64?
  var waiters: [@Sendable () -> Void] = []
  private var isSignalled = false

  /// Whether the loop has nothing to fetch.
  var isEmpty: Bool { adopted.isEmpty && dirty.isEmpty }

  /// A stream of an address is gone.
  mutating func left(_ peer: String) {
    open -= 1
    let rest = (addresses[peer] ?? 1) - 1
    addresses[peer] = rest > 0 ? rest : nil
  }

  /// Whether the loop must be woken for what has been put in.
  mutating func signal() -> Bool {
    defer { isSignalled = true }
    return !isSignalled
  }

  /// Hands everything over.
  mutating func take() -> (adopted: [Adoption], dirty: [HTTPStream], drainDeadline: Int64?) {
    isSignalled = false
    defer {
      adopted = []
      dirty = []
    }
    return (adopted, dirty, drainDeadline)
  }
}

/// Counters written by the loop, and by senders, and read by anyone.
final class StreamCounters: Sendable {
  let opened = Counter()
  let closed = Counter()
  let refused = Counter()
  let slow = Counter()
  let silent = Counter()
  let noisy = Counter()
  let queued = QueuedBytes()

  /// The counters at one time.
  func snapshot(open: Int) -> HTTPStreamMetrics {
    var metrics = HTTPStreamMetrics()
    metrics.open = open
    metrics.opened = opened.value
    metrics.closed = closed.value
    metrics.refused = refused.value
    metrics.slow = slow.value
    metrics.silent = silent.value
    metrics.noisy = noisy.value
    metrics.queuedBytes = queued.value
    return metrics
  }
}

/// Bytes queued in all streams, changed by many threads.
final class QueuedBytes: Sendable {
  private let count = Atomic(0)

  var value: Int { count.load(ordering: .relaxed) }
  func add(_ amount: Int) { count.add(amount, ordering: .relaxed) }
}
