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
  /// Guests of each client address.
  private var guests: [String: Int] = [:]
  var lastID: UInt64 = 0
  var isStarted = false
  var isOver = false
  var drainDeadline: Int64?
  var waiters: [@Sendable () -> Void] = []
  private var isSignalled = false

  /// Whether the loop has nothing to fetch.
  var isEmpty: Bool { adopted.isEmpty && dirty.isEmpty }

  /// Counts a guest of an address, unless it has as many as it may have.
  /// - Parameter limit: How many; 0 for any number.
  mutating func enter(_ peer: String, limit: Int) -> Bool {
    let count = guests[peer, default: 0]
    guard limit == 0 || count < limit else { return false }
    guests[peer] = count + 1
    return true
  }

  /// A guest has proved who it is, or is gone.
  mutating func leave(_ peer: String) {
    let rest = (guests[peer] ?? 1) - 1
    guests[peer] = rest > 0 ? rest : nil
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
